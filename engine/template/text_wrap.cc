#include "engine/template/text_wrap.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "engine/template/text.h"

namespace kur::jinja {
namespace {

using Pieces = std::vector<absl::string_view>;

bool IsSpacePiece(absl::string_view piece) { return IsSpace(CodePoint(FirstCharacter(piece))); }

bool LetterAt(const Pieces& characters, size_t at) {
  return at < characters.size() && IsLetter(CodePoint(characters[at]));
}

// A word may be broken after a hyphen between letters that has two more letters before it or
// a letter, and something like it, behind it.
bool BreaksAfter(const Pieces& characters, size_t at) {
  return characters[at] == "-" && at >= 2 && LetterAt(characters, at - 1) &&
         LetterAt(characters, at - 2) && LetterAt(characters, at + 1) &&
         (LetterAt(characters, at + 2) ||
          (at + 2 < characters.size() && characters[at + 2] == "-"));
}

// Runs of white space, and the parts of words between which a line may end.
Pieces SplitPieces(absl::string_view text, bool break_on_hyphens) {
  const Pieces characters = Characters(text);
  Pieces pieces;
  size_t begin = 0;
  size_t offset = 0;
  for (size_t i = 0; i < characters.size(); ++i) {
    offset += characters[i].size();
    const bool last = i + 1 == characters.size();
    const bool space = IsSpacePiece(characters[i]);
    const bool boundary = last || space != IsSpacePiece(characters[i + 1]) ||
                          (break_on_hyphens && !space && BreaksAfter(characters, i));
    if (!boundary) continue;
    pieces.push_back(text.substr(begin, offset - begin));
    begin = offset;
  }
  return pieces;
}

}  // namespace

std::vector<std::string> WrapText(absl::string_view text, const WrapOptions& options) {
  Pieces pieces = SplitPieces(text, options.break_on_hyphens);
  std::reverse(pieces.begin(), pieces.end());  // the next one is at the back
  std::vector<std::string> lines;
  while (!pieces.empty()) {
    if (!lines.empty() && IsSpacePiece(pieces.back())) pieces.pop_back();
    Pieces line;
    int64_t length = 0;
    while (!pieces.empty() && length + CharacterCount(pieces.back()) <= options.width) {
      length += CharacterCount(pieces.back());
      line.push_back(pieces.back());
      pieces.pop_back();
    }
    const bool too_long = !pieces.empty() && CharacterCount(pieces.back()) > options.width;
    if (too_long && options.break_long_words) {
      const absl::string_view head = CharacterPrefix(pieces.back(), options.width - length);
      line.push_back(head);
      pieces.back().remove_prefix(head.size());
    } else if (too_long && line.empty()) {
      line.push_back(pieces.back());
      pieces.pop_back();
    }
    if (!line.empty() && (line.back().empty() || IsSpacePiece(line.back()))) line.pop_back();
    if (line.empty()) continue;
    lines.emplace_back();
    for (const absl::string_view piece : line) absl::StrAppend(&lines.back(), piece);
  }
  return lines;
}

}  // namespace kur::jinja
