#include "engine/kurfile/plan/resources.h"

#include <algorithm>
#include <vector>

namespace kur {
namespace {

constexpr int64_t kFloatBytes = sizeof(float);

// Returns kUnknown if a term is kUnknown or the sum overflows.
int64_t Sum(int64_t a, int64_t b) {
  int64_t sum = 0;
  if (a == kUnknown || b == kUnknown || __builtin_add_overflow(a, b, &sum)) return kUnknown;
  return sum;
}

int64_t OutputBytes(const PlannedLayer& layer) {
  return layer.shape_known ? Product({NumElements(layer.shape), kFloatBytes}) : kUnknown;
}

int64_t WeightBytes(const PlannedLayer& layer) {
  if (!layer.shape_known) return kUnknown;
  int64_t bytes = 0;
  if (!layer.weights_of.empty()) return bytes;
  for (const WeightInfo& weight : layer.weights) {
    bytes = Sum(bytes, Product({NumElements(weight.shape), kFloatBytes}));
  }
  return bytes;
}

// The memory of all outputs. A view uses the memory of another output. Immutable, thread-safe.
class ActivationMemory {
 public:
  explicit ActivationMemory(const ModelPlan& plan) : plan_(plan), owner_(plan.layers.size()) {
    for (size_t i = 0; i < plan.layers.size(); ++i) {
      const PlannedLayer& layer = plan.layers[i];
      owner_[i] = layer.saved.is_view && !layer.inputs.empty() ? owner_[Index(layer.inputs[0])] : i;
    }
  }

  // Returns the bytes that a forward pass leaves in memory for the backward pass of one sample.
  int64_t SavedBytes() const {
    std::vector<bool> is_saved(plan_.layers.size(), false);
    int64_t bytes = 0;
    for (size_t i = 0; i < plan_.layers.size(); ++i) {
      const PlannedLayer& layer = plan_.layers[i];
      bytes = Sum(bytes, layer.shape_known ? layer.saved.more_bytes : kUnknown);
      if (layer.saved.output || layer.spec->IsInput()) is_saved[owner_[i]] = true;
      for (const int input : layer.inputs) {
        if (layer.saved.input) is_saved[owner_[Index(input)]] = true;
      }
    }
    for (const int output : plan_.outputs) is_saved[owner_[Index(output)]] = true;
    for (size_t i = 0; i < plan_.layers.size(); ++i) {
      if (is_saved[i]) bytes = Sum(bytes, OutputBytes(plan_.layers[i]));
    }
    return bytes;
  }

  // Returns the peak of the outputs for one sample in a forward pass without a backward pass, where
  // each output is freed after its last use.
  int64_t PeakBytes() const {
    const size_t count = plan_.layers.size();
    std::vector<size_t> last_use(count);
    for (size_t i = 0; i < count; ++i) {
      last_use[owner_[i]] = i;
      for (const int input : plan_.layers[i].inputs) last_use[owner_[Index(input)]] = i;
    }
    for (const int output : plan_.outputs) last_use[owner_[Index(output)]] = count;
    std::vector<int64_t> freed(count + 1, 0);
    int64_t live = 0;
    int64_t peak = 0;
    for (size_t i = 0; i < count; ++i) {
      if (owner_[i] == i) {
        const int64_t bytes = OutputBytes(plan_.layers[i]);
        live = Sum(live, bytes);
        if (live == kUnknown) return kUnknown;
        freed[last_use[i]] += bytes;
      }
      peak = std::max(peak, live);
      live -= freed[i];
    }
    return peak;
  }

 private:
  static size_t Index(int layer) { return static_cast<size_t>(layer); }

  const ModelPlan& plan_;
  std::vector<size_t> owner_;  // for a view, the layer whose output it views, else the layer itself
};

}  // namespace

Resources EstimateResources(const ModelPlan& plan, const OptimizerSpec* optimizer,
                            int64_t batch_size, bool keeps_average) {
  Resources need;
  need.batch_size = batch_size;
  for (const PlannedLayer& layer : plan.layers) {
    need.weights = Sum(need.weights, WeightBytes(layer));
  }
  const ActivationMemory memory(plan);
  need.inference = Product({memory.PeakBytes(), batch_size});
  need.inference_total = Sum(need.weights, need.inference);
  if (optimizer == nullptr) return need;

  const int64_t trained = Product({plan.trainable_parameters, kFloatBytes});
  need.gradients = trained;
  need.optimizer = Product({trained, optimizer->StateSlots()});
  need.average = keeps_average ? trained : 0;
  need.activations = Product({memory.SavedBytes(), batch_size});
  need.training_total = Sum(
      Sum(Sum(need.weights, need.gradients), Sum(need.optimizer, need.activations)), need.average);
  // A multiplication with its addition happens once in the forward and twice in the backward pass.
  need.batch_flops = Product({plan.multiply_adds, 2 * 3, batch_size});
  // Activations and their gradients are written and read once each. The optimizer reads a
  // parameter, its gradient and its state, and writes all but the gradient.
  need.batch_bytes =
      Sum(Product({need.activations, 4}),
          Product({trained, 3 + 2 * optimizer->StateSlots() + (keeps_average ? 3 : 0)}));
  return need;
}

double MinStepSeconds(const Resources& resources, const HardwareLimits& hardware) {
  if (resources.batch_flops == kUnknown || resources.batch_bytes == kUnknown) return -1;
  return std::max(static_cast<double>(resources.batch_flops) / hardware.flops,
                  static_cast<double>(resources.batch_bytes) / hardware.bandwidth);
}

}  // namespace kur
