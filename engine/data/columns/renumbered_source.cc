#include "engine/data/columns/renumbered_source.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/base/suggest.h"
#include "engine/data/columns/derived_source.h"
#include "engine/data/columns/wanted_columns.h"

namespace kur {
namespace {

constexpr int64_t kLacking = -1;

class RenumberedSource : public DerivedSource {
 public:
  // `numbers` has the new number of each symbol of `source`; kLacking: no sample has it.
  RenumberedSource(const std::shared_ptr<const Source>& source, SymbolTable symbols,
                   std::vector<int64_t> numbers)
      : DerivedSource(source),
        symbols_(std::move(symbols)),
        numbers_(std::move(numbers)),
        shape_(source->shape()) {
    if (symbols_.is_one_hot) shape_.back() = static_cast<int64_t>(symbols_.names.size());
  }

  const Shape& shape() const override { return shape_; }
  const SymbolTable& symbols() const override { return symbols_; }

  absl::Status Gather(const int64_t* indices, int64_t count, int64_t extent,
                      float* to) const override {
    return symbols_.is_one_hot ? GatherOneHot(indices, count, extent, to)
                               : GatherNumbers(indices, count, extent, to);
  }

 private:
  absl::Status GatherNumbers(const int64_t* indices, int64_t count, int64_t extent,
                             float* to) const {
    KUR_RETURN_IF_ERROR(base().Gather(indices, count, extent, to));
    const int64_t row = RowElements(base());
    for (int64_t i = 0; i < count; ++i, to += extent * row) {
      // What follows a sample is no symbol.
      for (int64_t j = 0; j < base().Length(indices[i]) * row; ++j) {
        if (!std::isnan(to[j])) {
          to[j] = static_cast<float>(numbers_[static_cast<size_t>(to[j])]);
        }
      }
    }
    return absl::OkStatus();
  }

  absl::Status GatherOneHot(const int64_t* indices, int64_t count, int64_t extent,
                            float* to) const {
    if (!is_ragged()) extent = base().shape()[0];
    const int64_t from_width = base().shape().back();
    const int64_t to_width = shape_.back();
    std::vector<float> given(static_cast<size_t>(count * extent * RowElements(base())));
    KUR_RETURN_IF_ERROR(base().Gather(indices, count, extent, given.data()));
    const int64_t vectors = static_cast<int64_t>(given.size()) / from_width;
    std::fill_n(to, vectors * to_width, 0.0F);
    const float* from = given.data();
    for (int64_t i = 0; i < vectors; ++i, from += from_width, to += to_width) {
      for (int64_t j = 0; j < from_width; ++j) {
        if (from[j] != 0) to[numbers_[static_cast<size_t>(j)]] = from[j];
      }
    }
    return absl::OkStatus();
  }

  SymbolTable symbols_;
  std::vector<int64_t> numbers_;
  Shape shape_;
};

// Returns an error for the first sample that has a symbol without a number.
absl::Status CheckSymbols(const Source& source, const std::vector<int64_t>& numbers,
                          const std::vector<std::string>& symbols, absl::string_view whose) {
  const SymbolTable& own = source.symbols();
  const auto check = [&](const float* values, int64_t count, int64_t sample) -> absl::Status {
    for (int64_t i = 0; i < count; ++i) {
      if ((own.is_one_hot && values[i] == 0) || std::isnan(values[i])) continue;
      const int64_t place =
          own.is_one_hot ? i % source.shape().back() : static_cast<int64_t>(values[i]);
      const auto symbol = static_cast<size_t>(place);
      if (numbers[symbol] != kLacking) continue;
      return absl::InvalidArgumentError(
          absl::StrCat(SampleText(source, sample), " has ", QuotedText(own.names[symbol]),
                       ", which is not among ", whose, DidYouMean(own.names[symbol], symbols)));
    }
    return absl::OkStatus();
  };
  return ForEachSample(source, AllSamples(source), check);
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Source>> Renumber(std::shared_ptr<const Source> source,
                                                       const std::vector<std::string>& symbols,
                                                       absl::string_view whose) {
  const SymbolTable& own = source->symbols();
  if (own.names == symbols) return source;
  std::map<std::string, int64_t> places;
  for (const std::string& symbol : symbols) {
    places.emplace(symbol, static_cast<int64_t>(places.size()));
  }
  std::vector<int64_t> numbers;
  bool is_complete = true;
  for (const std::string& symbol : own.names) {
    const auto place = places.find(symbol);
    numbers.push_back(place == places.end() ? kLacking : place->second);
    is_complete = is_complete && place != places.end();
  }
  if (!is_complete) KUR_RETURN_IF_ERROR(CheckSymbols(*source, numbers, symbols, whose));
  return std::make_shared<const RenumberedSource>(
      source, SymbolTable{symbols, own.is_one_hot, own.is_listed}, std::move(numbers));
}

}  // namespace kur
