#include "engine/train/constant_inputs.h"

#include <cmath>
#include <limits>

namespace kur {

ConstantInputs::ConstantInputs(const std::vector<std::string>& inputs) {
  for (const std::string& input : inputs) values_[input] = std::numeric_limits<float>::quiet_NaN();
}

void ConstantInputs::Look(const TensorMap& batch) {
  for (auto at = values_.begin(); at != values_.end();) {
    const auto found = batch.find(at->first);
    if (found == batch.end() || found->second.numel() == 0) {
      ++at;
      continue;
    }
    const auto least = found->second.min().item<float>();
    const auto most = found->second.max().item<float>();
    const bool is_same = least == most && (std::isnan(at->second) || at->second == least);
    at->second = least;
    at = is_same ? std::next(at) : values_.erase(at);
  }
}

std::map<std::string, float> ConstantInputs::Found() const {
  std::map<std::string, float> found;
  for (const auto& [input, value] : values_) {
    if (!std::isnan(value)) found.emplace(input, value);
  }
  return found;
}

}  // namespace kur
