#include "engine/kurfile/lint.h"

#include <algorithm>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/kurfile/plan/loss_truth.h"
#include "engine/value/literal_secret.h"
#include "engine/value/secret_reference.h"

namespace kur {
namespace {

class Linter {
 public:
  Linter(const Sections& sections, const ModelPlan& plan,
         const std::map<std::string, Shape>& sources, Diagnostics* diagnostics)
      : sections_(sections), plan_(plan), sources_(sources), diagnostics_(diagnostics) {}

  void Run() {
    for (const auto& loss : sections_.losses) CheckLoss(*loss);
    if (!sections_.losses.empty()) CheckOutputs();
    if (sections_.train && sections_.losses.empty()) {
      diagnostics_->Warning(sections_.train->data.location, "train",
                            "there is no section 'loss': the model cannot be trained");
    }
    if (sections_.train) CheckTraining(*sections_.train);
    CheckUnusedLayers();
  }

 private:
  // Returns the layer that computes an output. An `output` layer only names the layer before it.
  const PlannedLayer* FindComputingLayer(const std::string& output) const {
    const PlannedLayer* layer = plan_.Find(output);
    while (layer != nullptr && layer->spec->IsIdentity() && layer->inputs.size() == 1) {
      layer = &plan_.layers[static_cast<size_t>(layer->inputs[0])];
    }
    return layer;
  }

  void CheckLoss(const LossSpec& loss) {
    const PlannedLayer* output = plan_.Find(loss.target);
    const PlannedLayer* computing = FindComputingLayer(loss.target);
    if (output == nullptr || computing == nullptr) return;
    const Probabilities given = computing->spec->probabilities();
    if (loss.task() == Task::kNumbers && given == Probabilities::kSoftmax) {
      diagnostics_->Warning(
          loss.location, loss.key,
          absl::StrCat("'", loss.target, "' is a softmax, whose probabilities ", loss.kind(),
                       " trains badly; use categorical_crossentropy"));
    }
    if (loss.fused_with() != Probabilities::kNone && given != loss.fused_with()) {
      const std::string wanted =
          loss.fused_with() == Probabilities::kSoftmax ? "softmax" : "sigmoid";
      diagnostics_->Warning(
          loss.location, loss.key,
          absl::StrCat(loss.kind(), " compares probabilities, but '", loss.target, "' is no ",
                       wanted, "; end it with 'activation: ", wanted, "'"));
    }
    if (!output->shape_known) return;
    for (const Diagnostic& misfit :
         DiagnosticsOf(CheckTruth(loss, output->shape, sources_, UnknownExtent::kAnything))) {
      diagnostics_->Warning(misfit.location, misfit.path, misfit.message);
    }
  }

  void CheckOutputs() {
    for (const int index : plan_.outputs) {
      const PlannedLayer& output = plan_.layers[static_cast<size_t>(index)];
      const bool compared =
          std::any_of(sections_.losses.begin(), sections_.losses.end(),
                      [&](const auto& loss) { return loss->target == output.name; });
      if (!compared && !output.spec->IsInput()) {
        diagnostics_->Warning(
            output.location, output.path,
            absl::StrCat("the output '", output.name, "' has no loss: nothing trains it"));
      }
    }
  }

  void CheckUnusedLayers() {
    for (const int index : plan_.outputs) {
      const PlannedLayer& layer = plan_.layers[static_cast<size_t>(index)];
      if (layer.spec->IsInput() && plan_.layers.size() > 1) {
        diagnostics_->Warning(layer.location, layer.path,
                              absl::StrCat("no layer uses the input '", layer.name, "'"));
      }
    }
  }

  void CheckTraining(const TrainSection& train) {
    if (plan_.trainable_parameters == 0) {
      diagnostics_->Warning(train.data.location, "train",
                            "the model has no weights that are not frozen: it cannot be trained");
    }
    if (train.checkpoint) CheckCheckpoint(train, *train.checkpoint);
  }

  void CheckCheckpoint(const TrainSection& train, const CheckpointSection& checkpoint) {
    const auto warn = [&](const std::string& why) {
      diagnostics_->Warning(checkpoint.path.location, "train.checkpoint",
                            "no checkpoint will ever be written: " + why);
    };
    // Warn only if none of the given intervals can be reached.
    if (checkpoint.minutes &&
        (!train.stop.seconds ||
         *checkpoint.minutes * 60 <= static_cast<int64_t>(*train.stop.seconds))) {
      return;
    }
    if (!train.stop.epochs) return;
    const int64_t epochs = *train.stop.epochs;
    if (checkpoint.epochs && *checkpoint.epochs <= epochs) return;
    if ((checkpoint.batches || checkpoint.samples) && !train.data.provider.num_batches) return;
    const int64_t batches = Product({epochs, train.data.provider.num_batches.value_or(kUnknown)});
    if (checkpoint.batches && (batches == kUnknown || *checkpoint.batches <= batches)) return;
    const int64_t samples = Product({batches, train.data.provider.batch_size});
    if (checkpoint.samples && (samples == kUnknown || *checkpoint.samples <= samples)) return;
    if (checkpoint.epochs) {
      warn(absl::StrCat("it comes every ", *checkpoint.epochs, " epochs, training ends after ",
                        epochs));
    } else if (checkpoint.batches) {
      warn(absl::StrCat("it comes every ", *checkpoint.batches, " batches, training ends after ",
                        batches));
    } else if (checkpoint.samples) {
      warn(absl::StrCat("it comes every ", *checkpoint.samples, " samples, training ends after ",
                        samples));
    } else {
      warn(absl::StrCat("it comes every ", *checkpoint.minutes,
                        " minutes, training ends before that"));
    }
  }

  const Sections& sections_;
  const ModelPlan& plan_;
  const std::map<std::string, Shape>& sources_;
  Diagnostics* diagnostics_;
};

class SecretFinder {
 public:
  explicit SecretFinder(Diagnostics* diagnostics) : diagnostics_(diagnostics) {}

  // Looks at everything in `value`, which stands under the key `path`.
  void Visit(const Value& value, const std::string& path) {
    if (value.is_string()) VisitText(value, path);
    if (value.is_list()) {
      for (size_t i = 0; i < value.as_list().size(); ++i) {
        Visit(value.as_list()[i], absl::StrCat(path, "[", i, "]"));
      }
    }
    if (value.is_dict()) {
      for (const auto& [key, element] : value.as_dict()) {
        const std::string name = key.is_string() ? key.as_string() : ToJson(key);
        Visit(element, path.empty() ? name : absl::StrCat(path, ".", name));
      }
    }
  }

 private:
  void VisitText(const Value& text, const std::string& path) {
    // Aliases repeat a text: what was written once is looked at once.
    const Location& at = text.location();
    if (at.known() && !seen_.emplace(*at.file, at.line, at.column).second) return;
    const std::vector<LiteralSecret> found = FindLiteralSecrets(text.as_string());
    if (found.empty()) return;
    diagnostics_->Warning(
        at, path,
        absl::StrCat("this looks like ", found.front().what,
                     ", and whoever may read the Kurfile or its job can use it; store it with "
                     "`kurctl secret set NAME` and write secret:NAME: ",
                     kSecretPlaces));
  }

  Diagnostics* diagnostics_;
  std::set<std::tuple<std::string, int, int>> seen_;
};

}  // namespace

void WarnAboutLiteralSecrets(const Value& raw, Diagnostics* diagnostics) {
  SecretFinder(diagnostics).Visit(raw, "");
}

void WarnAboutMistakes(const Sections& sections, const ModelPlan& plan,
                       const std::map<std::string, Shape>& sources, Diagnostics* diagnostics) {
  Linter(sections, plan, sources, diagnostics).Run();
}

}  // namespace kur
