// output: saves the outputs of the model, or the results of the previous hooks.

#include <string>
#include <vector>

#include "engine/kurfile/specs/hook_spec.h"
#if KUR_RUNTIME
#include "engine/base/status.h"
#include "engine/hooks/hook.h"
#endif

namespace kur {
namespace {

struct OutputSpec : HookSpec {
  FileReference path;
  std::string format = "auto";

  std::string kind() const override { return "output"; }
  bool IsForTraining() const override { return false; }
  bool IsForResults() const override { return true; }
  std::vector<FileReference> Files() const override { return {path}; }
};

const Fields<OutputSpec>& OutputFields() {
  static const auto* const kFields = new Fields<OutputSpec>(
      Fields<OutputSpec>()
          .Required("path", &OutputSpec::path, "the file to write")
          .Example("results.pkl")
          .Choice("format", &OutputSpec::format, {"auto", "pkl", "pickle", "csv", "jsonl", "npz"},
                  "its format; auto: csv, jsonl or npz if the path ends so, else pkl")
          .Shorthand("path"));
  return *kFields;
}

const Registration<HookKind> kKind(
    "output", MakeKind<HookSpec>("Saves the results as `destination` does: under evaluate all of "
                                 "them, else those of the first batch.",
                                 "output: {path: results.csv, format: csv}", OutputFields()));

#if KUR_RUNTIME
class Output : public ResultHook {
 public:
  explicit Output(const OutputSpec& spec) : spec_(spec) {}

  absl::StatusOr<HookData> Apply(HookData current, const HookData&, HookHost* host) override {
    KUR_RETURN_IF_ERROR(host->WriteResults(spec_.path, spec_.format, current));
    return current;
  }

 private:
  OutputSpec spec_;
};

const Registration<HookBuilder> kBuilder("output", MakeResultHookBuilder<Output, OutputSpec>());
#endif

}  // namespace
}  // namespace kur
