#include "engine/train/objective.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/bincount.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "engine/base/byte_text.h"
#include "engine/base/status.h"
#include "engine/base/suggest.h"
#include "engine/base/system_memory.h"
#include "engine/kurfile/plan/loss_truth.h"
#include "engine/kurfile/plan/resources.h"
#include "engine/train/autocast.h"
#include "engine/train/open_set.h"
#include "engine/value/diagnostics.h"

namespace kur {
namespace {

std::map<std::string, Shape> SourceShapes(const BatchProvider& provider) {
  std::map<std::string, Shape> shapes;
  for (const auto& [name, source] : provider.sources()) shapes[name] = source->shape();
  return shapes;
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

// Returns for each input that is read as indices the layer that has the fewest.
std::map<std::string, const PlannedLayer*> FindIndexedInputs(const ModelPlan& plan) {
  std::map<std::string, const PlannedLayer*> indexed;
  for (const PlannedLayer& layer : plan.layers) {
    if (layer.spec->NumIndices() == 0) continue;
    for (const int index : layer.inputs) {
      const PlannedLayer& input = plan.layers[static_cast<size_t>(index)];
      if (!input.spec->IsInput()) continue;
      const PlannedLayer*& reader = indexed[input.name];
      if (reader == nullptr || layer.spec->NumIndices() < reader->spec->NumIndices()) {
        reader = &layer;
      }
    }
  }
  return indexed;
}

// Refuses what cannot fit before it takes the machine's memory from everybody.
absl::Status CheckMemory(const Kurfile& kurfile, const ModelPlan& plan,
                         const BatchProvider& provider, const RunOptions& options) {
  const bool is_on_processor = c10::Device(options.device).is_cpu();
  if (!is_on_processor && options.device_memory_bytes == 0) return absl::OkStatus();
  const bool training = options.mode == Mode::kTrain;
  const int64_t batch_size = std::min(provider.options().batch_size, provider.num_samples());
  const Resources need =
      EstimateResources(plan, training ? kurfile.sections().train->optimizer.get() : nullptr,
                        batch_size, training && kurfile.sections().train->options.ema.has_value());
  // An axis that varies leaves the activations open, the weights not.
  int64_t bytes = training ? need.training_total : need.inference_total;
  if (bytes == kUnknown) bytes = need.weights;
  const int64_t available = is_on_processor ? TotalMemoryBytes() : options.device_memory_bytes;
  if (bytes == kUnknown || bytes <= available) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("the model needs ", GibText(bytes), " for ", training ? "training" : "computing",
                   " in batches of ", batch_size, " (weights alone ", GibText(need.weights),
                   "), but there are ", GibText(available), is_on_processor ? "" : " on the card",
                   " of memory; make the layers or provider.batch_size smaller"));
}

// Checks that the weights of samples that a loss reads are such.
absl::Status CheckWeights(const LossSpec& loss, const TensorMap& batch, const SampleName& name_of) {
  const auto found = batch.find(loss.sample_weight.value_or(""));
  if (!loss.sample_weight.has_value() || found == batch.end()) return absl::OkStatus();
  const at::Tensor weights = found->second.contiguous();
  for (int64_t row = 0; row < weights.numel(); ++row) {
    const float value = weights.data_ptr<float>()[row];
    if (value >= 0 && std::isfinite(value)) continue;
    return ErrorAt(
        loss.location, loss.key + ".sample_weight",
        absl::StrCat(name_of(row), " weighs ", value, "; a weight is a number of at least 0"));
  }
  return absl::OkStatus();
}

// Returns the names of the samples of a batch.
SampleName NamesIn(const BatchProvider& provider, const int64_t* samples) {
  return [&provider, samples](int64_t row) {
    const std::string name = provider.NameOf(samples[row]);
    return absl::StrCat("sample ", samples[row], name.empty() ? "" : absl::StrCat(" (", name, ")"));
  };
}

// The name, in the encoding of an output, of the weights of its classes.
constexpr char kClassWeights[] = "class_weights";

// Returns how many classes a loss tells apart.
int64_t NumClasses(const Objective::BoundLoss& bound) {
  return bound.spec->task() == Task::kYesOrNo ? 2 : bound.output.back();
}

// Returns the weight of each position of a truth.
at::Tensor ClassWeightsOf(const LossSpec& loss, const at::Tensor& weights,
                          const at::Tensor& truth) {
  switch (loss.task()) {
    case Task::kClasses:
      return truth.matmul(weights);
    case Task::kYesOrNo:
      return truth * weights[1] + (1 - truth) * weights[0];
    default:
      return weights.index_select(0, truth.reshape({-1}).to(at::kLong));
  }
}

// Counts the classes in a set of data; shares of several count as such.
absl::StatusOr<at::Tensor> CountClasses(const Objective::BoundLoss& bound,
                                        const BatchProvider& provider) {
  const int64_t classes = NumClasses(bound);
  at::Tensor counts = at::zeros({classes}, at::kDouble);
  BatchFeeder feeder(provider, {bound.truth[0].name}, c10::Device("cpu"));
  std::vector<int64_t> order(static_cast<size_t>(provider.num_samples()));
  std::iota(order.begin(), order.end(), 0);
  const BatchPlan plan(std::move(order), provider.options().batch_size);
  for (int64_t i = 0; i < plan.num_batches(); ++i) {
    KUR_ASSIGN_OR_RETURN(const TensorMap batch, feeder.Load(plan, i));
    const at::Tensor truth = batch.at(bound.truth[0].name).to(at::kDouble);
    if (bound.spec->task() == Task::kClasses) {
      counts += truth.reshape({-1, classes}).sum(0);
    } else if (bound.spec->task() == Task::kYesOrNo) {
      counts[0] += (1 - truth).sum();
      counts[1] += truth.sum();
    } else {
      counts += at::bincount(truth.reshape({-1}).to(at::kLong), {}, classes);
    }
  }
  return counts;
}

// Returns the weights that make each class count alike; 0 for one that is never there.
absl::StatusOr<std::vector<double>> BalancedWeights(const Objective::BoundLoss& bound,
                                                    const BatchProvider& provider) {
  KUR_ASSIGN_OR_RETURN(const at::Tensor counts, CountClasses(bound, provider));
  const auto* const count = counts.data_ptr<double>();
  const auto total = counts.sum().item<double>();
  std::vector<double> weights;
  for (int64_t i = 0; i < counts.numel(); ++i) {
    weights.push_back(count[i] > 0 ? total / (static_cast<double>(counts.numel()) * count[i]) : 0);
  }
  return weights;
}

absl::StatusOr<std::vector<double>> FindClassWeights(const Objective::BoundLoss& bound,
                                                     const BatchProvider& provider,
                                                     ModelEncodings* model) {
  const ClassWeights& wanted = *bound.spec->class_weights;
  const auto error = [&](const std::string& message) {
    return ErrorAt(bound.spec->location, bound.spec->key + ".class_weights", message);
  };
  const auto classes = static_cast<size_t>(NumClasses(bound));
  if (wanted.is_balanced) {
    const Encoding* const known = model->Find(bound.spec->target);
    if (known != nullptr && known->statistics.count(kClassWeights) > 0 &&
        known->statistics.at(kClassWeights).size() == classes) {
      return known->statistics.at(kClassWeights);
    }
    if (!model->is_learning()) {
      return error(absl::StrCat(model->Owner(bound.spec->target),
                                " no counts of the classes to balance; give a list of numbers"));
    }
    KUR_ASSIGN_OR_RETURN(auto weights, BalancedWeights(bound, provider));
    model->Learn(bound.spec->target)->statistics[kClassWeights] = weights;
    return weights;
  }
  if (!wanted.by_number.empty()) {
    if (wanted.by_number.size() == classes) return wanted.by_number;
    return error(
        absl::StrCat("there are ", wanted.by_number.size(), " numbers for ", classes, " classes"));
  }
  std::vector<std::string> names = bound.symbols;
  for (size_t i = names.size(); i < classes; ++i) names.push_back(absl::StrCat(i));
  std::vector<double> weights(classes, 1);
  for (const auto& [name, weight] : wanted.by_name) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) {
      return error(absl::StrCat("there is no class '", name, "'", DidYouMean(name, names)));
    }
    weights[static_cast<size_t>(found - names.begin())] = weight;
  }
  return weights;
}

}  // namespace

absl::StatusOr<Objective> Objective::Build(const Kurfile& kurfile, const BatchProvider& provider,
                                           const RunOptions& options) {
  ModelPlan plan = kurfile.plan();
  Diagnostics diagnostics;
  KUR_RETURN_IF_ERROR(CheckInputs(plan, provider));
  InferShapes(SourceShapes(provider), &plan, &diagnostics);
  KUR_RETURN_IF_ERROR(diagnostics.ToStatus());
  KUR_RETURN_IF_ERROR(CheckMemory(kurfile, plan, provider, options));
  KUR_ASSIGN_OR_RETURN(Model model, Model::Build(plan, options.seed, c10::Device(options.device)));
  Objective objective(std::move(model), std::move(plan));
  objective.indexed_ = FindIndexedInputs(*objective.plan_);
  for (const auto& spec : kurfile.sections().losses) {
    const absl::Status bound = objective.BindLoss(spec, provider);
    if (options.mode != Mode::kEvaluate) KUR_RETURN_IF_ERROR(bound);
  }
  return objective;
}

absl::Status Objective::BindLoss(const std::shared_ptr<const LossSpec>& spec,
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
  if (spec->sample_weight.has_value()) {
    const auto source = provider.sources().find(*spec->sample_weight);
    const std::string key = spec->key + ".sample_weight";
    if (source == provider.sources().end()) {
      return MissingSource("this loss", *spec->sample_weight, provider, spec->location, key);
    }
    if (source->second->shape() != Shape{1}) {
      return ErrorAt(spec->location, key,
                     absl::StrCat("must be one number for each sample, but has the shape ",
                                  ToString(source->second->shape())));
    }
  }
  bound.symbols = provider.sources().at(bound.truth[0].name)->symbols().names;
  bound.loss = Registry<LossBuilder>::Get().Find(spec->kind())->build(*spec, output);
  const Probabilities fused = spec->fused_with();
  bound.from_logits = fused != Probabilities::kNone && model_.CanGiveLogits(spec->target, fused);
  if (bound.from_logits) as_logits_.insert(spec->target);
  losses_.push_back(std::move(bound));
  return absl::OkStatus();
}

std::set<std::string> Objective::SourceNames() const {
  std::set<std::string> names(model_.inputs().begin(), model_.inputs().end());
  for (const BoundLoss& bound : losses_) {
    for (const TruthSource& source : bound.truth) names.insert(source.name);
    if (bound.spec->sample_weight.has_value()) names.insert(*bound.spec->sample_weight);
  }
  return names;
}

BatchFeeder Objective::FeederOf(const BatchProvider& provider,
                                const std::set<std::string>& also_read, BatchChange change) const {
  BatchFeeder::Options options;
  for (const BoundLoss& bound : losses_) {
    for (const TruthSource& source : bound.truth) {
      if (source.stays_on_host) options.on_host.insert(source.name);
    }
  }
  for (const std::string& input : model_.inputs()) options.on_host.erase(input);
  options.check = [this, &provider](const TensorMap& batch, const int64_t* samples) {
    return CheckBatch(batch, NamesIn(provider, samples));
  };
  options.change = std::move(change);
  std::set<std::string> sources = SourceNames();
  sources.insert(also_read.begin(), also_read.end());
  return BatchFeeder(provider, sources, model_.device(), std::move(options));
}

absl::Status Objective::WeighClasses(const BatchProvider& provider, ModelEncodings* model) {
  for (BoundLoss& bound : losses_) {
    if (!bound.spec->class_weights.has_value()) continue;
    KUR_ASSIGN_OR_RETURN(const std::vector<double> weights,
                         FindClassWeights(bound, provider, model));
    bound.class_weights = at::tensor(weights, at::kFloat).to(model_.device());
  }
  return absl::OkStatus();
}

absl::Status Objective::CheckMixable(const AugmentationSpec& augmentation) const {
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

absl::Status Objective::CheckIndices(const TensorMap& batch, const SampleName& name_of) const {
  for (const auto& [input, layer] : indexed_) {
    const auto found = batch.find(input);
    if (found == batch.end()) continue;
    const at::Tensor numbers = found->second.contiguous();
    const auto* values = numbers.data_ptr<float>();
    const auto wrong = FindInvalidSymbol(values, numbers.numel(), layer->spec->NumIndices());
    if (!wrong.has_value()) continue;
    const int64_t row = *wrong / (numbers.numel() / numbers.size(0));
    return ErrorAt(
        layer->location, layer->path,
        absl::StrCat(name_of(row), " of the source '", input, "' holds ", values[*wrong],
                     ", which the ", layer->kind, " '", layer->name,
                     "' has no vector for: its indices are 0 to ", layer->spec->NumIndices() - 1));
  }
  return absl::OkStatus();
}

absl::Status Objective::CheckBatch(const TensorMap& batch, const SampleName& name_of) const {
  KUR_RETURN_IF_ERROR(CheckIndices(batch, name_of));
  for (const BoundLoss& bound : losses_) {
    KUR_RETURN_IF_ERROR(CheckWeights(*bound.spec, batch, name_of));
    std::vector<at::Tensor> truth;
    for (const TruthSource& source : bound.truth) {
      if (batch.count(source.name) > 0) truth.push_back(batch.at(source.name));
    }
    if (truth.size() < bound.truth.size()) continue;  // CheckValuesOf() has left it out
    KUR_RETURN_IF_ERROR(bound.loss->CheckTruth(truth, name_of));
  }
  return absl::OkStatus();
}

absl::Status Objective::CheckValuesOf(const BatchProvider& provider) const {
  std::set<std::string> names;
  for (const auto& [input, layer] : indexed_) names.insert(input);
  for (const BoundLoss& bound : losses_) {
    if (bound.spec->sample_weight.has_value()) names.insert(*bound.spec->sample_weight);
    const bool is_one_hot = provider.sources().at(bound.truth[0].name)->symbols().is_one_hot;
    if (!bound.loss->HasImpossibleTruth() || (bound.truth.size() == 1 && is_one_hot)) continue;
    for (const TruthSource& source : bound.truth) names.insert(source.name);
  }
  if (names.empty()) return absl::OkStatus();
  BatchFeeder::Options options;
  options.check = [this, &provider](const TensorMap& batch, const int64_t* samples) {
    return CheckBatch(batch, NamesIn(provider, samples));
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

absl::Status Objective::CheckSources(const DataSection& section,
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

absl::StatusOr<std::vector<at::Tensor>> Objective::TruthOf(const BoundLoss& bound,
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

std::string UndefinedLossText(int64_t undefined, int64_t samples) {
  return absl::StrCat(
      "the truth of ", undefined, " of ", samples,
      " samples is too long for their output: no loss is defined for them, and they "
      "counted as 0");
}

TensorMap Objective::Forward(const TensorMap& batch, bool training) {
  const Autocast autocast(precision_, model_.device());
  return model_.Forward(batch, {training}, as_logits_);
}

absl::StatusOr<LossValue> Objective::ComputeOne(const BoundLoss& bound, const at::Tensor& output,
                                                const std::vector<at::Tensor>& truth,
                                                const TensorMap& batch) {
  const auto& sample_weight = bound.spec->sample_weight;
  if (!sample_weight.has_value() && !bound.class_weights.defined()) {
    return bound.loss->Compute(output, truth, bound.from_logits);
  }
  at::Tensor each = bound.loss->ComputeEach(output, truth, bound.from_logits);
  if (bound.class_weights.defined()) {
    each = each * ClassWeightsOf(*bound.spec, bound.class_weights, truth[0]).reshape(each.sizes());
  }
  if (sample_weight.has_value()) {
    std::vector<int64_t> shape(static_cast<size_t>(each.dim()), 1);
    shape[0] = each.size(0);
    each = each * batch.at(*sample_weight).reshape(shape);
  }
  return LossValue{each.mean()};
}

absl::StatusOr<Objective::BatchLoss> Objective::ComputeLoss(const TensorMap& batch, bool training) {
  const TensorMap outputs = Forward(batch, training);
  BatchLoss result;
  std::vector<at::Tensor> losses;
  for (const BoundLoss& bound : losses_) {
    KUR_ASSIGN_OR_RETURN(const std::vector<at::Tensor> truth, TruthOf(bound, batch));
    KUR_ASSIGN_OR_RETURN(const LossValue loss,
                         ComputeOne(bound, outputs.at(bound.spec->target), truth, batch));
    const at::Tensor weighted =
        bound.spec->weight == 1 ? loss.mean : loss.mean * bound.spec->weight;
    result.total = result.total.defined() ? result.total + weighted : weighted;
    losses.push_back(weighted);
    result.undefined += loss.skipped;
  }
  // The device is waited for only here, when all is under way.
  for (size_t i = 0; i < losses.size(); ++i) {
    result.losses.emplace_back(losses_[i].spec->target, losses[i].item<double>());
    result.value += result.losses.back().second;
  }
  return result;
}

}  // namespace kur
