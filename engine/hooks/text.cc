// text: prints the first sample as text.

#include <string>
#include <vector>

#include "engine/kurfile/specs/hook_spec.h"
#if KUR_RUNTIME
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/hooks/hook.h"
#endif

namespace kur {
namespace {

struct TextSpec : HookSpec {
  std::string kind() const override { return "text"; }
  bool IsForTraining() const override { return false; }
  bool IsForResults() const override { return true; }
};

const Fields<TextSpec>& TextFields() {
  static const auto* const kFields = new Fields<TextSpec>();
  return *kFields;
}

const Registration<HookKind> kKind(
    "text", MakeKind<HookSpec>("Shows the first sample of a supplier that knows its symbols, such "
                               "as text: the inputs, the likeliest outputs, and the truth.",
                               "text:", TextFields()));

#if KUR_RUNTIME
class Text : public ResultHook {
 public:
  explicit Text(const TextSpec&) {}

  absl::StatusOr<HookData> Apply(HookData current, const HookData& original,
                                 HookHost* host) override {
    if (original.input_symbols.empty() && original.output_symbols.empty()) {
      host->Warn("the hook 'text' is left out: the data does not say what its numbers stand for");
      return current;
    }
    for (const auto& [name, symbols] : original.input_symbols) Show("Input", name, symbols, host);
    for (const auto& [name, sample] : original.output_symbols) {
      Show("Prediction", name, sample.predicted, host);
      Show("Truth", name, sample.truth, host);
    }
    return current;
  }

 private:
  static void Show(const char* what, const std::string& name,
                   const std::vector<std::string>& symbols, HookHost* host) {
    host->Print(absl::StrCat(what, ": ", name, ": \"", absl::StrJoin(symbols, ""), "\""));
  }
};

const Registration<HookBuilder> kBuilder("text", MakeResultHookBuilder<Text, TextSpec>());
#endif

}  // namespace
}  // namespace kur
