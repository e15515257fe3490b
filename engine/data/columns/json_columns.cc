#include "engine/data/columns/json_columns.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/status.h"
#include "engine/data/columns/float_column.h"
#include "engine/formats/json_lines.h"

namespace kur {
namespace {

constexpr size_t kMaxKeys = 1'000'000;

// The samples of one key, and their common shape.
class Column {
 public:
  // `texts` are the names of the classes 0, 1, ...; empty: the column holds numbers.
  explicit Column(const std::vector<std::string>& texts) : classes_(texts) {}

  absl::Status Number(double value) {
    return classes_.empty() ? Add(static_cast<float>(value)) : String(JsonNumberText(value));
  }

  absl::Status String(absl::string_view text) {
    if (classes_.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("it holds ", QuotedText(text),
                       ", a string where a number is expected; 'columns' can tell which strings "
                       "stand for which class, or leave the key out"));
    }
    KUR_ASSIGN_OR_RETURN(const float number, classes_.NumberOf(text));
    return Add(number);
  }

  absl::Status BeginList(int64_t depth) {
    if (rank_ != kUnknown && depth >= rank_) return WrongDepth();
    Count();
    depth_ = depth + 1;
    counts_.resize(static_cast<size_t>(depth_));
    counts_.back() = 0;
    return absl::OkStatus();
  }

  absl::Status EndList(int64_t depth) {
    const int64_t count = counts_[static_cast<size_t>(depth)];
    depth_ = depth;
    if (depth == 0) {
      extent_ = count;
      return absl::OkStatus();
    }
    if (rank_ == kUnknown) return absl::InvalidArgumentError("it holds an empty list in a list");
    int64_t& extent = row_[static_cast<size_t>(depth - 1)];
    if (extent == kUnknown) extent = count;
    if (extent == count) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat("a list of ", count,
                                                   " where the lists before have ", extent,
                                                   "; only the outermost list may vary in length"));
  }

  void EndSample() {
    values_.EndSample(extent_);
    extent_ = 1;
  }

  int64_t num_samples() const { return values_.num_samples(); }

  absl::StatusOr<std::shared_ptr<const Source>> Build() && {
    return std::move(values_).Build(row_);
  }

 private:
  absl::Status Add(float value) {
    if (rank_ == kUnknown) {
      rank_ = depth_;
      row_.assign(static_cast<size_t>(std::max<int64_t>(rank_ - 1, 0)), kUnknown);
    }
    if (depth_ != rank_) return WrongDepth();
    Count();
    values_.Push(value);
    return absl::OkStatus();
  }

  // Counts an element of the innermost open list.
  void Count() {
    if (depth_ > 0) ++counts_[static_cast<size_t>(depth_ - 1)];
  }

  absl::Status WrongDepth() const {
    return absl::InvalidArgumentError(absl::StrCat(
        "lists are nested to another depth than in what was read before, where numbers are ",
        rank_ == 0 ? "in no list" : absl::StrCat(rank_, " deep")));
  }

  TextClasses classes_;
  int64_t rank_ = kUnknown;      // the number of lists around a number
  Shape row_;                    // the lengths of all lists but the outermost
  int64_t extent_ = 1;           // the length of the outermost list; 1 for a number
  int64_t depth_ = 0;            // the number of open lists
  std::vector<int64_t> counts_;  // the elements so far of each open list
  FloatColumn values_;
};

// Distributes the values of every line over the columns.
class ColumnsHandler : public JsonLineHandler {
 public:
  explicit ColumnsHandler(const std::optional<WantedColumns>& wanted) : wanted_(wanted) {}

  absl::StatusOr<bool> Key(const std::string& key) override {
    EndValue();
    if (lines_ == 0) AddColumn(key);
    if (wanted_.has_value() && wanted_->columns.count(key) == 0) return false;
    if (columns_.size() > kMaxKeys) {
      return absl::ResourceExhaustedError(absl::StrCat("it is one of more than ", kMaxKeys));
    }
    const auto found = columns_.find(key);
    if (found == columns_.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("the first line lacks it; it has: ", absl::StrJoin(Keys(), ", ")));
    }
    if (found->second.num_samples() > lines_) {
      return absl::InvalidArgumentError("it is there twice");
    }
    column_ = &found->second;
    return true;
  }

  absl::Status Number(double value) override { return column_->Number(value); }
  absl::Status String(const std::string& value) override { return column_->String(value); }
  absl::Status BeginList(int64_t depth) override { return column_->BeginList(depth); }
  absl::Status EndList(int64_t depth) override { return column_->EndList(depth); }

  absl::Status EndLine() override {
    EndValue();
    if (lines_ == 0 && wanted_.has_value()) KUR_RETURN_IF_ERROR(wanted_->Check(first_keys_));
    ++lines_;
    for (const auto& [key, column] : columns_) {
      if (column.num_samples() == lines_) continue;
      return absl::InvalidArgumentError(
          absl::StrCat("the line lacks the key '", key, "', which the first one has"));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<SourceMap> Build() && {
    if (columns_.empty()) return absl::InvalidArgumentError("the file holds no samples");
    SourceMap sources;
    for (auto& [key, column] : columns_) {
      auto source = std::move(column).Build();
      if (!source.ok()) return Annotate(source.status(), absl::StrCat("key '", key, "'"));
      sources[key] = *std::move(source);
    }
    return sources;
  }

 private:
  void AddColumn(const std::string& key) {
    if (!wanted_.has_value()) {
      columns_.emplace(key, Column({}));
      return;
    }
    first_keys_.push_back(key);
    const auto wanted = wanted_->columns.find(key);
    if (wanted != wanted_->columns.end()) columns_.emplace(key, Column(wanted->second.texts));
  }

  void EndValue() {
    if (column_ != nullptr) column_->EndSample();
    column_ = nullptr;
  }

  std::vector<std::string> Keys() const {
    std::vector<std::string> keys;
    for (const auto& entry : columns_) keys.push_back(entry.first);
    return keys;
  }

  const std::optional<WantedColumns>& wanted_;
  std::vector<std::string> first_keys_;  // the keys of the first line; empty without `wanted_`
  std::map<std::string, Column> columns_;
  Column* column_ = nullptr;  // the column of the current value
  int64_t lines_ = 0;
};

}  // namespace

absl::StatusOr<SourceMap> ReadJsonColumns(ByteInput& input, absl::string_view name,
                                          const std::optional<WantedColumns>& wanted) {
  ColumnsHandler handler(wanted);
  KUR_RETURN_IF_ERROR(ReadJsonLines(input, name, &handler));
  auto sources = std::move(handler).Build();
  if (!sources.ok()) return Annotate(sources.status(), name);
  return sources;
}

}  // namespace kur
