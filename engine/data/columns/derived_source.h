#ifndef KUR_ENGINE_DATA_COLUMNS_DERIVED_SOURCE_H_
#define KUR_ENGINE_DATA_COLUMNS_DERIVED_SOURCE_H_

#include <algorithm>
#include <cstdint>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/data/source.h"

namespace kur {

// Returns the number of elements per step of a sample's first axis.
inline int64_t RowElements(const Source& source) {
  return NumElements(Shape(source.shape().begin() + 1, source.shape().end()));
}

// Returns the indices of all samples.
inline std::vector<int64_t> AllSamples(const Source& source) {
  std::vector<int64_t> all(static_cast<size_t>(source.size()));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

// Calls use(values, number of values, sample) for the samples at `indices`, in order, until it
// returns an error. Padding is not among the values.
template <class Use>
absl::Status ForEachSample(const Source& source, const std::vector<int64_t>& indices,
                           const Use& use) {
  // Values to read at a time.
  constexpr int64_t kBlockElements = int64_t{1} << 16;
  const int64_t row = RowElements(source);
  const auto size = static_cast<int64_t>(indices.size());
  const int64_t most =
      source.is_ragged() ? 1 : std::max<int64_t>(kBlockElements / (source.shape()[0] * row), 1);
  std::vector<float> values;
  for (int64_t first = 0; first < size; first += most) {
    const int64_t count = std::min(most, size - first);
    const int64_t* const begin = indices.data() + first;
    const int64_t extent = source.Extent(begin, count);
    values.resize(static_cast<size_t>(count * extent * row));
    KUR_RETURN_IF_ERROR(source.Gather(begin, count, extent, values.data()));
    for (int64_t i = 0; i < count; ++i) {
      KUR_RETURN_IF_ERROR(
          use(values.data() + i * extent * row, source.Length(begin[i]) * row, begin[i]));
    }
  }
  return absl::OkStatus();
}

// Returns how a message calls a sample: "sample 7 (points.csv:9)".
inline std::string SampleText(const Source& source, int64_t index) {
  const std::string name = source.NameOf(index);
  return absl::StrCat("sample ", index, name.empty() ? "" : absl::StrCat(" (", name, ")"));
}

// A source computed from a base source. Its samples are ragged if those of the base are, with the
// same lengths.
class DerivedSource : public Source {
 public:
  explicit DerivedSource(std::shared_ptr<const Source> base) : base_(std::move(base)) {}

  int64_t size() const override { return base_->size(); }
  const Shape& shape() const override { return base_->shape(); }
  std::string NameOf(int64_t index) const override { return base_->NameOf(index); }
  std::string TextOf(int64_t index) const override { return base_->TextOf(index); }
  int64_t Length(int64_t index) const override {
    return is_ragged() ? base_->Length(index) : shape()[0];
  }
  int64_t Extent(const int64_t* indices, int64_t count) const override {
    return is_ragged() ? base_->Extent(indices, count) : shape()[0];
  }
  std::vector<bool> Unreadable(const int64_t* indices, int64_t count) const override {
    return base_->Unreadable(indices, count);
  }

 protected:
  const Source& base() const { return *base_; }

 private:
  std::shared_ptr<const Source> base_;
};

}  // namespace kur

#endif  // KUR_ENGINE_DATA_COLUMNS_DERIVED_SOURCE_H_
