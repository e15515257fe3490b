#include "engine/train/workload.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <c10/core/GradMode.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "engine/base/status.h"
#include "engine/base/suggest.h"
#include "engine/base/system_memory.h"
#include "engine/data/supplier.h"
#include "engine/kurfile/diagnostics.h"
#include "engine/kurfile/resources.h"
#include "engine/train/stopwatch.h"

namespace kur {
namespace {

std::map<std::string, Shape> SourceShapes(const BatchProvider& provider) {
  std::map<std::string, Shape> shapes;
  for (const auto& [name, source] : provider.sources()) shapes[name] = source->shape();
  return shapes;
}

std::vector<std::string> SourceList(const BatchProvider& provider) {
  std::vector<std::string> names;
  for (const auto& [name, source] : provider.sources()) names.push_back(name);
  return names;
}

absl::Status MissingSource(const std::string& what, const std::string& name,
                           const BatchProvider& provider, const Location& location,
                           const std::string& key) {
  const auto names = SourceList(provider);
  return ErrorAt(location, key,
                 absl::StrCat("the data has no source '", name, "' for ", what,
                              DidYouMean(name, names), "; it has: ", absl::StrJoin(names, ", ")));
}

absl::Status CheckInputs(const ModelPlan& plan, const BatchProvider& provider) {
  for (const int input : plan.inputs) {
    const PlannedLayer& layer = plan.layers[static_cast<size_t>(input)];
    if (provider.sources().count(layer.name) == 0) {
      return MissingSource("this input", layer.name, provider, layer.location, layer.path);
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<OpenSet>> OpenData(const DataSection& section, const PathResolver& paths,
                                              uint64_t seed, bool randomize) {
  std::vector<OpenSet> sets;
  ProviderOptions options = section.provider;
  if (!randomize) options.randomize = false;
  for (const DataSet& set : section.sets) {
    KUR_ASSIGN_OR_RETURN(SourceMap sources, OpenSuppliers(set.suppliers, paths));
    auto provider = BatchProvider::Create(std::move(sources), options, seed);
    if (!provider.ok()) {
      if (!DiagnosticsOf(provider.status()).empty()) return provider.status();
      return ErrorAt(section.location, "data", std::string(provider.status().message()));
    }
    sets.push_back({section.sets.size() > 1 ? set.name : "", *std::move(provider)});
  }
  if (sets.empty()) return ErrorAt(section.location, "data", "there is no data");
  return sets;
}

BatchFeeder::BatchFeeder(const BatchProvider& provider, const std::set<std::string>& names,
                         c10::Device device)
    : provider_(provider), device_(device) {
  const int64_t batch_size = std::min(provider.options().batch_size, provider.num_samples());
  for (const std::string& name : names) {
    const auto source = provider.sources().find(name);
    if (source == provider.sources().end()) continue;
    std::vector<int64_t> shape = {batch_size};
    shape.insert(shape.end(), source->second->shape().begin(), source->second->shape().end());
    auto options = at::TensorOptions(at::kFloat);
    if (device.is_cuda()) options = options.pinned_memory(true);
    buffers_[name] = at::empty(shape, options);
  }
}

absl::StatusOr<TensorMap> BatchFeeder::Load(const BatchPlan& plan, int64_t batch) {
  std::map<std::string, float*> targets;
  TensorMap tensors;
  const int64_t size = plan.size(batch);
  for (auto& [name, buffer] : buffers_) {
    targets[name] = buffer.data_ptr<float>();
    tensors[name] = buffer.narrow(0, 0, size);
  }
  KUR_RETURN_IF_ERROR(provider_.Gather(plan, batch, targets));
  if (!device_.is_cpu()) {
    for (auto& [name, tensor] : tensors) tensor = tensor.to(device_);
  }
  return tensors;
}

namespace {

std::string GibText(int64_t bytes) {
  constexpr double kGib = 1 << 30;
  return absl::StrFormat("%.1f GiB", static_cast<double>(bytes) / kGib);
}

// Refuses what cannot fit before it takes the machine's memory from everybody.
absl::Status CheckMemory(const Kurfile& kurfile, const ModelPlan& plan,
                         const BatchProvider& provider, Mode mode) {
  const bool training = mode == Mode::kTrain;
  const int64_t batch_size = std::min(provider.options().batch_size, provider.num_samples());
  const Resources need = EstimateResources(
      plan, training ? kurfile.sections().train->optimizer.get() : nullptr, batch_size);
  // An axis that varies leaves the activations open, the weights not.
  int64_t bytes = training ? need.training_total : need.inference_total;
  if (bytes == kUnknown) bytes = need.weights;
  const int64_t available = TotalMemoryBytes();
  if (bytes == kUnknown || bytes <= available) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat(
      "the model needs ", GibText(bytes), " for ", training ? "training" : "computing",
      " in batches of ", batch_size, " (weights alone ", GibText(need.weights), "), but there are ",
      GibText(available), " of memory; make the layers or provider.batch_size smaller"));
}

}  // namespace

absl::StatusOr<Workload> Workload::Build(const Kurfile& kurfile, const BatchProvider& provider,
                                         const RunOptions& options) {
  ModelPlan plan = kurfile.plan();
  Diagnostics diagnostics;
  KUR_RETURN_IF_ERROR(CheckInputs(plan, provider));
  InferShapes(SourceShapes(provider), &plan, &diagnostics);
  KUR_RETURN_IF_ERROR(diagnostics.ToStatus());
  if (c10::Device(options.device).is_cpu()) {
    KUR_RETURN_IF_ERROR(CheckMemory(kurfile, plan, provider, options.mode));
  }
  KUR_ASSIGN_OR_RETURN(Model model, Model::Build(plan, options.seed, c10::Device(options.device)));
  Workload workload(std::move(model), std::move(plan));
  if (options.mode == Mode::kEvaluate) return workload;
  for (const auto& spec : kurfile.sections().losses) {
    const auto source = provider.sources().find(spec->target);
    if (source == provider.sources().end()) {
      return MissingSource("this loss", spec->target, provider, spec->location,
                           spec->key + ".target");
    }
    const PlannedLayer* output = workload.plan_.Find(spec->target);
    const Shape& truth = source->second->shape();
    if (IsKnown(output->shape) && output->shape != truth) {
      return ErrorAt(
          spec->location, spec->key + ".target",
          absl::StrCat("the output '", spec->target, "' has the shape ", ToString(output->shape),
                       ", but the data of that name has ", ToString(truth)));
    }
    BoundLoss bound{spec->target, spec->weight, false,
                    Registry<LossBuilder>::Get().Find(spec->kind())->build(*spec)};
    bound.from_logits = bound.loss->PrefersLogits() && workload.model_.CanGiveLogits(spec->target);
    if (bound.from_logits) workload.as_logits_.insert(spec->target);
    workload.losses_.push_back(std::move(bound));
  }
  return workload;
}

std::set<std::string> Workload::SourceNames() const {
  std::set<std::string> names(model_.inputs().begin(), model_.inputs().end());
  for (const BoundLoss& loss : losses_) names.insert(loss.target);
  return names;
}

absl::Status Workload::CheckSources(const DataSection& section,
                                    const BatchProvider& provider) const {
  for (const std::string& name : SourceNames()) {
    const auto source = provider.sources().find(name);
    if (source == provider.sources().end()) {
      return MissingSource("the model", name, provider, section.location, "data");
    }
    const PlannedLayer* layer = plan_.Find(name);
    bool fits = layer->shape.size() == source->second->shape().size();
    for (size_t i = 0; fits && i < layer->shape.size(); ++i) {
      fits = layer->shape[i] == kUnknown || layer->shape[i] == source->second->shape()[i];
    }
    if (!fits) {
      return ErrorAt(section.location, "data",
                     absl::StrCat("the source '", name, "' has samples of the shape ",
                                  ToString(source->second->shape()), ", but the model needs ",
                                  ToString(layer->shape)));
    }
  }
  return absl::OkStatus();
}

Workload::BatchLoss Workload::ComputeLoss(const TensorMap& batch, bool training,
                                          MetricSums* metrics) {
  const TensorMap outputs = model_.Forward(batch, {training}, as_logits_);
  BatchLoss result;
  for (const BoundLoss& bound : losses_) {
    const at::Tensor& prediction = outputs.at(bound.target);
    const at::Tensor& truth = batch.at(bound.target);
    const at::Tensor loss = bound.loss->Compute(prediction, truth, bound.from_logits);
    const at::Tensor weighted = bound.weight == 1 ? loss : loss * bound.weight;
    result.total = result.total.defined() ? result.total + weighted : weighted;
    result.losses.emplace_back(bound.target, weighted.item<double>());
    result.value += result.losses.back().second;
    if (metrics != nullptr) bound.loss->Measure(prediction, truth, metrics);
  }
  return result;
}

absl::StatusOr<std::optional<Measurement>> Workload::Measure(const std::string& section,
                                                             const OpenSet& set,
                                                             std::optional<int64_t> max_batches,
                                                             RunObserver* observer) {
  constexpr double kProgressInterval = 0.25;
  const c10::NoGradGuard no_grad;
  const double start = MonotonicSeconds();
  double last_progress = start;
  Measurement measurement;
  measurement.section = section;
  measurement.set = set.name;
  MetricSums metrics;
  std::map<std::string, double> sums;
  const BatchPlan plan = set.provider.EpochPlan(0);
  const int64_t batches = std::min(plan.num_batches(), max_batches.value_or(plan.num_batches()));
  BatchFeeder feeder(set.provider, SourceNames(), model_.device());
  for (int64_t i = 0; i < batches; ++i) {
    KUR_ASSIGN_OR_RETURN(const TensorMap batch, feeder.Load(plan, i));
    const BatchLoss loss = ComputeLoss(batch, /*training=*/false, &metrics);
    const auto size = static_cast<double>(plan.size(i));
    for (const auto& [name, value] : loss.losses) sums[name] += value * size;
    measurement.samples += plan.size(i);
    if (observer->CancelRequested()) return std::optional<Measurement>();
    if (MonotonicSeconds() - last_progress > kProgressInterval) {
      last_progress = MonotonicSeconds();
      observer->OnPassProgress(section, measurement.samples, plan.num_samples());
    }
  }
  for (const auto& [name, sum] : sums) {
    measurement.losses[name] = sum / static_cast<double>(measurement.samples);
    measurement.loss += measurement.losses[name];
  }
  for (const auto& [name, metric] : metrics) {
    measurement.metrics[name] = metric.sum / static_cast<double>(metric.count);
  }
  measurement.seconds = MonotonicSeconds() - start;
  return std::optional<Measurement>(std::move(measurement));
}

absl::StatusOr<HookData> Workload::FirstBatch(const OpenSet& set) {
  const c10::NoGradGuard no_grad;
  BatchFeeder feeder(set.provider, SourceNames(), model_.device());
  KUR_ASSIGN_OR_RETURN(const TensorMap batch, feeder.Load(set.provider.EpochPlan(0), 0));
  HookData data;
  for (const auto& [name, output] : model_.Forward(batch, {})) {
    data.result[name] = output.to(at::kCPU, at::kFloat).contiguous();
    const auto truth = batch.find(name);
    // A copy, as the feeder's buffers end with it.
    if (truth != batch.end()) data.truth[name] = truth->second.to(at::kCPU).clone();
  }
  return data;
}

}  // namespace kur
