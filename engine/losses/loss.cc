#include "engine/losses/loss.h"

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/value/diagnostics.h"

namespace kur {
namespace {

// Rounding of shares that somebody has written with three digits.
constexpr double kSlack = 2e-3;

}  // namespace

absl::Status ImpossibleTruth(const LossSpec& loss, const std::string& key,
                             const std::string& source, const std::string& sample, float value,
                             const std::string& why) {
  return ErrorAt(loss.location, absl::StrCat(loss.key, ".", key),
                 absl::StrCat(sample, " of the source '", source, "' holds ", value, ", ", why));
}

absl::Status CheckTruthIsWithin(const LossSpec& loss, const at::Tensor& truth, float least,
                                float most, const SampleName& name_of, const std::string& why) {
  const at::Tensor values = truth.contiguous();
  const auto* at = values.data_ptr<float>();
  for (int64_t i = 0; i < values.numel(); ++i) {
    if (at[i] >= least && at[i] <= most) continue;
    const int64_t row = i / (values.numel() / values.size(0));
    return ImpossibleTruth(loss, "target", loss.target, name_of(row), at[i], why);
  }
  return absl::OkStatus();
}

absl::Status CheckTruthIsDistribution(const LossSpec& loss, const at::Tensor& truth,
                                      const SampleName& name_of) {
  KUR_RETURN_IF_ERROR(CheckTruthIsWithin(loss, truth, 0, 1 + kSlack, name_of,
                                         "which is no probability of a class: one-hot vectors, or "
                                         "shares that sum to one, are compared here"));
  const at::Tensor values = truth.contiguous();
  const auto* at = values.data_ptr<float>();
  const int64_t width = values.size(-1);
  for (int64_t i = 0; i < values.numel(); i += width) {
    double sum = 0;
    for (int64_t j = 0; j < width; ++j) sum += static_cast<double>(at[i + j]);
    if (sum == 0 || std::abs(sum - 1) <= kSlack) continue;
    const int64_t row = i / (values.numel() / values.size(0));
    return ErrorAt(loss.location, loss.key + ".target",
                   absl::StrCat(name_of(row), " of the source '", loss.target,
                                "' has probabilities that sum to ", sum,
                                "; for classes that do not exclude each other there is "
                                "binary_crossentropy"));
  }
  return absl::OkStatus();
}

}  // namespace kur
