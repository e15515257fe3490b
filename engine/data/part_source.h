#ifndef KUR_ENGINE_DATA_PART_SOURCE_H_
#define KUR_ENGINE_DATA_PART_SOURCE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/data/source.h"

namespace kur {

// Some samples of another source, which may be ragged.
class PartSource : public Source {
 public:
  using Indices = std::shared_ptr<const std::vector<int64_t>>;

  // Precondition: every index is one of a sample of `whole`.
  PartSource(std::shared_ptr<const Source> whole, Indices indices)
      : whole_(std::move(whole)), indices_(std::move(indices)) {}

  int64_t size() const override { return static_cast<int64_t>(indices_->size()); }
  const Shape& shape() const override { return whole_->shape(); }
  const std::vector<std::string>& symbols() const override { return whole_->symbols(); }
  int64_t Length(int64_t index) const override {
    return whole_->Length((*indices_)[static_cast<size_t>(index)]);
  }
  int64_t Extent(const int64_t* indices, int64_t count) const override;
  std::vector<bool> Unreadable(const int64_t* indices, int64_t count) const override;
  absl::Status Gather(const int64_t* indices, int64_t count, int64_t extent,
                      float* to) const override;

 private:
  std::vector<int64_t> InWhole(const int64_t* indices, int64_t count) const;

  std::shared_ptr<const Source> whole_;
  Indices indices_;
};

}  // namespace kur

#endif  // KUR_ENGINE_DATA_PART_SOURCE_H_
