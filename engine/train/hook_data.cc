#include "engine/train/hook_data.h"

#include <ATen/ops/from_blob.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/status.h"
#include "engine/metrics/transcripts.h"
#include "engine/train/evaluation.h"

namespace kur {
namespace {

absl::Status ReadSymbols(const TensorMap& batch, const BatchProvider& provider,
                         Objective* objective, HookData* data) {
  for (const std::string& input : objective->model().inputs()) {
    const auto& symbols = provider.sources().at(input)->symbols().names;
    const at::Tensor sample = batch.at(input)[0];
    auto given = NamesOf(sample, sample, symbols);
    if (!given.empty()) data->input_symbols[input] = std::move(given);
  }
  for (const Objective::BoundLoss& bound : objective->losses()) {
    if (bound.symbols.empty()) continue;
    const at::Tensor& output = data->result.at(bound.spec->target);
    KUR_ASSIGN_OR_RETURN(std::vector<at::Tensor> truth, objective->TruthOf(bound, batch));
    SymbolSample sample;
    if (bound.spec->task() == Task::kSequence) {
      for (at::Tensor& tensor : truth) tensor = tensor.narrow(0, 0, 1);
      const Transcript first =
          DecodeTranscripts(MetricContextOf(bound), output.narrow(0, 0, 1), truth)[0];
      sample = {NamesOf(first.predicted, bound.symbols), NamesOf(first.truth, bound.symbols)};
    } else {
      const at::Tensor given = truth[0][0];
      sample = {NamesOf(output[0], given, bound.symbols), NamesOf(given, given, bound.symbols)};
    }
    data->output_symbols[bound.spec->target] = std::move(sample);
  }
  return absl::OkStatus();
}

std::map<std::string, at::Tensor> ToTensors(std::map<std::string, ResultColumn>* columns) {
  std::map<std::string, at::Tensor> tensors;
  for (auto& [name, column] : *columns) {
    int64_t row = sizeof(float);
    for (const int64_t extent : column.sample_shape) row *= extent;
    std::vector<int64_t> shape = {static_cast<int64_t>(column.bytes.size()) / row};
    shape.insert(shape.end(), column.sample_shape.begin(), column.sample_shape.end());
    tensors[name] = at::from_blob(column.bytes.data(), shape, at::kFloat);
  }
  return tensors;
}

std::map<std::string, ResultColumn> ToColumns(const std::map<std::string, at::Tensor>& tensors) {
  std::map<std::string, ResultColumn> columns;
  for (const auto& [name, tensor] : tensors) AppendRows(tensor, &columns[name]);
  return columns;
}

}  // namespace

std::vector<std::string> NamesOfBatch(const BatchProvider& provider, const BatchPlan& plan,
                                      int64_t batch) {
  std::vector<std::string> names;
  for (int64_t i = 0; i < plan.size(batch); ++i) {
    names.push_back(provider.NameOf(plan.indices(batch)[i]));
  }
  const bool has_names = std::any_of(names.begin(), names.end(),
                                     [](const std::string& name) { return !name.empty(); });
  return has_names ? names : std::vector<std::string>();
}

absl::StatusOr<HookData> FirstBatchOf(const OpenSet& set, Objective* objective) {
  const c10::NoGradGuard no_grad;
  BatchFeeder feeder(set.provider, objective->SourceNames(), objective->model().device());
  KUR_ASSIGN_OR_RETURN(const TensorMap batch, feeder.Load(set.provider.EpochPlan(0), 0));
  HookData data;
  const BatchPlan plan = set.provider.EpochPlan(0);
  data.labels.samples = NamesOfBatch(set.provider, plan, 0);
  for (const Objective::BoundLoss& bound : objective->losses()) {
    if (!bound.symbols.empty()) data.labels.classes[bound.spec->target] = bound.symbols;
  }
  for (const auto& [name, output] : objective->model().Forward(batch, {})) {
    data.result[name] = output.to(at::kCPU, at::kFloat).contiguous();
    const auto truth = batch.find(name);
    // A copy, as the feeder's buffers end with it.
    if (truth != batch.end()) data.truth[name] = truth->second.to(at::kCPU).clone();
  }
  KUR_RETURN_IF_ERROR(ReadSymbols(batch, set.provider, objective, &data));
  return data;
}

HookData ToHookData(Predictions* predictions) {
  HookData data;
  data.result = ToTensors(&predictions->result);
  data.truth = ToTensors(&predictions->truth);
  data.labels = predictions->labels;
  return data;
}

Predictions ToPredictions(const HookData& data) {
  return {ToColumns(data.result), ToColumns(data.truth), data.labels};
}

}  // namespace kur
