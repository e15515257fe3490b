// text: shows the first sample as text. This version reads such Kurfiles but leaves it out.

#include <string>

#include "engine/kurfile/hook_spec.h"

namespace kur {
namespace {

struct TextSpec : HookSpec {
  std::string kind() const override { return "text"; }
  bool IsForTraining() const override { return false; }
  bool IsForResults() const override { return true; }
  bool IsRunnable() const override { return false; }
};

const Fields<TextSpec>& TextFields() {
  static const auto* const kFields = new Fields<TextSpec>();
  return *kFields;
}

const Registration<HookKind> kKind(
    "text", MakeKind<HookSpec>("Shows the first sample as text: the likeliest symbol of each step "
                               "(this version leaves it out).",
                               "text:", TextFields()));

}  // namespace
}  // namespace kur
