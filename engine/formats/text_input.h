#ifndef KUR_ENGINE_FORMATS_TEXT_INPUT_H_
#define KUR_ENGINE_FORMATS_TEXT_INPUT_H_

#include <iconv.h>

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "engine/formats/byte_input.h"

namespace kur {

// The text of a file as UTF-8, whatever it was written in, with LF at the end of a line where the
// file has CR alone. Not thread-safe.
class TextInput : public ByteInput {
 public:
  // Looks at the beginning of `input`, which must outlive the text. It is UTF-16 or UTF-8 if a byte
  // order mark says so, UTF-8 if the first 256 KiB are, and otherwise Windows-1252, of which
  // Latin-1 is a part.
  static absl::StatusOr<std::unique_ptr<TextInput>> Open(ByteInput* input);
  ~TextInput() override;

  // DATA_LOSS for what is not in the encoding.
  absl::StatusOr<int64_t> Read(void* to, int64_t size) override;
  int64_t MaxBytes() const override;

  // Returns the name of the encoding: "UTF-8", "UTF-16LE", "UTF-16BE", "WINDOWS-1252".
  const std::string& encoding() const { return encoding_; }
  bool ends_lines_with_cr() const { return ends_lines_with_cr_; }

 private:
  explicit TextInput(ByteInput* input) : input_(*input) {}

  absl::Status FindEncoding();
  // Reads another block of the file into `raw_`; false at the end.
  absl::StatusOr<bool> Fill();
  // Moves what can be converted of `raw_` to `text_`.
  absl::Status Convert(bool is_end);

  ByteInput& input_;
  std::string encoding_ = "UTF-8";
  bool ends_lines_with_cr_ = false;
  iconv_t converter_ = nullptr;  // null: the bytes are UTF-8
  std::string raw_;              // was read and not converted yet
  std::string text_;             // was converted, and returned up to `begin_`
  size_t begin_ = 0;
  bool is_at_end_ = false;
};

}  // namespace kur

#endif  // KUR_ENGINE_FORMATS_TEXT_INPUT_H_
