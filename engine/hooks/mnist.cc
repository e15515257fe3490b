// mnist: prints a table of how often each class was recognized.

#include <string>

#include "engine/kurfile/specs/hook_spec.h"
#if KUR_RUNTIME
#include <ATen/TensorOperators.h>

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "engine/hooks/hook.h"
#endif

namespace kur {
namespace {

struct MnistSpec : HookSpec {
  std::string kind() const override { return "mnist"; }
  bool IsForTraining() const override { return false; }
  bool IsForResults() const override { return true; }
};

const Fields<MnistSpec>& MnistFields() {
  static const auto* const kFields = new Fields<MnistSpec>();
  return *kFields;
}

const Registration<HookKind> kKind(
    "mnist", MakeKind<HookSpec>("Tells how many samples of each class were recognized; takes the "
                                "output 'labels', or the only one.",
                                "mnist:", MnistFields()));

#if KUR_RUNTIME
class Mnist : public ResultHook {
 public:
  explicit Mnist(const MnistSpec&) {}

  absl::StatusOr<HookData> Apply(HookData current, const HookData& original,
                                 HookHost* host) override {
    const std::string problem = Report(original, host);
    if (!problem.empty()) host->Warn(absl::StrCat("the hook 'mnist' is left out: ", problem));
    return current;
  }

 private:
  // Prints the table. Returns the reason if there is none; empty on success.
  static std::string Report(const HookData& data, HookHost* host) {
    const bool only = data.result.size() == 1;
    const auto output = only ? data.result.begin() : data.result.find("labels");
    if (output == data.result.end()) return "there are several outputs, none of them 'labels'";
    const auto truth = data.truth.find(output->first);
    if (truth == data.truth.end()) {
      return absl::StrCat("the data has no '", output->first, "' to compare with");
    }
    const at::Tensor& guessed = output->second;
    if (guessed.dim() != 2 || guessed.sizes() != truth->second.sizes()) {
      return absl::StrCat("'", output->first, "' is not one number for each class");
    }
    PrintTable(guessed.argmax(1), truth->second.argmax(1), guessed.size(1), host);
    return "";
  }

  static void PrintTable(const at::Tensor& guessed, const at::Tensor& expected, int64_t classes,
                         HookHost* host) {
    std::vector<int64_t> correct(static_cast<size_t>(classes));
    std::vector<int64_t> total(static_cast<size_t>(classes));
    const auto* guess = guessed.data_ptr<int64_t>();
    const auto* truth = expected.data_ptr<int64_t>();
    for (int64_t i = 0; i < expected.numel(); ++i) {
      const auto label = static_cast<size_t>(truth[i]);
      ++total[label];
      if (guess[i] == truth[i]) ++correct[label];
    }
    host->Print(absl::StrFormat("%-10s%-10s%-10s%s", "LABEL", "CORRECT", "TOTAL", "ACCURACY"));
    int64_t all_correct = 0;
    for (size_t i = 0; i < total.size(); ++i) {
      host->Print(Row(absl::StrCat(i), correct[i], total[i]));
      all_correct += correct[i];
    }
    host->Print(Row("ALL", all_correct, expected.numel()));
  }

  static std::string Row(const std::string& label, int64_t correct, int64_t total) {
    const double percent =
        total == 0 ? 0 : 100 * static_cast<double>(correct) / static_cast<double>(total);
    return absl::StrFormat("%-10s%-10d%-10d%5.1f%%", label, correct, total, percent);
  }
};

const Registration<HookBuilder> kBuilder("mnist", MakeResultHookBuilder<Mnist, MnistSpec>());
#endif

}  // namespace
}  // namespace kur
