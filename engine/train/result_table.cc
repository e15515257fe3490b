#include "engine/train/result_table.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "engine/base/status.h"
#include "engine/base/utf8.h"

namespace kur {
namespace {

using Json = nlohmann::ordered_json;

// The shortest text that reads back as the same number.
std::string Shortest(float value) {
  std::array<char, 32> text;
  const auto [end, error] = std::to_chars(text.begin(), text.end(), value);
  return std::string(text.begin(), end);
}

// JSON has no NaN and no infinity.
Json ToJson(float value) {
  if (!std::isfinite(value)) return nullptr;
  double same = 0;
  // The shortest text of the float, rather than the digits of the double.
  return absl::SimpleAtod(Shortest(value), &same) ? Json(same) : Json(value);
}

std::string Quoted(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  return absl::StrCat("\"", absl::StrReplaceAll(text, {{"\"", "\"\""}}), "\"");
}

// The elements of each sample of an output, or of its truth.
struct Elements {
  Array array;
  int64_t width = 1;                                  // of a sample
  int64_t step = 1;                                   // of an index of the first axis
  const std::vector<std::string>* classes = nullptr;  // null: they stand for none
  const std::vector<int64_t>* lengths = nullptr;      // null: no step is padding

  float At(int64_t row, int64_t element) const {
    return static_cast<float>(array.At(row * width + element));
  }
  bool IsPadding(int64_t row, int64_t element) const {
    return lengths != nullptr && element / step >= (*lengths)[static_cast<size_t>(row)];
  }
  int64_t Largest(int64_t row) const {
    int64_t largest = 0;
    for (int64_t i = 1; i < width; ++i) {
      if (At(row, i) > At(row, largest)) largest = i;
    }
    return largest;
  }
  // Whether the sample could not be read, of which nothing is known.
  bool IsUnknown(int64_t row) const { return std::isnan(At(row, 0)); }
  // Returns the name of the class of a one-hot vector; of shares, and of no class, nothing.
  std::string Class(int64_t row) const {
    const int64_t largest = Largest(row);
    return At(row, largest) == 1 ? (*classes)[static_cast<size_t>(largest)] : "";
  }
};

// One column: its cells as text for CSV, and as values for JSON lines.
struct TableColumn {
  std::string title;
  std::function<std::string(int64_t row)> text;  // not quoted yet
};

class Table {
 public:
  static absl::StatusOr<Table> Create(const Predictions& predictions) {
    Table table(predictions);
    for (const auto& [name, column] : predictions.result) {
      KUR_ASSIGN_OR_RETURN(table.results_[name], table.ElementsOf(name, column));
      table.rows_ = table.results_[name].array.shape()[0];
    }
    for (const auto& [name, column] : predictions.truth) {
      KUR_ASSIGN_OR_RETURN(table.truths_[name], table.ElementsOf(name, column));
    }
    return table;
  }

  std::string Csv() const {
    const std::vector<TableColumn> columns = CsvColumns();
    std::string text = absl::StrJoin(columns, ",", [](std::string* out, const TableColumn& column) {
      out->append(Quoted(column.title));
    });
    text += "\r\n";
    for (int64_t row = 0; row < rows_; ++row) {
      for (size_t i = 0; i < columns.size(); ++i) {
        absl::StrAppend(&text, i == 0 ? "" : ",", Quoted(columns[i].text(row)));
      }
      text += "\r\n";
    }
    return text;
  }

  std::string JsonLines() const {
    std::string text;
    for (int64_t row = 0; row < rows_; ++row) {
      absl::StrAppend(&text, JsonRow(row).dump(-1, ' ', false, Json::error_handler_t::replace),
                      "\n");
    }
    return text;
  }

 private:
  explicit Table(const Predictions& predictions)
      : shapes_(predictions), labels_(predictions.labels) {}

  // Whether a list of labels describes the rows that there are.
  template <class List>
  bool Describes(const List& list) const {
    return static_cast<int64_t>(list.size()) == rows_ && rows_ > 0;
  }

  absl::StatusOr<Elements> ElementsOf(const std::string& name, const ResultColumn& column) const {
    Elements elements;
    KUR_ASSIGN_OR_RETURN(elements.array, column.ToArray());
    for (const int64_t extent : column.sample_shape) elements.width *= extent;
    elements.step = column.sample_shape.empty() || column.sample_shape[0] == 0
                        ? 1
                        : elements.width / column.sample_shape[0];
    const auto classes = labels_.classes.find(name);
    const bool has_classes = classes != labels_.classes.end() && column.sample_shape.size() == 1 &&
                             elements.width == static_cast<int64_t>(classes->second.size()) &&
                             elements.width > 1;
    if (has_classes) elements.classes = &classes->second;
    const auto lengths = labels_.lengths.find(name);
    if (lengths != labels_.lengths.end() &&
        static_cast<int64_t>(lengths->second.size()) == elements.array.shape()[0]) {
      elements.lengths = &lengths->second;
    }
    return elements;
  }

  const ResultLabels::Kept* FindKept(const std::string& name) const {
    const auto found = std::find_if(labels_.kept.begin(), labels_.kept.end(),
                                    [&](const auto& kept) { return kept.name == name; });
    return found != labels_.kept.end() && Describes(found->texts) ? &*found : nullptr;
  }

  // Returns the text of a column that an output of one number hands through; empty: it is another
  // number.
  std::string HandedThrough(const std::string& name, const Elements& elements, int64_t row) const {
    const auto* const kept = elements.width == 1 ? FindKept(name) : nullptr;
    if (kept == nullptr) return "";
    const std::string& text = kept->texts[static_cast<size_t>(row)];
    float number = 0;
    return absl::SimpleAtof(text, &number) && number == elements.At(row, 0) ? text : "";
  }

  void AddNumbers(const std::string& name, const std::string& suffix, const Elements& elements,
                  std::vector<TableColumn>* to) const {
    for (int64_t i = 0; i < elements.width; ++i) {
      const std::string index =
          elements.width == 1 ? ""
          : elements.classes != nullptr
              ? absl::StrCat("[", (*elements.classes)[static_cast<size_t>(i)], "]")
              : absl::StrCat("[", i, "]");
      to->push_back({absl::StrCat(name, index, suffix),
                     [this, name, &elements, i](int64_t row) -> std::string {
                       if (elements.IsPadding(row, i)) return "";
                       std::string text = HandedThrough(name, elements, row);
                       return text.empty() ? Shortest(elements.At(row, i)) : text;
                     }});
    }
  }

  std::vector<TableColumn> CsvColumns() const {
    std::vector<TableColumn> columns;
    const auto add_texts = [&](const std::string& title, const std::vector<std::string>& texts) {
      if (!Describes(texts)) return;
      columns.push_back({title, [&texts](int64_t row) { return texts[static_cast<size_t>(row)]; }});
    };
    add_texts("sample", labels_.samples);
    for (const ResultLabels::Kept& kept : labels_.kept) {
      if (results_.count(kept.name) == 0) add_texts(kept.name, kept.texts);
    }
    for (const auto& entry : results_) {
      const std::string& name = entry.first;
      const Elements& elements = entry.second;
      AddNumbers(name, "", elements, &columns);
      if (elements.classes != nullptr) {
        columns.push_back({name + " class", [&elements](int64_t row) -> std::string {
                             if (elements.IsUnknown(row)) return "";
                             return (*elements.classes)[static_cast<size_t>(elements.Largest(row))];
                           }});
        columns.push_back({name + " probability", [&elements](int64_t row) {
                             return Shortest(elements.At(row, elements.Largest(row)));
                           }});
      }
      if (elements.lengths != nullptr) {
        columns.push_back({name + " length", [&elements](int64_t row) {
                             return absl::StrCat((*elements.lengths)[static_cast<size_t>(row)]);
                           }});
      }
      const auto texts = labels_.texts.find(name);
      if (texts != labels_.texts.end()) add_texts(name + " text", texts->second);
    }
    for (const auto& entry : truths_) {
      const Elements& elements = entry.second;
      if (elements.classes == nullptr) {
        AddNumbers(entry.first, " expected", elements, &columns);
      } else {
        columns.push_back(
            {entry.first + " expected", [&elements](int64_t row) { return elements.Class(row); }});
      }
    }
    return columns;
  }

  // Returns the elements of a sample as nested lists, without steps of padding.
  static Json Nested(const Elements& elements, const std::vector<int64_t>& shape, int64_t row,
                     size_t axis, int64_t first) {
    if (axis == shape.size()) return ToJson(elements.At(row, first));
    int64_t step = 1;
    for (size_t i = axis + 1; i < shape.size(); ++i) step *= shape[i];
    Json list = Json::array();
    for (int64_t i = 0; i < shape[axis]; ++i) {
      if (axis == 0 && elements.IsPadding(row, i * step)) break;
      list.push_back(Nested(elements, shape, row, axis + 1, first + i * step));
    }
    return list;
  }

  Json ValueOf(const std::string& name, const Elements& elements, int64_t row,
               const std::vector<int64_t>& shape) const {
    if (elements.width == 1 && shape.size() <= 1) {
      const std::string text = HandedThrough(name, elements, row);
      int64_t integer = 0;
      if (absl::SimpleAtoi(text, &integer)) return integer;
      return ToJson(elements.At(row, 0));
    }
    if (elements.classes == nullptr) return Nested(elements, shape, row, 0, 0);
    Json shares = Json::object();
    for (int64_t i = 0; i < elements.width; ++i) {
      shares[(*elements.classes)[static_cast<size_t>(i)]] = ToJson(elements.At(row, i));
    }
    return shares;
  }

  Json JsonRow(int64_t row) const {
    Json cells = Json::object();
    const auto at = static_cast<size_t>(row);
    if (Describes(labels_.samples)) cells["sample"] = labels_.samples[at];
    for (const ResultLabels::Kept& kept : labels_.kept) {
      if (Describes(kept.texts) && results_.count(kept.name) == 0) {
        cells[kept.name] = kept.texts[at];
      }
    }
    for (const auto& [name, elements] : results_) {
      cells[name] = ValueOf(name, elements, row, shapes_.result.at(name).sample_shape);
      if (elements.classes != nullptr && !elements.IsUnknown(row)) {
        cells[name + " class"] = (*elements.classes)[static_cast<size_t>(elements.Largest(row))];
        cells[name + " probability"] = ToJson(elements.At(row, elements.Largest(row)));
      }
      if (elements.lengths != nullptr) cells[name + " length"] = (*elements.lengths)[at];
      const auto texts = labels_.texts.find(name);
      if (texts != labels_.texts.end() && Describes(texts->second)) {
        cells[name + " text"] = texts->second[at];
      }
    }
    for (const auto& [name, elements] : truths_) {
      cells[name + " expected"] =
          elements.classes != nullptr
              ? Json(elements.Class(row))
              : ValueOf(name, elements, row, shapes_.truth.at(name).sample_shape);
    }
    return cells;
  }

  const Predictions& shapes_;
  const ResultLabels& labels_;
  std::map<std::string, Elements> results_;
  std::map<std::string, Elements> truths_;
  int64_t rows_ = 0;
};

}  // namespace

absl::StatusOr<std::string> FormatCsvTable(const Predictions& predictions) {
  KUR_ASSIGN_OR_RETURN(const Table table, Table::Create(predictions));
  return table.Csv();
}

absl::StatusOr<std::string> FormatJsonTable(const Predictions& predictions) {
  KUR_ASSIGN_OR_RETURN(const Table table, Table::Create(predictions));
  return table.JsonLines();
}

}  // namespace kur
