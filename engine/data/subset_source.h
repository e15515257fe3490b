#ifndef KUR_ENGINE_DATA_SUBSET_SOURCE_H_
#define KUR_ENGINE_DATA_SUBSET_SOURCE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/data/source.h"

namespace kur {

// The samples of another source at given indices. Immutable, thread-safe.
class SubsetSource : public Source {
 public:
  using Indices = std::shared_ptr<const std::vector<int64_t>>;

  // Precondition: every index is in [0, base->size()).
  SubsetSource(std::shared_ptr<const Source> base, Indices indices)
      : base_(std::move(base)), indices_(std::move(indices)) {}

  int64_t size() const override { return static_cast<int64_t>(indices_->size()); }
  const Shape& shape() const override { return base_->shape(); }
  const SymbolTable& symbols() const override { return base_->symbols(); }
  std::string NameOf(int64_t index) const override {
    const int64_t place = (*indices_)[static_cast<size_t>(index)];
    const std::string name = base_->NameOf(place);
    // Its place is not that of the data any more.
    return name.empty() ? absl::StrCat("[", place, "]") : name;
  }
  std::string TextOf(int64_t index) const override {
    return base_->TextOf((*indices_)[static_cast<size_t>(index)]);
  }
  int64_t Length(int64_t index) const override {
    return base_->Length((*indices_)[static_cast<size_t>(index)]);
  }
  int64_t Extent(const int64_t* indices, int64_t count) const override;
  std::vector<bool> Unreadable(const int64_t* indices, int64_t count) const override;
  absl::Status Gather(const int64_t* indices, int64_t count, int64_t extent,
                      float* to) const override;

 private:
  // Returns the indices in `base_` of the samples at `indices`.
  std::vector<int64_t> BaseIndices(const int64_t* indices, int64_t count) const;

  std::shared_ptr<const Source> base_;
  Indices indices_;
};

}  // namespace kur

#endif  // KUR_ENGINE_DATA_SUBSET_SOURCE_H_
