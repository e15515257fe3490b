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

// A parameter that an optimizer adjusts.
struct NamedParameter {
  std::string name;                            // "labels.weight"
  at::Tensor value;                            // a leaf tensor; its gradient is in value.grad()
  double rate_factor = 1;                      // multiplies the learning rate
  std::optional<double> decay = std::nullopt;  // absent: the weight decay of the optimizer
};

// Adjusts parameters by their gradients. Shares the parameters' tensors and owns its state. Not
// thread-safe: one thread at a time.
class Optimizer {
 public:
  Optimizer(const OptimizerSpec& spec, std::vector<NamedParameter> parameters);
  virtual ~Optimizer() = default;

  // Clips the gradients, takes one step, and drops the gradients. Parameters without a gradient do
  // not change. Returns false, without a step, if `clip` limits the norm and the norm is not
  // finite.
  bool Step(const ClipSpec& clip);

  // Returns true if every element of every gradient is finite.
  bool GradientsAreFinite() const;

  // Returns the gradients that no step has used yet, by the names of their parameters. Empty just
  // after a step. SetGradients() restores them.
  std::map<std::string, at::Tensor> Gradients() const;
  bool HasGradients() const;
  void SetGradients(const std::map<std::string, at::Tensor>& gradients);
  void DropGradients();

  // The number of steps taken.
  int64_t steps() const { return steps_; }

  // Returns the learning rate of the next step; initially that of the spec. During Update(),
  // includes the parameter's rate_factor.
  double learning_rate() const {
    return current_ == nullptr ? learning_rate_ : learning_rate_ * current_->rate_factor;
  }
  void set_learning_rate(double learning_rate) { learning_rate_ = learning_rate; }

  // Returns the state as tensors by name: "labels.weight/exp_avg". They share the optimizer's
  // memory.
  std::map<std::string, at::Tensor> State() const;

  // Restores the results of State() and steps(). Returns INVALID_ARGUMENT, and changes nothing, if
  // a tensor is missing or has another shape.
  absl::Status Restore(const std::map<std::string, at::Tensor>& state, int64_t steps);

 protected:
  // A part of the state: a tensor for each parameter, of the same shape, initially zero.
  struct Slot {
    std::string name;
    std::vector<at::Tensor> tensors;
  };

  // Adds a slot and returns its index. For constructors.
  size_t AddSlot(std::string name);
  // Returns the weight decay of the parameter that Update() is called for.
  double decay() const { return current_->decay.value_or(decay_); }
  at::Tensor& slot(size_t index, size_t parameter) { return slots_[index].tensors[parameter]; }

  // Adjusts `value` (parameter number `parameter`) in place. `gradient` has the same strides as
  // `value` and may be overwritten. `step` counts from 1.
  virtual void Update(size_t parameter, at::Tensor& value, at::Tensor& gradient, int64_t step) = 0;

 private:
  std::vector<NamedParameter> parameters_;
  double learning_rate_;
  double decay_;
  const NamedParameter* current_ = nullptr;  // the parameter that Update() is called for
  std::vector<Slot> slots_;
  int64_t steps_ = 0;
};

// Returns true if a kernel can process both tensors as arrays of float32 in the same order: on the
// CPU, dense, and with equal strides.
bool CanFuseUpdate(const at::Tensor& a, const at::Tensor& b);

// Builds the optimizer of a spec for parameters.
struct OptimizerBuilder {
  std::function<std::unique_ptr<Optimizer>(const OptimizerSpec&, std::vector<NamedParameter>)>
      build;
};

// Returns a builder for specs of the type Spec. OptimizerType must be constructible from (const
// Spec&, parameters).
template <class OptimizerType, class Spec>
OptimizerBuilder MakeOptimizerBuilder() {
  return {[](const OptimizerSpec& spec, std::vector<NamedParameter> parameters) {
    return std::make_unique<OptimizerType>(static_cast<const Spec&>(spec), std::move(parameters));
  }};
}

}  // namespace kur

#endif  // KUR_ENGINE_OPTIMIZERS_OPTIMIZER_H_
