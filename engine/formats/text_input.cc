#include "engine/formats/text_input.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "engine/base/status.h"
#include "engine/base/utf8.h"
#include "engine/formats/foreign_format.h"

namespace kur {
namespace {

constexpr size_t kBlock = size_t{1} << 18;
// A character of UTF-8 that the end of a block has cut has at most so many bytes.
constexpr size_t kCut = 3;
constexpr absl::string_view kUtf8Mark = "\xef\xbb\xbf";

bool LooksLikeUtf8(absl::string_view start, bool is_whole) {
  const size_t invalid = FindInvalidUtf8(start);
  return invalid == absl::string_view::npos || (!is_whole && invalid + kCut >= start.size());
}

// Text of Windows-1252 has, but by design, no pairs of bytes that are a character of UTF-8. What
// has some, and bytes that are none, was put together of both.
absl::Status CheckIsNotAlmostUtf8(absl::string_view start) {
  constexpr size_t kMaxShown = 20;
  const size_t wrong = FindInvalidUtf8(start);
  const absl::string_view before = start.substr(0, wrong);
  bool has_utf8 = false;
  for (absl::string_view rest = start; !rest.empty() && !has_utf8;) {
    const size_t end = std::min(FindInvalidUtf8(rest), rest.size());
    has_utf8 = std::any_of(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(end),
                           [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (!has_utf8) return absl::OkStatus();
  const size_t line_start =
      before.rfind('\n') == absl::string_view::npos ? 0 : before.rfind('\n') + 1;
  return absl::DataLossError(absl::StrCat(
      "line ", 1 + std::count(before.begin(), before.end(), '\n'), " has the byte ",
      absl::StrFormat("0x%02x", static_cast<unsigned char>(start[wrong])), " after '",
      ToUtf8(before.substr(std::max(line_start, wrong < kMaxShown ? 0 : wrong - kMaxShown))),
      "', which is no UTF-8, as other characters are; save the file as UTF-8"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<TextInput>> TextInput::Open(ByteInput* input) {
  std::unique_ptr<TextInput> text(new TextInput(input));
  KUR_RETURN_IF_ERROR(text->FindEncoding());
  return text;
}

TextInput::~TextInput() {
  if (converter_ != nullptr) iconv_close(converter_);
}

absl::Status TextInput::FindEncoding() {
  while (raw_.size() < kBlock && !is_at_end_) KUR_RETURN_IF_ERROR(Fill().status());
  KUR_RETURN_IF_ERROR(CheckIsNoForeignTable(raw_));
  if (absl::StartsWith(raw_, kUtf8Mark)) {
    raw_.erase(0, kUtf8Mark.size());
  } else if (absl::StartsWith(raw_, "\xff\xfe") || absl::StartsWith(raw_, "\xfe\xff")) {
    encoding_ = raw_[0] == '\xff' ? "UTF-16LE" : "UTF-16BE";
    raw_.erase(0, 2);
  } else if (!LooksLikeUtf8(raw_, is_at_end_)) {
    KUR_RETURN_IF_ERROR(CheckIsNotAlmostUtf8(raw_));
    encoding_ = "WINDOWS-1252";
  }
  if (encoding_ != "UTF-8") {
    converter_ = iconv_open("UTF-8", encoding_.c_str());
    if (converter_ == reinterpret_cast<iconv_t>(-1)) {
      converter_ = nullptr;
      return absl::UnavailableError(absl::StrCat("this system cannot read ", encoding_));
    }
  }
  KUR_RETURN_IF_ERROR(Convert(is_at_end_));
  ends_lines_with_cr_ = absl::StrContains(text_, "\r") && !absl::StrContains(text_, "\n");
  if (ends_lines_with_cr_) std::replace(text_.begin(), text_.end(), '\r', '\n');
  return absl::OkStatus();
}

absl::StatusOr<bool> TextInput::Fill() {
  const size_t have = raw_.size();
  raw_.resize(have + kBlock);
  KUR_ASSIGN_OR_RETURN(const int64_t got,
                       input_.Read(raw_.data() + have, static_cast<int64_t>(kBlock)));
  raw_.resize(have + static_cast<size_t>(got));
  is_at_end_ = got == 0;
  return got > 0;
}

absl::Status TextInput::Convert(bool is_end) {
  if (converter_ == nullptr) {
    text_ = std::move(raw_);
    raw_.clear();
    return absl::OkStatus();
  }
  char* from = raw_.data();
  size_t left = raw_.size();
  while (left > 0) {
    const size_t have = text_.size();
    text_.resize(have + 3 * left + 4);
    char* to = text_.data() + have;
    size_t room = text_.size() - have;
    const bool is_done = iconv(converter_, &from, &left, &to, &room) != static_cast<size_t>(-1);
    text_.resize(text_.size() - room);
    if (is_done || (errno == EINVAL && !is_end)) break;
    if (errno == E2BIG) continue;
    if (encoding_ != "WINDOWS-1252") {
      return absl::DataLossError(absl::StrCat("what follows its first characters is no ", encoding_,
                                              "; is the file cut off?"));
    }
    // The five bytes without a character there are control characters in Latin-1.
    AppendCodePoint(static_cast<unsigned char>(*from), &text_);
    ++from;
    --left;
  }
  raw_.erase(0, raw_.size() - left);
  return absl::OkStatus();
}

absl::StatusOr<int64_t> TextInput::Read(void* to, int64_t size) {
  int64_t total = 0;
  while (total < size) {
    if (begin_ < text_.size()) {
      const size_t take = std::min(text_.size() - begin_, static_cast<size_t>(size - total));
      std::memcpy(static_cast<char*>(to) + total, text_.data() + begin_, take);
      begin_ += take;
      total += static_cast<int64_t>(take);
      continue;
    }
    if (is_at_end_) break;
    // What needs no change is not copied twice.
    if (converter_ == nullptr && !ends_lines_with_cr_) {
      KUR_ASSIGN_OR_RETURN(const int64_t got,
                           input_.Read(static_cast<char*>(to) + total, size - total));
      is_at_end_ = got < size - total;
      total += got;
      continue;
    }
    text_.clear();
    begin_ = 0;
    KUR_RETURN_IF_ERROR(Fill().status());
    KUR_RETURN_IF_ERROR(Convert(is_at_end_));
    if (ends_lines_with_cr_) std::replace(text_.begin(), text_.end(), '\r', '\n');
  }
  return total;
}

int64_t TextInput::MaxBytes() const {
  // A byte becomes at most three.
  const int64_t most = input_.MaxBytes();
  return most > std::numeric_limits<int64_t>::max() / 3 ? most : 3 * most;
}

}  // namespace kur
