#ifndef KUR_ENGINE_FORMATS_LINE_READER_H_
#define KUR_ENGINE_FORMATS_LINE_READER_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/formats/byte_input.h"

namespace kur {

// Reads text line by line; in memory are the line and a block that is read ahead. A UTF-8 byte
// order mark in front is passed over. Not thread-safe.
class LineReader {
 public:
  static constexpr int64_t kMaxLineBytes = int64_t{256} << 20;

  // `input` must outlive the reader.
  explicit LineReader(ByteInput* input, int64_t max_line_bytes = kMaxLineBytes)
      : input_(input), max_line_bytes_(max_line_bytes) {}

  // The next line without its end (LF or CRLF), valid until the next call; absent at the end. A
  // last line need not end. RESOURCE_EXHAUSTED for a line that is too long.
  absl::StatusOr<std::optional<absl::string_view>> Next();

  // The next `size` bytes, line ends and all, without taking them; fewer only at the end. Valid
  // until the next call of anything.
  absl::StatusOr<absl::string_view> Peek(size_t size);

  // The number of the line that Next() gave (or failed at), from 1.
  int64_t number() const { return number_; }

 private:
  // Reads a block more behind what is there. False at the end of the input.
  absl::StatusOr<bool> Fill();

  ByteInput* input_;
  int64_t max_line_bytes_;
  std::string buffer_;
  size_t begin_ = 0;  // of what was not given yet
  int64_t number_ = 0;
};

}  // namespace kur

#endif  // KUR_ENGINE_FORMATS_LINE_READER_H_
