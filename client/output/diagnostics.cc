#include "client/output/diagnostics.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "client/output/text.h"
#include "engine/base/file_system.h"
#include "engine/value/literal_secret.h"

namespace kur::client {
namespace {

constexpr int kTabWidth = 4;
constexpr int kMarginWidth = 8;  // "   12 | "
constexpr int kWidthWithoutLimit = 160;
constexpr int kMinWidth = 20;
constexpr int64_t kMaxFileBytes = 4 << 20;

// A line as a row of cells on the screen, and the marked cells.
struct Cells {
  std::vector<std::string> texts;  // one or two columns wide each
  std::vector<int> columns;
  size_t marked = 0;
  size_t marked_end = 0;  // after the last marked cell
};

// Returns the length in bytes of the word at `start` of a line of YAML, to the closing quote or to
// the end of a plain scalar; at least 1.
size_t WordLength(absl::string_view line, size_t start) {
  if (start >= line.size()) return 1;
  const char quote = line[start];
  if (quote == '"' || quote == '\'') {
    size_t end = start + 1;
    while (end < line.size() && line[end] != quote) end += line[end] == '\\' ? 2 : 1;
    return std::min(end + 1, line.size()) - start;
  }
  if (absl::StrContains("[{&*|>!", quote)) return 1;
  size_t end = start + 1;
  while (end < line.size()) {
    if (absl::StrContains(",]}", line[end])) break;
    if (line[end] == ':' && (end + 1 == line.size() || line[end + 1] == ' ')) break;
    if (line[end] == '#' && line[end - 1] == ' ') break;
    ++end;
  }
  while (end > start + 1 && line[end - 1] == ' ') --end;
  return end - start;
}

// Splits a line into cells and marks the word at `column`, which counts bytes from 1. A column
// after the last marks the end of the line.
Cells Split(absl::string_view line, int column) {
  Cells cells;
  int byte = 1;
  cells.marked = std::string::npos;
  const auto start = static_cast<size_t>(std::max(column, 1) - 1);
  const int last = column + static_cast<int>(WordLength(line, start)) - 1;
  while (!line.empty()) {
    const Character character = FirstCharacter(line);
    const int next = byte + static_cast<int>(character.bytes);
    if (column >= byte && column < next) cells.marked = cells.texts.size();
    if (last >= byte && last < next) cells.marked_end = cells.texts.size() + 1;
    if (line[0] == '\t') {
      cells.texts.emplace_back(kTabWidth, ' ');
      cells.columns.push_back(kTabWidth);
    } else if (character.columns == 0 && !cells.texts.empty()) {
      // A combining mark belongs to the cell before it.
      absl::StrAppend(&cells.texts.back(), line.substr(0, character.bytes));
      if (cells.marked == cells.texts.size()) --cells.marked;
    } else {
      cells.texts.push_back(Printable(line.substr(0, character.bytes)));
      cells.columns.push_back(DisplayWidth(cells.texts.back()));
    }
    byte = next;
    line.remove_prefix(character.bytes);
  }
  cells.marked = std::min(cells.marked, cells.texts.size());
  cells.marked_end = std::max(cells.marked_end, cells.marked + 1);
  return cells;
}

int WidthOf(const Cells& cells, size_t begin, size_t end) {
  int width = 0;
  for (size_t i = begin; i < end; ++i) width += cells.columns[i];
  return width;
}

struct Excerpt {
  std::string text;
  int caret = 0;      // columns before the caret
  int underline = 1;  // columns of the caret and what follows it
};

// Returns the part of the line around the marked cell that fits into `width` columns.
Excerpt Cut(const Cells& cells, int width) {
  size_t begin = 0;
  size_t end = cells.texts.size();
  std::string before;
  std::string after;
  if (WidthOf(cells, begin, end) > width) {
    // The mark stands at two thirds of the excerpt: the text before it explains more than that
    // after it.
    while (begin < cells.marked && WidthOf(cells, begin, cells.marked) > width * 2 / 3) ++begin;
    before = begin > 0 ? "…" : "";
    int used = DisplayWidth(before);
    for (end = begin; end < cells.texts.size(); ++end) {
      if (used + cells.columns[end] > width - 1) break;
      used += cells.columns[end];
    }
    after = end < cells.texts.size() ? "…" : "";
  }
  Excerpt excerpt;
  excerpt.caret = DisplayWidth(before) + WidthOf(cells, begin, std::max(begin, cells.marked));
  excerpt.underline = std::max(1, WidthOf(cells, cells.marked, std::min(cells.marked_end, end)));
  excerpt.text = absl::StrCat(before,
                              absl::StrJoin(cells.texts.begin() + static_cast<long>(begin),
                                            cells.texts.begin() + static_cast<long>(end), ""),
                              after);
  return excerpt;
}

Style StyleOf(Diagnostic::Severity severity) {
  switch (severity) {
    case Diagnostic::Severity::kError:
      return Style::kRed;
    case Diagnostic::Severity::kWarning:
      return Style::kYellow;
    case Diagnostic::Severity::kNote:
      break;
  }
  return Style::kBold;
}

// Returns a caret and tildes: "^~~~".
std::string Underline(int columns) {
  return absl::StrCat("^", std::string(static_cast<size_t>(columns - 1), '~'));
}

std::string CountNoun(int count, absl::string_view noun) {
  return absl::StrCat(count, " ", noun, count == 1 ? "" : "s");
}

}  // namespace

std::optional<std::string> DiagnosticPrinter::ReadLocalFile(const std::string& file) {
  auto content = FileSystem::Posix().Read(file, kMaxFileBytes);
  if (!content.ok()) return std::nullopt;
  return *std::move(content);
}

std::string DiagnosticPrinter::Render(const Diagnostic& diagnostic) {
  const std::string severity = ToString(diagnostic.severity) + ":";
  const std::string place = diagnostic.location.ToString();
  std::string out;
  if (!place.empty()) {
    absl::StrAppend(&out, terminal_.Styled(Style::kBold, Printable(place) + ":"), " ");
  }
  absl::StrAppend(&out, terminal_.Styled(StyleOf(diagnostic.severity), severity));
  if (!diagnostic.path.empty()) absl::StrAppend(&out, " ", Printable(diagnostic.path), ":");
  absl::StrAppend(&out, " ", Printable(diagnostic.message), "\n");
  return out + RenderSource(diagnostic.location);
}

std::string DiagnosticPrinter::RenderAll(const std::vector<Diagnostic>& diagnostics) {
  std::string out;
  int errors = 0;
  int warnings = 0;
  for (const Diagnostic& diagnostic : diagnostics) {
    out += Render(diagnostic);
    if (diagnostic.severity == Diagnostic::Severity::kError) ++errors;
    if (diagnostic.severity == Diagnostic::Severity::kWarning) ++warnings;
  }
  std::vector<std::string> counts;
  if (errors > 0) counts.push_back(CountNoun(errors, "error"));
  if (warnings > 0) counts.push_back(CountNoun(warnings, "warning"));
  return absl::StrCat(out, absl::StrJoin(counts, ", "), counts.empty() ? "" : "\n");
}

std::string DiagnosticPrinter::RenderSource(const Location& location) {
  const std::string* line = LineOf(location);
  if (line == nullptr) return "";
  const int width = terminal_.width() > 0 ? std::max(terminal_.width() - kMarginWidth, kMinWidth)
                                          : kWidthWithoutLimit;
  const Excerpt excerpt = Cut(Split(MaskLiteralSecrets(*line), location.column), width);
  std::string out = absl::StrFormat("%5d | %s\n", location.line, excerpt.text);
  if (location.column > 0) {
    absl::StrAppend(&out, "      | ", std::string(excerpt.caret, ' '),
                    terminal_.Styled(Style::kGreen, Underline(excerpt.underline)), "\n");
  }
  return out;
}

const std::string* DiagnosticPrinter::LineOf(const Location& location) {
  if (!location.known() || location.line < 1) return nullptr;
  auto it = lines_.find(*location.file);
  if (it == lines_.end()) {
    const auto content = reader_(*location.file);
    std::vector<std::string> lines;
    if (content.has_value()) lines = absl::StrSplit(*content, '\n');
    for (std::string& line : lines) line = std::string(absl::StripSuffix(line, "\r"));
    it = lines_.emplace(*location.file, std::move(lines)).first;
  }
  const auto index = static_cast<size_t>(location.line - 1);
  return index < it->second.size() ? &it->second[index] : nullptr;
}

}  // namespace kur::client
