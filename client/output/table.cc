#include "client/output/table.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "client/output/text.h"

namespace kur::client {
namespace {

constexpr int kGap = 2;
// The last column is not cut further: lines wrap instead.
constexpr int kMinLastColumnWidth = 8;

}  // namespace

void Table::Add(std::vector<Cell> row) {
  for (Cell& cell : row) cell.text = cell.text.empty() ? "-" : Printable(cell.text);
  rows_.push_back(std::move(row));
}

std::string Table::Render(const Terminal& terminal) const {
  std::vector<std::vector<Cell>> lines;
  std::vector<Cell> titles;
  for (const Column& column : columns_) titles.emplace_back(column.title, Style::kBold);
  lines.push_back(std::move(titles));
  lines.insert(lines.end(), rows_.begin(), rows_.end());

  std::vector<int> widths(columns_.size(), 0);
  for (const auto& line : lines) {
    for (size_t i = 0; i < widths.size(); ++i) {
      widths[i] = std::max(widths[i], DisplayWidth(line[i].text));
    }
  }
  int last = widths.back();
  if (terminal.width() > 0) {
    int before = 0;
    for (size_t i = 0; i + 1 < widths.size(); ++i) before += widths[i] + kGap;
    last = std::min(last, std::max(terminal.width() - before, kMinLastColumnWidth));
  }
  widths.back() = last;

  std::string out;
  for (const auto& line : lines) {
    for (size_t i = 0; i < widths.size(); ++i) {
      const bool is_last = i + 1 == widths.size();
      const std::string text = is_last ? Truncate(line[i].text, last) : line[i].text;
      const std::string padding(widths[i] - DisplayWidth(text), ' ');
      const std::string styled = terminal.Styled(line[i].style, text);
      if (columns_[i].align == Align::kRight) {
        absl::StrAppend(&out, padding, styled);
      } else {
        absl::StrAppend(&out, styled, is_last ? "" : padding);
      }
      if (!is_last) out.append(kGap, ' ');
    }
    out += '\n';
  }
  return out;
}

}  // namespace kur::client
