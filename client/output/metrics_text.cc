#include "client/output/metrics_text.h"

#include <algorithm>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/output/format.h"
#include "client/output/text.h"

namespace kur::client {
namespace {

// A cell of a confusion matrix.
struct Cell {
  std::string prefix;  // "labels." if the model has several outputs
  int truth = 0;
  int predicted = 0;
  double count = 0;
};

// Parses the name of a cell of a confusion matrix: "labels.confusion[3][5]".
std::optional<Cell> ParseCell(const std::string& name, double count) {
  const size_t begin = name.find("confusion[");
  if (begin == std::string::npos || !absl::EndsWith(name, "]")) return std::nullopt;
  const size_t open = name.find('[', begin) + 1;
  const std::vector<std::string> numbers =
      absl::StrSplit(name.substr(open, name.size() - open - 1), "][");
  Cell cell{name.substr(0, begin), 0, 0, count};
  if (numbers.size() != 2 || !absl::SimpleAtoi(numbers[0], &cell.truth) ||
      !absl::SimpleAtoi(numbers[1], &cell.predicted)) {
    return std::nullopt;
  }
  return cell;
}

std::string MistakesText(std::vector<Cell> cells) {
  constexpr size_t kMaxShown = 5;
  cells.erase(std::remove_if(cells.begin(), cells.end(),
                             [](const Cell& cell) { return cell.truth == cell.predicted; }),
              cells.end());
  if (cells.empty()) return "mistaken: none";
  std::stable_sort(cells.begin(), cells.end(),
                   [](const Cell& a, const Cell& b) { return a.count > b.count; });
  std::string text = "mistaken:";
  for (size_t i = 0; i < std::min(cells.size(), kMaxShown); ++i) {
    absl::StrAppend(&text, i == 0 ? " " : ", ", Printable(cells[i].prefix), cells[i].truth, " for ",
                    cells[i].predicted, " (", HumanCount(static_cast<int64_t>(cells[i].count)),
                    ")");
  }
  if (cells.size() > kMaxShown) absl::StrAppend(&text, " and ", cells.size() - kMaxShown, " more");
  return text;
}

}  // namespace

std::vector<std::string> MetricsText(const std::map<std::string, double>& metrics) {
  std::vector<std::string> parts;
  std::vector<Cell> cells;
  for (const auto& [name, value] : metrics) {
    if (auto cell = ParseCell(name, value)) {
      cells.push_back(*std::move(cell));
    } else {
      parts.push_back(absl::StrCat(Printable(name), " ", HumanNumber(value)));
    }
  }
  if (!cells.empty()) parts.push_back(MistakesText(std::move(cells)));
  return parts;
}

}  // namespace kur::client
