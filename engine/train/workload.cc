#include "engine/train/workload.h"

#include <ATen/TensorOperators.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "engine/base/status.h"
#include "engine/base/suggest.h"
#include "engine/base/system_memory.h"
#include "engine/kurfile/plan/loss_truth.h"
#include "engine/kurfile/plan/resources.h"
#include "engine/metrics/transcripts.h"
#include "engine/train/autocast.h"
#include "engine/train/stopwatch.h"
#include "engine/value/diagnostics.h"

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

// True if what has the shape `given` can stand where `wanted` is asked for: an axis that varies
// takes any extent.
bool Fits(const Shape& given, const Shape& wanted) {
  return std::equal(given.begin(), given.end(), wanted.begin(), wanted.end(),
                    [](int64_t is, int64_t must) { return must == kUnknown || is == must; });
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

OpenContext MakeOpenContext(const Kurfile& kurfile, const PathResolver& paths, Mode mode,
                            const RunHost& host) {
  OpenContext context(paths);
  context.seed = kurfile.seed().value_or(0);
  context.warn = [host](const std::string& text) { host.events->OnLog(LogLevel::kWarning, text); };
  if (mode != Mode::kTrain) return context;
  context.write = [host](const FileReference& file, const std::string& content) {
    ArtifactInfo info;
    info.file = file;
    info.kind = ArtifactInfo::Kind::kResult;
    info.description = "statistics of the data";
    return host.artifacts->WriteArtifact(info, content);
  };
  return context;
}

absl::StatusOr<std::vector<OpenSet>> OpenData(const DataSection& section,
                                              const OpenContext& context, uint64_t seed,
                                              bool randomize) {
  std::vector<OpenSet> sets;
  ProviderOptions options = section.provider;
  if (!randomize) options.randomize.on = false;
  for (const DataSet& set : section.sets) {
    KUR_ASSIGN_OR_RETURN(SourceMap sources, OpenSuppliers(set.suppliers, context));
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

absl::Status CheckHasSource(const BatchProvider& provider, const std::string& source,
                            const std::string& key, const Location& location) {
  if (provider.sources().count(source) > 0) return absl::OkStatus();
  return MissingSource("this key", source, provider, location, key);
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
  const Resources need =
      EstimateResources(plan, training ? kurfile.sections().train->optimizer.get() : nullptr,
                        batch_size, training && kurfile.sections().train->options.ema.has_value());
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
  for (const auto& spec : kurfile.sections().losses) {
    const absl::Status bound = workload.BindLoss(spec, provider);
    if (options.mode != Mode::kEvaluate) KUR_RETURN_IF_ERROR(bound);
  }
  if (options.mode == Mode::kEvaluate) return workload;
  KUR_RETURN_IF_ERROR(workload.BindMetrics(kurfile.sections()));
  return workload;
}

absl::Status Workload::BindLoss(const std::shared_ptr<const LossSpec>& spec,
                                const BatchProvider& provider) {
  const Shape& output = plan_->Find(spec->target)->shape;
  KUR_RETURN_IF_ERROR(CheckTruth(*spec, output, SourceShapes(provider), UnknownExtent::kVaries));
  BoundLoss bound;
  bound.spec = spec;
  bound.output = output;
  KUR_ASSIGN_OR_RETURN(bound.truth, spec->Truth(output));
  for (const TruthSource& source : bound.truth) {
    if (provider.sources().count(source.name) == 0) {
      return MissingSource("this loss", source.name, provider, spec->location,
                           absl::StrCat(spec->key, ".", source.key));
    }
    if (!source.scaled_from.empty()) {
      scalers_.try_emplace({source.scaled_from, spec->target}, *plan_, source.scaled_from,
                           spec->target);
    }
  }
  bound.symbols = provider.sources().at(bound.truth[0].name)->symbols();
  bound.loss = Registry<LossBuilder>::Get().Find(spec->kind())->build(*spec, output);
  const Probabilities fused = spec->fused_with();
  bound.from_logits = fused != Probabilities::kNone && model_.CanGiveLogits(spec->target, fused);
  if (bound.from_logits) as_logits_.insert(spec->target);
  losses_.push_back(std::move(bound));
  return absl::OkStatus();
}

absl::Status Workload::BindMetrics(const Sections& sections) {
  Diagnostics diagnostics;
  const auto bind = [&](const std::string& section, const MetricList& asked) {
    auto& chosen = metrics_[section];
    for (ChosenMetric& metric : ChooseMetrics(asked, sections.losses, &diagnostics)) {
      const BoundLoss& bound = losses_[metric.loss];
      const absl::Status readable = metric.spec->CheckSymbols(bound.symbols);
      if (!readable.ok() && !metric.asked) continue;
      absl::Status suits = metric.spec->CheckOutput(bound.spec->task(), bound.output);
      suits.Update(readable);
      if (!suits.ok()) diagnostics.Append(suits, metric.spec->location, metric.spec->key);
      chosen.push_back(std::move(metric));
    }
  };
  if (sections.validate) bind("validate", sections.validate->metrics);
  if (sections.test) bind("test", sections.test->metrics);
  return diagnostics.ToStatus();
}

std::set<std::string> Workload::SourceNames() const {
  std::set<std::string> names(model_.inputs().begin(), model_.inputs().end());
  for (const BoundLoss& bound : losses_) {
    for (const TruthSource& source : bound.truth) names.insert(source.name);
  }
  return names;
}

BatchFeeder Workload::FeederOf(const BatchProvider& provider,
                               const std::set<std::string>& also_read, BatchChange change) const {
  BatchFeeder::Options options;
  for (const BoundLoss& bound : losses_) {
    for (const TruthSource& source : bound.truth) {
      if (source.stays_on_host) options.on_host.insert(source.name);
    }
  }
  for (const std::string& input : model_.inputs()) options.on_host.erase(input);
  options.check = [this](const TensorMap& batch, const int64_t* samples) {
    return CheckBatch(batch, samples);
  };
  options.change = std::move(change);
  std::set<std::string> sources = SourceNames();
  sources.insert(also_read.begin(), also_read.end());
  return BatchFeeder(provider, sources, model_.device(), std::move(options));
}

absl::Status Workload::CheckMixable(const AugmentationSpec& augmentation) const {
  for (const BoundLoss& bound : losses_) {
    const std::vector<Shape>& shapes = bound.truth[0].shapes;
    const bool is_like_output =
        std::find(shapes.begin(), shapes.end(), bound.output) != shapes.end();
    if (bound.truth.size() == 1 && is_like_output) continue;
    return ErrorAt(augmentation.location, augmentation.key,
                   absl::StrCat(augmentation.kind(), " cannot mix what the loss '",
                                bound.spec->kind(), "' of '", bound.spec->target,
                                "' compares with; it needs one value for each of the output, as "
                                "categorical_crossentropy has"));
  }
  return absl::OkStatus();
}

absl::Status Workload::CheckBatch(const TensorMap& batch, const int64_t* samples) const {
  for (const BoundLoss& bound : losses_) {
    std::vector<at::Tensor> truth;
    for (const TruthSource& source : bound.truth) truth.push_back(batch.at(source.name));
    KUR_RETURN_IF_ERROR(bound.loss->CheckTruth(truth, samples));
  }
  return absl::OkStatus();
}

absl::Status Workload::CheckTruthOf(const BatchProvider& provider) const {
  std::set<std::string> names;
  for (const BoundLoss& bound : losses_) {
    for (const TruthSource& source : bound.truth) names.insert(source.name);
  }
  if (names.empty()) return absl::OkStatus();
  BatchFeeder::Options options;
  options.check = [this](const TensorMap& batch, const int64_t* samples) {
    return CheckBatch(batch, samples);
  };
  BatchFeeder feeder(provider, names, c10::Device("cpu"), std::move(options));
  std::vector<int64_t> order(static_cast<size_t>(provider.num_samples()));
  std::iota(order.begin(), order.end(), 0);
  const BatchPlan plan(std::move(order), provider.options().batch_size);
  for (int64_t i = 0; i < plan.num_batches(); ++i) {
    KUR_RETURN_IF_ERROR(feeder.Load(plan, i).status());
  }
  return absl::OkStatus();
}

absl::Status Workload::CheckSources(const DataSection& section,
                                    const BatchProvider& provider) const {
  for (const std::string& name : SourceNames()) {
    const auto source = provider.sources().find(name);
    if (source == provider.sources().end()) {
      return MissingSource("the model", name, provider, section.location, "data");
    }
    const PlannedLayer* layer = plan_->Find(name);
    if (layer == nullptr || !layer->spec->IsInput()) continue;
    if (!Fits(source->second->shape(), layer->shape)) {
      return ErrorAt(section.location, "data",
                     absl::StrCat("the source '", name, "' has samples of the shape ",
                                  ToString(source->second->shape()), ", but the model needs ",
                                  ToString(layer->shape)));
    }
  }
  for (const BoundLoss& bound : losses_) {
    const Shape& output = plan_->Find(bound.spec->target)->shape;
    KUR_RETURN_IF_ERROR(
        CheckTruth(*bound.spec, output, SourceShapes(provider), UnknownExtent::kVaries));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<at::Tensor>> Workload::TruthOf(const BoundLoss& bound,
                                                          const TensorMap& batch) {
  std::vector<at::Tensor> truth;
  for (const TruthSource& source : bound.truth) {
    at::Tensor tensor = batch.at(source.name);
    if (source.stays_on_host) tensor = tensor.cpu();
    if (!source.scaled_from.empty()) {
      LengthScaler& scaler = scalers_.at({source.scaled_from, bound.spec->target});
      tensor = tensor.contiguous().clone();
      auto* lengths = tensor.data_ptr<float>();
      for (int64_t i = 0; i < tensor.numel(); ++i) {
        const auto scaled = scaler.Scale(static_cast<int64_t>(lengths[i]));
        if (!scaled.ok()) {
          return ErrorAt(bound.spec->location, absl::StrCat(bound.spec->key, ".", source.key),
                         std::string(scaled.status().message()));
        }
        lengths[i] = static_cast<float>(*scaled);
      }
    }
    truth.push_back(std::move(tensor));
  }
  return truth;
}

std::string SkippedText(int64_t skipped, int64_t samples) {
  return absl::StrCat(
      "the truth of ", skipped, " of ", samples,
      " samples is too long for their output: no loss is defined for them, and they "
      "counted as 0");
}

TensorMap Workload::Forward(const TensorMap& batch, bool training) {
  const Autocast autocast(precision_, model_.device());
  return model_.Forward(batch, {training}, as_logits_);
}

absl::StatusOr<Workload::BatchLoss> Workload::ComputeLoss(const TensorMap& batch, bool training) {
  const TensorMap outputs = Forward(batch, training);
  BatchLoss result;
  std::vector<at::Tensor> losses;
  for (const BoundLoss& bound : losses_) {
    KUR_ASSIGN_OR_RETURN(const std::vector<at::Tensor> truth, TruthOf(bound, batch));
    KUR_ASSIGN_OR_RETURN(const LossValue loss, bound.loss->Compute(outputs.at(bound.spec->target),
                                                                   truth, bound.from_logits));
    const at::Tensor weighted =
        bound.spec->weight == 1 ? loss.mean : loss.mean * bound.spec->weight;
    result.total = result.total.defined() ? result.total + weighted : weighted;
    losses.push_back(weighted);
    result.skipped += loss.skipped;
  }
  // Only now, when all is under way, the device is waited for.
  for (size_t i = 0; i < losses.size(); ++i) {
    result.losses.emplace_back(losses_[i].spec->target, losses[i].item<double>());
    result.value += result.losses.back().second;
  }
  return result;
}

MetricContext Workload::ContextOf(const BoundLoss& bound) {
  return {bound.spec->task(), bound.output, bound.from_logits, bound.spec->blank_is_first(),
          bound.symbols};
}

Workload::Tally Workload::NewTally(const std::string& section) const {
  Tally tally;
  tally.losses.resize(losses_.size());
  for (const ChosenMetric& metric : metrics_.at(section)) {
    const MetricBuilder* builder = Registry<MetricBuilder>::Get().Find(metric.spec->kind());
    tally.metrics.push_back(builder->build(*metric.spec, ContextOf(losses_[metric.loss])));
  }
  return tally;
}

absl::Status Workload::AddBatch(const TensorMap& batch, const std::string& section, int64_t size,
                                Tally* tally) {
  const TensorMap outputs = Forward(batch, /*training=*/false);
  const std::vector<ChosenMetric>& metrics = metrics_.at(section);
  for (size_t i = 0; i < losses_.size(); ++i) {
    const BoundLoss& bound = losses_[i];
    const at::Tensor& prediction = outputs.at(bound.spec->target);
    KUR_ASSIGN_OR_RETURN(const std::vector<at::Tensor> truth, TruthOf(bound, batch));
    KUR_ASSIGN_OR_RETURN(const LossValue loss,
                         bound.loss->Compute(prediction, truth, bound.from_logits));
    AddTo(&tally->losses[i],
          loss.mean.to(at::kDouble) * (bound.spec->weight * static_cast<double>(size)));
    tally->skipped += loss.skipped;
    for (size_t j = 0; j < metrics.size(); ++j) {
      if (metrics[j].loss == i) tally->metrics[j]->Add(prediction, truth);
    }
  }
  tally->samples += size;
  return absl::OkStatus();
}

void Workload::Report(const std::string& section, const Tally& tally,
                      Measurement* measurement) const {
  measurement->samples = tally.samples;
  for (size_t i = 0; i < losses_.size(); ++i) {
    const double loss = tally.losses[i].item<double>() / static_cast<double>(tally.samples);
    measurement->losses[losses_[i].spec->target] = loss;
    measurement->loss += loss;
  }
  const std::vector<ChosenMetric>& metrics = metrics_.at(section);
  for (size_t j = 0; j < metrics.size(); ++j) {
    // With several outputs, a name alone would not tell of which.
    const std::string prefix =
        losses_.size() > 1 ? absl::StrCat(losses_[metrics[j].loss].spec->target, ".") : "";
    for (const auto& [name, value] : tally.metrics[j]->Values()) {
      measurement->metrics[prefix + name] = value;
    }
  }
}

absl::StatusOr<std::optional<Measurement>> Workload::Measure(const std::string& section,
                                                             const OpenSet& set,
                                                             std::optional<int64_t> max_batches,
                                                             const RunHost& host, int64_t number) {
  constexpr double kProgressInterval = 0.25;
  const c10::NoGradGuard no_grad;
  const double start = MonotonicSeconds();
  double last_progress = start;
  Tally tally = NewTally(section);
  const BatchPlan plan = set.provider.EpochPlan(number);
  const int64_t batches = std::min(plan.num_batches(), max_batches.value_or(plan.num_batches()));
  BatchFeeder feeder = FeederOf(set.provider);
  for (int64_t i = 0; i < batches; ++i) {
    KUR_ASSIGN_OR_RETURN(const TensorMap batch, feeder.Load(plan, i));
    KUR_RETURN_IF_ERROR(AddBatch(batch, section, plan.size(i), &tally));
    if (host.control->IsCancelled()) return std::optional<Measurement>();
    if (MonotonicSeconds() - last_progress > kProgressInterval) {
      last_progress = MonotonicSeconds();
      host.events->OnPassProgress(section, tally.samples, plan.num_samples());
    }
  }
  if (tally.skipped > 0) {
    host.events->OnLog(LogLevel::kWarning, SkippedText(tally.skipped, tally.samples));
  }
  Measurement measurement;
  measurement.section = section;
  measurement.set = set.name;
  Report(section, tally, &measurement);
  measurement.seconds = MonotonicSeconds() - start;
  return std::optional<Measurement>(std::move(measurement));
}

absl::Status Workload::ReadSymbols(const TensorMap& batch, const BatchProvider& provider,
                                   HookData* data) {
  for (const std::string& input : model_.inputs()) {
    const auto& symbols = provider.sources().at(input)->symbols();
    auto given = SymbolsOf(batch.at(input)[0], symbols);
    if (!given.empty()) data->input_symbols[input] = std::move(given);
  }
  for (const BoundLoss& bound : losses_) {
    if (bound.symbols.empty()) continue;
    const at::Tensor& output = data->result.at(bound.spec->target);
    KUR_ASSIGN_OR_RETURN(std::vector<at::Tensor> truth, TruthOf(bound, batch));
    SymbolSample sample;
    if (bound.spec->task() == Task::kSequence) {
      for (at::Tensor& tensor : truth) tensor = tensor.narrow(0, 0, 1);
      const Transcript first = Transcribe(ContextOf(bound), output.narrow(0, 0, 1), truth)[0];
      sample = {SymbolsOf(first.predicted, bound.symbols), SymbolsOf(first.truth, bound.symbols)};
    } else {
      sample = {SymbolsOf(output[0], bound.symbols), SymbolsOf(truth[0][0], bound.symbols)};
    }
    data->output_symbols[bound.spec->target] = std::move(sample);
  }
  return absl::OkStatus();
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
  KUR_RETURN_IF_ERROR(ReadSymbols(batch, set.provider, &data));
  return data;
}

}  // namespace kur
