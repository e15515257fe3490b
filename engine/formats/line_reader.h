#ifndef KUR_ENGINE_FORMATS_LINE_READER_H_
#define KUR_ENGINE_FORMATS_LINE_READER_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/formats/byte_input.h"

namespace kur {

// Reads text line by line. Holds the line and one block of read-ahead in memory. Skips a UTF-8 byte
// order mark. Not thread-safe.
class LineReader {
 public:
  static constexpr int64_t kMaxLineBytes = int64_t{256} << 20;

  // `input` must outlive the reader.
  explicit LineReader(ByteInput* input, int64_t max_line_bytes = kMaxLineBytes)
      : input_(input), max_line_bytes_(max_line_bytes) {}

  // Returns the next line without its end (LF or CRLF), or nothing at the end. The last line may
  // lack its end. The line is valid until the next call. RESOURCE_EXHAUSTED for a line that is too
  // long.
  absl::StatusOr<std::optional<absl::string_view>> Next();

  // Returns the next `size` bytes, including line ends, without consuming them; fewer only at the
  // end. The bytes are valid until the next call of any function.
  absl::StatusOr<absl::string_view> Peek(size_t size);

  // Whether the last line that Next() returned had its end.
  bool had_end() const { return had_end_; }

  // Returns the number of the line that Next() returned, or failed at, from 1.
  int64_t number() const { return number_; }

 private:
  // Appends one block to the buffer. Returns false at the end of the input.
  absl::StatusOr<bool> Fill();

  ByteInput* input_;
  int64_t max_line_bytes_;
  std::string buffer_;
  size_t begin_ = 0;  // first byte that was not returned yet
  int64_t number_ = 0;
  bool had_end_ = true;
};

}  // namespace kur

#endif  // KUR_ENGINE_FORMATS_LINE_READER_H_
