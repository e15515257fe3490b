#include "engine/formats/line_reader.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "engine/base/status.h"

namespace kur {
namespace {

constexpr size_t kBlock = size_t{1} << 18;
constexpr absl::string_view kByteOrderMark = "\xef\xbb\xbf";

}  // namespace

absl::StatusOr<bool> LineReader::Fill() {
  buffer_.erase(0, begin_);
  begin_ = 0;
  const size_t have = buffer_.size();
  if (static_cast<int64_t>(have) > max_line_bytes_) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the line is longer than ", max_line_bytes_, " bytes"));
  }
  buffer_.resize(have + kBlock);
  KUR_ASSIGN_OR_RETURN(const int64_t got,
                       input_->Read(buffer_.data() + have, static_cast<int64_t>(kBlock)));
  buffer_.resize(have + static_cast<size_t>(got));
  return got > 0;
}

absl::StatusOr<absl::string_view> LineReader::Peek(size_t size) {
  while (buffer_.size() - begin_ < size) {
    KUR_ASSIGN_OR_RETURN(const bool more, Fill());
    if (!more) break;
  }
  return absl::string_view(buffer_).substr(begin_, size);
}

absl::StatusOr<std::optional<absl::string_view>> LineReader::Next() {
  ++number_;
  size_t searched = begin_;
  while (true) {
    const size_t end = buffer_.find('\n', searched);
    absl::string_view line = buffer_;
    if (end != std::string::npos) {
      had_end_ = true;
      line = line.substr(begin_, end - begin_);
      begin_ = end + 1;
    } else {
      searched = buffer_.size() - begin_;
      KUR_ASSIGN_OR_RETURN(const bool more, Fill());
      if (more) continue;
      if (buffer_.empty()) return std::optional<absl::string_view>();
      had_end_ = false;
      line = buffer_;
      begin_ = buffer_.size();
    }
    if (number_ == 1) absl::ConsumePrefix(&line, kByteOrderMark);
    absl::ConsumeSuffix(&line, "\r");
    return std::optional<absl::string_view>(line);
  }
}

}  // namespace kur
