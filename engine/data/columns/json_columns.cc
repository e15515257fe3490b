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
#include "engine/data/columns/table_column.h"
#include "engine/formats/json_lines.h"

namespace kur {
namespace {

constexpr size_t kMaxKeys = 1'000'000;

// The samples of one key, and their common shape.
class Column {
 public:
  enum class Keep { kNothing, kTexts, kNothingElse };

  Column(TextClasses classes, bool may_have_gaps, Keep keep)
      : classes_(std::move(classes)),
        may_have_gaps_(may_have_gaps || keep == Keep::kNothingElse),
        keep_(keep) {}

  bool may_have_gaps() const { return may_have_gaps_; }

  // Takes a value that is not there.
  absl::Status Nothing() {
    if (!may_have_gaps_) return absl::InvalidArgumentError("nothing is there");
    KeepText("");
    if (classes_.empty() || keep_ == Keep::kNothingElse)
      return Add(std::numeric_limits<float>::quiet_NaN());
    return AddText("");
  }

  absl::Status Number(double value) { return AddNumber(value); }

  // Takes a number that is written as `text`.
  absl::Status Digits(double value, absl::string_view text) {
    KeepText(text);
    return AddNumber(value);
  }

  absl::Status String(absl::string_view text) {
    KeepText(text);
    return AddText(text);
  }

  absl::Status BeginList(int64_t depth) {
    if (keep_ == Keep::kNothingElse) {
      return absl::InvalidArgumentError("it holds a list, which cannot be kept as a text");
    }
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

  absl::StatusOr<std::shared_ptr<const Source>> Build(std::shared_ptr<const RowPlaces> places) && {
    KUR_ASSIGN_OR_RETURN(auto values, std::move(values_).Build(row_));
    KUR_ASSIGN_OR_RETURN(auto column, MakeTableColumn(std::move(values), std::move(places),
                                                      classes_.TakeCollected()));
    if (static_cast<int64_t>(texts_.size()) != column->size()) return column;
    return KeepingTexts(std::move(column), std::move(texts_));
  }

 private:
  // Keeps the text of a sample, if it is to be kept and is no part of a list.
  void KeepText(absl::string_view text) {
    if (keep_ != Keep::kNothing && depth_ == 0) texts_.emplace_back(text);
  }

  absl::Status AddNumber(double value) {
    if (keep_ == Keep::kNothingElse) return Add(std::numeric_limits<float>::quiet_NaN());
    return classes_.empty() ? Add(static_cast<float>(value)) : AddText(JsonNumberText(value));
  }

  absl::Status AddText(absl::string_view text) {
    if (keep_ == Keep::kNothingElse) return Add(std::numeric_limits<float>::quiet_NaN());
    if (classes_.IsGap(text) && !classes_.empty() && !may_have_gaps_) {
      return absl::InvalidArgumentError("the text is empty");
    }
    if (classes_.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("it holds ", QuotedText(text),
                       ", a string where a number is expected; 'columns' can tell which strings "
                       "stand for which class, or leave the key out"));
    }
    KUR_ASSIGN_OR_RETURN(const float number, classes_.NumberOf(text));
    return Add(number);
  }

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
  bool may_have_gaps_;
  Keep keep_;
  std::vector<std::string> texts_;  // one for each sample, if they are kept
  int64_t rank_ = kUnknown;         // the number of lists around a number
  Shape row_;                       // the lengths of all lists but the outermost
  int64_t extent_ = 1;              // the length of the outermost list; 1 for a number
  int64_t depth_ = 0;               // the number of open lists
  std::vector<int64_t> counts_;     // the elements so far of each open list
  FloatColumn values_;
};

// Distributes the values of every line over the columns.
class ColumnsHandler : public JsonLineHandler {
 public:
  ColumnsHandler(const std::optional<WantedColumns>& wanted, const KeptColumns& kept,
                 absl::string_view name)
      : wanted_(wanted), kept_(kept), places_(std::make_shared<RowPlaces>(std::string(name))) {}

  absl::StatusOr<bool> Key(const std::string& key) override {
    EndValue();
    if (lines_ == 0) AddColumn(key);
    key_ = key;
    if (!IsWanted(key)) return false;
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
  bool WantsDigits() const override { return !kept_.empty(); }
  absl::Status Digits(double value, const std::string& text) override {
    return column_->Digits(value, text);
  }
  absl::Status String(const std::string& value) override { return column_->String(value); }
  absl::Status Null() override {
    const absl::Status taken = column_->Nothing();
    if (taken.ok()) return taken;
    return absl::InvalidArgumentError(absl::StrCat(taken.message(), GapAdvice(UsedAs(key_))));
  }
  absl::Status BeginList(int64_t depth) override { return column_->BeginList(depth); }
  absl::Status EndList(int64_t depth) override { return column_->EndList(depth); }

  absl::Status EndLine(int64_t line) override {
    EndValue();
    places_->Add(line);
    if (lines_ == 0 && wanted_.has_value()) KUR_RETURN_IF_ERROR(wanted_->Check(first_keys_));
    ++lines_;
    for (auto& [key, column] : columns_) {
      if (column.num_samples() == lines_) continue;
      if (!column.may_have_gaps()) {
        return absl::InvalidArgumentError(absl::StrCat(
            "the line lacks the key '", key, "', which the first one has", GapAdvice(UsedAs(key))));
      }
      KUR_RETURN_IF_ERROR(column.Nothing());
      column.EndSample();
    }
    return absl::OkStatus();
  }

  absl::StatusOr<SourceMap> Build() && {
    if (columns_.empty()) return absl::InvalidArgumentError("the file holds no samples");
    SourceMap sources;
    for (auto& [key, column] : columns_) {
      auto source = std::move(column).Build(places_);
      if (!source.ok()) return Annotate(source.status(), absl::StrCat("key '", key, "'"));
      sources[key] = *std::move(source);
    }
    return sources;
  }

 private:
  void AddColumn(const std::string& key) {
    first_keys_.push_back(key);
    if (!IsWanted(key)) return;
    const auto kept = kept_.find(key);
    const Column::Keep keep = kept == kept_.end() ? Column::Keep::kNothing
                              : kept->second      ? Column::Keep::kNothingElse
                                                  : Column::Keep::kTexts;
    const auto* const wanted = wanted_.has_value() ? wanted_->Find(key) : nullptr;
    columns_.emplace(key, wanted == nullptr
                              ? Column(TextClasses(), /*may_have_gaps=*/false, keep)
                              : Column(TextClasses(*wanted), wanted->may_have_gaps, keep));
  }

  bool IsWanted(const std::string& key) const {
    return !wanted_.has_value() || wanted_->Find(key) != nullptr || kept_.count(key) > 0;
  }

  // Returns the name under which the Kurfile uses a key.
  std::string UsedAs(const std::string& key) const {
    const auto* const wanted = wanted_.has_value() ? wanted_->Find(key) : nullptr;
    return wanted == nullptr ? key : wanted->used_as;
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
  const KeptColumns& kept_;
  std::shared_ptr<RowPlaces> places_;
  std::string key_;                      // the current one
  std::vector<std::string> first_keys_;  // the keys of the first line
  std::map<std::string, Column> columns_;
  Column* column_ = nullptr;  // the column of the current value
  int64_t lines_ = 0;
};

}  // namespace

absl::StatusOr<SourceMap> ReadJsonColumns(ByteInput& input, absl::string_view name,
                                          const std::optional<WantedColumns>& wanted,
                                          const KeptColumns& kept) {
  ColumnsHandler handler(wanted, kept, name);
  KUR_RETURN_IF_ERROR(ReadJsonLines(input, name, &handler));
  auto sources = std::move(handler).Build();
  if (!sources.ok()) return Annotate(sources.status(), name);
  return sources;
}

}  // namespace kur
