#ifndef KUR_ENGINE_OPTIMIZERS_OPTIMIZER_H_
#define KUR_ENGINE_OPTIMIZERS_OPTIMIZER_H_

#include <ATen/core/Tensor.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "engine/base/registry.h"
#include "engine/kurfile/specs/optimizer_spec.h"

namespace kur {

// A parameter that an optimizer adjusts: a leaf tensor whose gradient is in value.grad().
struct NamedParameter {
  std::string name;  // "labels.weight"
  at::Tensor value;
  // What is different for it: a factor of the learning rate, and the weight decay.
  double rate_factor = 1;
  std::optional<double> decay = std::nullopt;
};

// Adjusts parameters by their gradients. Holds references to the parameters and owns its state. One
// thread at a time.
class Optimizer {
 public:
  Optimizer(const OptimizerSpec& spec, std::vector<NamedParameter> parameters);
  virtual ~Optimizer() = default;

  // Clips as `clip` says, then takes one step. Parameters without a gradient are left alone. The
  // gradients are dropped. False, and no step is taken, if the norm that is to be clipped is not
  // finite.
  bool Step(const ClipSpec& clip);

  // Returns whether every element of every gradient is finite.
  bool GradientsAreFinite() const;

  // The gradients of batches that no step has used yet, by the names of their parameters: they are
  // empty between steps. SetGradients() takes over what Gradients() gave.
  std::map<std::string, at::Tensor> Gradients() const;
  bool HasGradients() const;
  void SetGradients(const std::map<std::string, at::Tensor>& gradients);
  void DropGradients();

  // Steps taken.
  int64_t steps() const { return steps_; }

  // What the next step will use, at first that of the spec; while a parameter is updated, what
  // that one takes.
  double learning_rate() const {
    return current_ == nullptr ? learning_rate_ : learning_rate_ * current_->rate_factor;
  }
  void set_learning_rate(double learning_rate) { learning_rate_ = learning_rate; }

  // The state as tensors by name: "labels.weight/exp_avg". They share memory with the optimizer.
  std::map<std::string, at::Tensor> State() const;

  // Takes over a state that State() and steps() gave. INVALID_ARGUMENT if a tensor is missing or
  // has another shape; then nothing has changed.
  absl::Status Restore(const std::map<std::string, at::Tensor>& state, int64_t steps);

 protected:
  // One tensor like each parameter, zero at first.
  struct Slot {
    std::string name;
    std::vector<at::Tensor> tensors;
  };

  // Adds a slot; for constructors. Returns its index.
  size_t AddSlot(std::string name);
  // The weight decay of the parameter that is updated.
  double decay() const { return current_->decay.value_or(decay_); }
  at::Tensor& slot(size_t index, size_t parameter) { return slots_[index].tensors[parameter]; }

  // Adjusts `value` (parameter number `parameter`) in place. `gradient` has the same strides as
  // `value` and may be overwritten. `step` counts from 1.
  virtual void Update(size_t parameter, at::Tensor& value, at::Tensor& gradient, int64_t step) = 0;

 private:
  std::vector<NamedParameter> parameters_;
  double learning_rate_;
  double decay_;
  const NamedParameter* current_ = nullptr;  // that Update() is called for
  std::vector<Slot> slots_;
  int64_t steps_ = 0;
};

// Returns whether a kernel of our own can walk over both as plain arrays of floats in one order.
bool CanFuseUpdate(const at::Tensor& a, const at::Tensor& b);

// Builds the optimizer of a spec for parameters.
struct OptimizerBuilder {
  std::function<std::unique_ptr<Optimizer>(const OptimizerSpec&, std::vector<NamedParameter>)>
      build;
};

// The builder of the class OptimizerType, constructible from (const Spec&, parameters).
template <class OptimizerType, class Spec>
OptimizerBuilder MakeOptimizerBuilder() {
  return {[](const OptimizerSpec& spec, std::vector<NamedParameter> parameters) {
    return std::make_unique<OptimizerType>(static_cast<const Spec&>(spec), std::move(parameters));
  }};
}

}  // namespace kur

#endif  // KUR_ENGINE_OPTIMIZERS_OPTIMIZER_H_
