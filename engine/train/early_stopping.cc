#include "engine/train/early_stopping.h"

#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/status.h"
#include "engine/base/suggest.h"
#include "engine/train/validation.h"
#include "engine/value/diagnostics.h"

namespace kur {
namespace {

bool LowerIsBetter(const EarlyStopping& rule) {
  if (rule.goal != "auto") return rule.goal == "lower";
  for (const char* word : {"loss", "error", "perplexity"}) {
    if (absl::StrContains(rule.metric, word)) return true;
  }
  return false;
}

absl::StatusOr<double> Watched(const EarlyStopping& rule, const ValidationResult& result) {
  if (rule.metric == "loss") return result.loss;
  const auto it = result.metrics.find(rule.metric);
  if (it != result.metrics.end()) return it->second;
  std::vector<std::string> known = {"loss"};
  for (const auto& [name, value] : result.metrics) known.push_back(name);
  return ErrorAt(
      rule.location, "train.early_stopping.metric",
      absl::StrCat("validations do not report '", rule.metric, "'", DidYouMean(rule.metric, known),
                   "; they report: ", absl::StrJoin(known, ", ")));
}

}  // namespace

absl::StatusOr<std::string> EarlyStopper::Observe(const ValidationResult& result, int64_t epoch) {
  if (!rule_) return std::string();
  KUR_ASSIGN_OR_RETURN(const double value, Watched(*rule_, result));
  const std::optional<double> best = state_.best;
  const bool better =
      !best.has_value() ||
      (LowerIsBetter(*rule_) ? value < *best - rule_->min_delta : value > *best + rule_->min_delta);
  if (better && value == value) {
    state_.best = value;
    state_.waited = 0;
    return std::string();
  }
  if (++state_.waited < rule_->patience) return std::string();
  state_.ended = true;
  return absl::StrCat("early stopping after epoch ", epoch, ": the validation's ", rule_->metric,
                      " has not improved in ", state_.waited,
                      state_.waited == 1 ? " epoch" : " epochs",
                      best.has_value() ? absl::StrCat(" (best ", *best, ")") : "");
}

}  // namespace kur
