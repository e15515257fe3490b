#include "engine/data/subset_source.h"

namespace kur {

std::vector<int64_t> SubsetSource::BaseIndices(const int64_t* indices, int64_t count) const {
  std::vector<int64_t> base_indices(static_cast<size_t>(count));
  for (size_t i = 0; i < base_indices.size(); ++i) {
    base_indices[i] = (*indices_)[static_cast<size_t>(indices[i])];
  }
  return base_indices;
}

int64_t SubsetSource::Extent(const int64_t* indices, int64_t count) const {
  return base_->Extent(BaseIndices(indices, count).data(), count);
}

std::vector<bool> SubsetSource::Unreadable(const int64_t* indices, int64_t count) const {
  return base_->Unreadable(BaseIndices(indices, count).data(), count);
}

absl::Status SubsetSource::Gather(const int64_t* indices, int64_t count, int64_t extent,
                                  float* to) const {
  return base_->Gather(BaseIndices(indices, count).data(), count, extent, to);
}

}  // namespace kur
