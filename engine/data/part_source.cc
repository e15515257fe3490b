#include "engine/data/part_source.h"

namespace kur {

std::vector<int64_t> PartSource::InWhole(const int64_t* indices, int64_t count) const {
  std::vector<int64_t> whole(static_cast<size_t>(count));
  for (size_t i = 0; i < whole.size(); ++i) {
    whole[i] = (*indices_)[static_cast<size_t>(indices[i])];
  }
  return whole;
}

int64_t PartSource::Extent(const int64_t* indices, int64_t count) const {
  return whole_->Extent(InWhole(indices, count).data(), count);
}

std::vector<bool> PartSource::Unreadable(const int64_t* indices, int64_t count) const {
  return whole_->Unreadable(InWhole(indices, count).data(), count);
}

absl::Status PartSource::Gather(const int64_t* indices, int64_t count, int64_t extent,
                                float* to) const {
  return whole_->Gather(InWhole(indices, count).data(), count, extent, to);
}

}  // namespace kur
