#include "engine/train/checkpoint_timer.h"

namespace kur {

bool CheckpointTimer::IsDue(bool epoch_done) const {
  if (!section_) return false;
  if (epoch_done) return section_->epochs && state_.epochs >= *section_->epochs;
  constexpr double kMinute = 60;
  return (section_->batches && state_.batches >= *section_->batches) ||
         (section_->samples && state_.samples >= *section_->samples) ||
         (section_->minutes && state_.seconds >= kMinute * static_cast<double>(*section_->minutes));
}

}  // namespace kur
