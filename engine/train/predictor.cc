#include "engine/train/predictor.h"

#include <ATen/ops/tensor.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/status.h"
#include "engine/base/utf8.h"
#include "engine/kurfile/plan/length_scaler.h"
#include "engine/metrics/transcripts.h"
#include "engine/train/batch_feeder.h"
#include "engine/train/hook_data.h"
#include "engine/train/stopwatch.h"

namespace kur {
namespace {

// The name, in the encoding of an output, of whether it is decoded as the loss ctc does, and
// whether the blank is its first element.
constexpr char kBlankIsFirst[] = "blank_is_first";

const PlannedLayer& LayerAt(const ModelPlan& plan, int index) {
  return plan.layers[static_cast<size_t>(index)];
}

// Whether an output depends on an input. Layers come after those that they read.
bool DependsOn(const ModelPlan& plan, const PlannedLayer& output, int input) {
  std::vector<bool> depends(plan.layers.size(), false);
  for (size_t i = 0; i < plan.layers.size(); ++i) {
    const std::vector<int>& read = plan.layers[i].inputs;
    depends[i] = static_cast<int>(i) == input ||
                 std::any_of(read.begin(), read.end(),
                             [&](int layer) { return depends[static_cast<size_t>(layer)]; });
    if (&plan.layers[i] == &output) return depends[i];
  }
  return false;
}

// Computes how many steps of an output are no padding.
class OutputLengths {
 public:
  // Returns the lengths of an output; nothing if they do not follow from those of an input.
  static std::optional<OutputLengths> Of(const PlannedLayer& output, const ModelPlan& plan,
                                         const BatchProvider& provider) {
    if (output.shape.empty() || output.shape[0] != kUnknown) return std::nullopt;
    for (const int index : plan.inputs) {
      const PlannedLayer& input = LayerAt(plan, index);
      const auto source = provider.sources().find(input.name);
      if (source == provider.sources().end() || !source->second->is_ragged() ||
          !DependsOn(plan, output, index)) {
        continue;
      }
      OutputLengths lengths(source->second, LengthScaler(plan, input.name, output.name));
      if (source->second->size() == 0 || lengths.scaler_.Scale(source->second->Length(0)).ok()) {
        return lengths;
      }
    }
    return std::nullopt;
  }

  absl::StatusOr<int64_t> LengthOf(int64_t sample) {
    return scaler_.Scale(source_->Length(sample));
  }

 private:
  OutputLengths(std::shared_ptr<const Source> source, LengthScaler scaler)
      : source_(std::move(source)), scaler_(std::move(scaler)) {}

  std::shared_ptr<const Source> source_;
  LengthScaler scaler_;
};

// Reads an output as text.
struct OutputText {
  std::vector<std::string> symbols;
  bool is_ctc = false;
  bool blank_is_first = false;

  // Returns the text of each sample of a batch, (samples, steps, elements).
  std::vector<std::string> Read(const at::Tensor& output, const std::vector<int64_t>& steps) const {
    const bool is_words =
        std::any_of(symbols.begin(), symbols.end(), [](const std::string& symbol) {
          // <unknown>, <space> and their like stand among letters, too.
          return CharacterCount(symbol) > 1 && symbol.front() != '<';
        });
    std::vector<std::string> texts;
    std::vector<Symbols> numbers;
    if (is_ctc) {
      numbers = DecodeGreedily(output, steps, blank_is_first);
    } else {
      const at::Tensor likeliest = output.argmax(-1).cpu().contiguous();
      for (int64_t i = 0; i < likeliest.size(0); ++i) {
        const auto* const row = likeliest.data_ptr<int64_t>() + i * likeliest.size(1);
        numbers.emplace_back(row, row + steps[static_cast<size_t>(i)]);
      }
    }
    texts.reserve(numbers.size());
    for (const Symbols& sample : numbers) {
      texts.push_back(absl::StrJoin(NamesOf(sample, symbols), is_words ? " " : ""));
    }
    return texts;
  }

  // Whether there is an element for each symbol, and for the blank.
  bool Fits(const at::Tensor& output) const {
    return output.dim() == 3 &&
           output.size(-1) == static_cast<int64_t>(symbols.size()) + (is_ctc ? 1 : 0);
  }
};

std::optional<OutputText> FindText(const std::string& output, const ModelEncodings& encodings,
                                   const Objective& objective) {
  for (const Objective::BoundLoss& bound : objective.losses()) {
    if (bound.spec->target != output || bound.symbols.empty()) continue;
    return OutputText{bound.symbols, bound.spec->task() == Task::kSequence,
                      bound.spec->blank_is_first()};
  }
  const Encoding* const known = encodings.Find(output);
  if (known == nullptr || known->symbols.empty()) return std::nullopt;
  const auto blank = known->statistics.find(kBlankIsFirst);
  const bool is_ctc = blank != known->statistics.end() && !blank->second.empty();
  return OutputText{known->symbols, is_ctc, is_ctc && blank->second[0] != 0};
}

// Turns values that were normalized back to what the data has, along the last axis.
struct Units {
  std::vector<double> scale;  // value * scale + offset was done
  std::vector<double> offset;

  // Absent: the output was not trained to be like a source that is normalized.
  static std::optional<Units> Of(const std::string& output, const ModelEncodings& encodings) {
    const Encoding* const known = encodings.Find(output);
    if (known == nullptr || known->statistics.count("scale") == 0 ||
        known->statistics.count("offset") == 0) {
      return std::nullopt;
    }
    return Units{known->statistics.at("scale"), known->statistics.at("offset")};
  }

  at::Tensor Restore(const at::Tensor& rows) const {
    const auto width = static_cast<int64_t>(scale.size());
    if (rows.dim() < 2 || (width != 1 && rows.size(-1) != width)) return rows;
    const at::Tensor wide = rows.detach().to(at::kCPU, at::kDouble);
    return (wide - at::tensor(offset, at::kDouble)) / at::tensor(scale, at::kDouble);
  }
};

// One output of the model.
struct Output {
  std::string name;
  bool has_truth = false;
  std::optional<OutputLengths> lengths;
  std::optional<OutputText> text;
  std::optional<Units> units;
};

// Returns the rows of an output, or of its truth, as people read them: in the units of the data,
// and without a word where a sample could not be read.
at::Tensor Shown(const std::vector<int64_t>& unreadable, const at::Tensor& rows,
                 const Output& output) {
  at::Tensor shown = output.units.has_value() ? output.units->Restore(rows) : rows;
  if (unreadable.empty()) return shown;
  return shown.cpu().index_fill(0, at::tensor(unreadable, at::kLong), NAN);
}

class Predictor {
 public:
  Predictor(const BatchProvider& provider, const ModelEncodings& encodings, const KeptSources& keep,
            Objective* objective, Predictions* predictions)
      : provider_(provider), model_(objective->model()), predictions_(*predictions) {
    names_.insert(model_.inputs().begin(), model_.inputs().end());
    for (const std::string& name : model_.outputs()) {
      const bool has_truth = provider.sources().count(name) > 0;
      if (has_truth) names_.insert(name);
      outputs_.push_back(
          {name, has_truth,
           OutputLengths::Of(*objective->plan().Find(name), objective->plan(), provider),
           FindText(name, encodings, *objective), Units::Of(name, encodings)});
      AddClasses(outputs_.back(), encodings);
    }
    const KeptSources handed_through = InputsHandedThrough(objective->plan());
    for (const auto& [title, source] : keep) {
      kept_.push_back(provider.sources().at(source).get());
      const bool is_output = std::find(model_.outputs().begin(), model_.outputs().end(), title) !=
                             model_.outputs().end();
      const bool is_same = handed_through.count(title) > 0 && handed_through.at(title) == source;
      predictions_.labels.kept.push_back({is_output && !is_same ? title + " (data)" : title, {}});
    }
  }

  const std::set<std::string>& names() const { return names_; }

  // Says of how many samples the model cannot tell anything, as their inputs are no numbers; empty:
  // of none.
  std::string GapText() const {
    if (gaps_ == 0) return "";
    return absl::StrCat(
        gaps_, gaps_ == 1 ? " sample has" : " samples have",
        " inputs that are not a number (NaN), and so have its results; the first is ", first_gap_);
  }

  absl::Status Add(const BatchPlan& plan, int64_t batch, const TensorMap& data,
                   const std::vector<int64_t>& unreadable) {
    ResultLabels& labels = predictions_.labels;
    const auto samples = NamesOfBatch(provider_, plan, batch);
    labels.samples.insert(labels.samples.end(), samples.begin(), samples.end());
    for (size_t column = 0; column < kept_.size(); ++column) {
      for (int64_t i = 0; i < plan.size(batch); ++i) {
        labels.kept[column].texts.push_back(kept_[column]->TextOf(plan.indices(batch)[i]));
      }
    }
    CountGaps(plan, batch, data);
    const TensorMap results = model_.Forward(data, {});
    for (Output& output : outputs_) {
      KUR_RETURN_IF_ERROR(AddOutput(plan, batch, results.at(output.name), unreadable, &output));
      if (!output.has_truth) continue;
      AppendRows(Shown(unreadable, data.at(output.name), output), &predictions_.truth[output.name]);
    }
    return absl::OkStatus();
  }

 private:
  void CountGaps(const BatchPlan& plan, int64_t batch, const TensorMap& data) {
    at::Tensor has_gap;
    for (const std::string& input : model_.inputs()) {
      const at::Tensor& values = data.at(input);
      const at::Tensor here = values.isnan().reshape({values.size(0), -1}).any(1);
      has_gap = has_gap.defined() ? has_gap.logical_or(here) : here;
    }
    if (!has_gap.defined() || !has_gap.any().item<bool>()) return;
    const at::Tensor rows = has_gap.nonzero().cpu().reshape({-1});
    if (gaps_ == 0) {
      const int64_t sample = plan.indices(batch)[rows.data_ptr<int64_t>()[0]];
      const std::string name = provider_.NameOf(sample);
      first_gap_ = name.empty() ? absl::StrCat("sample ", sample) : name;
    }
    gaps_ += rows.numel();
  }

  void AddClasses(const Output& output, const ModelEncodings& encodings) {
    if (output.text.has_value() && output.text->is_ctc) return;
    const Encoding* const known = encodings.Find(output.name);
    if (known != nullptr && !known->symbols.empty()) {
      predictions_.labels.classes[output.name] = known->symbols;
    } else if (output.has_truth && !provider_.sources().at(output.name)->symbols().empty()) {
      predictions_.labels.classes[output.name] =
          provider_.sources().at(output.name)->symbols().names;
    }
  }

  absl::Status AddOutput(const BatchPlan& plan, int64_t batch, const at::Tensor& result,
                         const std::vector<int64_t>& unreadable, Output* output) {
    AppendRows(Shown(unreadable, result, *output), &predictions_.result[output->name]);
    const auto is_unreadable = [&](int64_t row) {
      return std::find(unreadable.begin(), unreadable.end(), row) != unreadable.end();
    };
    const int64_t extent = result.dim() > 1 ? result.size(1) : 1;
    std::vector<int64_t> steps(static_cast<size_t>(plan.size(batch)), extent);
    for (int64_t i = 0; i < plan.size(batch) && output->lengths.has_value(); ++i) {
      int64_t& length = steps[static_cast<size_t>(i)];
      if (is_unreadable(i)) {
        length = 0;
        continue;
      }
      KUR_ASSIGN_OR_RETURN(length, output->lengths->LengthOf(plan.indices(batch)[i]));
      length = std::min(length, extent);
    }
    if (output->lengths.has_value()) {
      auto& all = predictions_.labels.lengths[output->name];
      all.insert(all.end(), steps.begin(), steps.end());
    }
    if (!output->text.has_value() || !output->text->Fits(result)) return absl::OkStatus();
    auto& all = predictions_.labels.texts[output->name];
    std::vector<std::string> texts = output->text->Read(result, steps);
    for (const int64_t row : unreadable) texts[static_cast<size_t>(row)].clear();
    all.insert(all.end(), texts.begin(), texts.end());
    return absl::OkStatus();
  }

  const BatchProvider& provider_;
  Model& model_;
  Predictions& predictions_;
  std::vector<const Source*> kept_;
  std::set<std::string> names_;  // of the sources that are read
  std::vector<Output> outputs_;
  int64_t gaps_ = 0;  // samples with inputs that are no numbers
  std::string first_gap_;
};

}  // namespace

void LearnOutputSymbols(const Objective& objective, ModelEncodings* model) {
  for (const Objective::BoundLoss& bound : objective.losses()) {
    if (bound.symbols.empty() || bound.spec->task() != Task::kSequence) continue;
    Encoding* const encoding = model->Learn(bound.spec->target);
    encoding->symbols = bound.symbols;
    encoding->statistics[kBlankIsFirst] = {bound.spec->blank_is_first() ? 1.0 : 0.0};
  }
}

KeptSources InputsHandedThrough(const ModelPlan& plan) {
  KeptSources inputs;
  for (const int output : plan.outputs) {
    const PlannedLayer* layer = &LayerAt(plan, output);
    while (layer->spec->IsIdentity() && layer->inputs.size() == 1) {
      layer = &LayerAt(plan, layer->inputs[0]);
    }
    if (layer->spec->IsInput()) inputs[LayerAt(plan, output).name] = layer->name;
  }
  return inputs;
}

absl::StatusOr<bool> Predict(const BatchProvider& provider, const ModelEncodings& encodings,
                             const KeptSources& keep, const RunHost& host, Objective* objective,
                             Predictions* predictions) {
  const c10::NoGradGuard no_grad;
  constexpr double kProgressInterval = 0.25;
  Predictor predictor(provider, encodings, keep, objective, predictions);
  const BatchPlan plan = provider.EpochPlan(0);
  BatchFeeder feeder(provider, predictor.names(), objective->model().device());
  double last_progress = MonotonicSeconds();
  int64_t samples = 0;
  for (int64_t i = 0; i < plan.num_batches(); ++i) {
    KUR_ASSIGN_OR_RETURN(const TensorMap batch, feeder.Load(plan, i));
    KUR_RETURN_IF_ERROR(predictor.Add(plan, i, batch, feeder.UnreadableRows()));
    samples += plan.size(i);
    if (host.control->IsCancelled()) return false;
    if (MonotonicSeconds() - last_progress > kProgressInterval) {
      last_progress = MonotonicSeconds();
      host.events->OnPassProgress("evaluate", samples, plan.num_samples());
    }
  }
  host.events->OnPassProgress("evaluate", samples, plan.num_samples());
  const std::string gaps = predictor.GapText();
  if (!gaps.empty()) host.events->OnLog(LogLevel::kWarning, gaps);
  return true;
}

}  // namespace kur
