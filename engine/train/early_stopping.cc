#include "engine/train/early_stopping.h"

#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/status.h"
#include "engine/base/suggest.h"
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

absl::StatusOr<std::string> WatchForEarlyEnd(const EarlyStopping& rule,
                                             const ValidationResult& result,
                                             TrainingPosition* position) {
  KUR_ASSIGN_OR_RETURN(const double value, Watched(rule, result));
  const auto& best = position->early_best;
  const bool better = !best.has_value() || (LowerIsBetter(rule) ? value < *best - rule.min_delta
                                                                : value > *best + rule.min_delta);
  if (better && value == value) {
    position->early_best = value;
    position->early_waited = 0;
    return std::string();
  }
  if (++position->early_waited < rule.patience) return std::string();
  position->ended_early = true;
  return absl::StrCat("early stopping after epoch ", position->epoch, ": the validation's ",
                      rule.metric, " has not improved in ", position->early_waited,
                      position->early_waited == 1 ? " epoch" : " epochs",
                      best.has_value() ? absl::StrCat(" (best ", *best, ")") : "");
}

}  // namespace kur
