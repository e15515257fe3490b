#include "engine/data/columns/text_columns.h"

#include <algorithm>
#include <map>
#include <memory>
#include <unordered_map>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/spillable_vector.h"
#include "engine/base/status.h"
#include "engine/base/suggest.h"
#include "engine/data/columns/float_column.h"
#include "engine/formats/json_lines.h"

namespace kur {
namespace {

constexpr size_t kMaxShown = 40;

// The numbers of the symbols of all samples, concatenated.
struct Symbols {
  SpillableVector<int32_t> numbers;
  std::vector<int64_t> starts = {0};  // the first symbol of each sample, then the total

  int64_t num_samples() const { return static_cast<int64_t>(starts.size()) - 1; }
};

// Symbols as one-hot vectors, padded to one length.
class SymbolSource : public Source {
 public:
  SymbolSource(Symbols symbols, const TextColumnOptions& options, int32_t padding)
      : symbols_(std::move(symbols)),
        symbols_of_values_{options.vocabulary, /*is_one_hot=*/true, /*is_listed=*/true},
        shape_{options.length, static_cast<int64_t>(options.vocabulary.size())},
        pad_left_(options.pad_left),
        padding_(padding) {}

  int64_t size() const override { return symbols_.num_samples(); }
  const Shape& shape() const override { return shape_; }
  const SymbolTable& symbols() const override { return symbols_of_values_; }

  absl::Status Gather(const int64_t* indices, int64_t count, int64_t /*extent*/,
                      float* to) const override {
    const int64_t length = shape_[0];
    const int64_t width = shape_[1];
    std::fill_n(to, count * length * width, 0.0f);
    for (int64_t i = 0; i < count; ++i, to += length * width) {
      const auto sample = static_cast<size_t>(indices[i]);
      const int64_t start = symbols_.starts[sample];
      const int64_t given = symbols_.starts[sample + 1] - start;
      const int64_t before = pad_left_ ? length - given : 0;
      for (int64_t j = 0; j < length; ++j) {
        const bool is_given = j >= before && j < before + given;
        const int32_t number = is_given ? symbols_.numbers.data()[start + j - before] : padding_;
        if (number >= 0) to[j * width + number] = 1;
      }
    }
    return absl::OkStatus();
  }

 private:
  Symbols symbols_;
  SymbolTable symbols_of_values_;
  Shape shape_;
  bool pad_left_;
  int32_t padding_;  // the number of the padding symbol; -1: zero vectors
};

// Collects the symbols under one key.
class Column {
 public:
  explicit Column(const TextColumnOptions* options) : options_(options) {
    for (const std::string& symbol : options->vocabulary) {
      numbers_.emplace(symbol, static_cast<int32_t>(numbers_.size()));
    }
  }

  int64_t num_samples() const { return symbols_.num_samples(); }

  absl::Status Add(const std::string& symbol) {
    const auto found = numbers_.find(symbol);
    if (found == numbers_.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("the symbol '", absl::Utf8SafeCHexEscape(symbol.substr(0, kMaxShown)),
                       "' is not in the vocabulary"));
    }
    symbols_.numbers.Push(found->second);
    return absl::OkStatus();
  }

  absl::Status EndSample() {
    const auto end = symbols_.numbers.size();
    const int64_t length = end - symbols_.starts.back();
    if (length > options_->length) {
      return absl::InvalidArgumentError(
          absl::StrCat("there are ", length, " symbols, more than seq_len: ", options_->length));
    }
    symbols_.starts.push_back(end);
    lengths_.Push(static_cast<float>(length));
    lengths_.EndSample(1);
    return absl::OkStatus();
  }

  absl::Status Build(SourceMap* sources) && {
    const int32_t padding = options_->pad_with.has_value() ? numbers_.at(*options_->pad_with) : -1;
    const std::string& key = options_->key;
    KUR_ASSIGN_OR_RETURN((*sources)[key + "_length"], std::move(lengths_).Build({}));
    (*sources)[key] = std::make_shared<SymbolSource>(std::move(symbols_), *options_, padding);
    return absl::OkStatus();
  }

 private:
  const TextColumnOptions* options_;
  std::unordered_map<std::string, int32_t> numbers_;
  Symbols symbols_;
  FloatColumn lengths_;
};

class TextHandler : public JsonLineHandler {
 public:
  explicit TextHandler(const std::vector<TextColumnOptions>& columns) {
    for (const TextColumnOptions& options : columns) columns_.emplace(options.key, &options);
  }

  absl::StatusOr<bool> Key(const std::string& key) override {
    const auto found = columns_.find(key);
    if (found == columns_.end()) {
      std::vector<std::string> known;
      for (const auto& entry : columns_) known.push_back(entry.first);
      const std::string near = DidYouMean(key, known);
      return absl::InvalidArgumentError(absl::StrCat(
          "vocabs lacks it",
          near.empty() ? absl::StrCat("; it has: ", absl::StrJoin(known, ", ")) : near));
    }
    column_ = &found->second;
    if (column_->num_samples() > lines_) return absl::InvalidArgumentError("it is there twice");
    return true;
  }

  absl::Status Number(double /*value*/) override { return NoList("a number"); }
  absl::Status String(const std::string& value) override {
    return in_list_ ? column_->Add(value) : NoList("a string");
  }
  absl::Status BeginList(int64_t depth) override {
    if (depth > 0) return NoList("a list in a list");
    in_list_ = true;
    return absl::OkStatus();
  }
  absl::Status EndList(int64_t /*depth*/) override {
    in_list_ = false;
    return column_->EndSample();
  }

  absl::Status EndLine(int64_t /*line*/) override {
    ++lines_;
    for (const auto& [key, column] : columns_) {
      if (column.num_samples() == lines_) continue;
      return absl::InvalidArgumentError(
          absl::StrCat("the line lacks the key '", key, "', which vocabs has"));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<SourceMap> Build() && {
    if (lines_ == 0) return absl::InvalidArgumentError("the file holds no samples");
    SourceMap sources;
    for (auto& [key, column] : columns_) {
      KUR_RETURN_IF_ERROR(std::move(column).Build(&sources));
    }
    return sources;
  }

 private:
  static absl::Status NoList(absl::string_view found) {
    return absl::InvalidArgumentError(
        absl::StrCat("it holds ", found, " where a list of symbols (strings) is expected"));
  }

  std::map<std::string, Column> columns_;
  Column* column_ = nullptr;  // the column of the current value
  bool in_list_ = false;
  int64_t lines_ = 0;
};

}  // namespace

absl::StatusOr<SourceMap> ReadTextColumns(ByteInput& input, absl::string_view name,
                                          const std::vector<TextColumnOptions>& columns) {
  TextHandler handler(columns);
  KUR_RETURN_IF_ERROR(ReadJsonLines(input, name, &handler));
  auto sources = std::move(handler).Build();
  if (!sources.ok()) return Annotate(sources.status(), name);
  return sources;
}

}  // namespace kur
