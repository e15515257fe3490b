#include <ATen/ops/addmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include "engine/layers/kernels/fused_recurrent.h"
#include "engine/layers/kernels/step_order.h"

namespace kur {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

class FusedSru : public torch::autograd::Function<FusedSru> {
 public:
  // Precondition: `x` is contiguous.
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const at::Tensor& bias, SequenceOptions options) {
    const StepOrder order(x.size(0), options.reverse);
    const int64_t batch = x.size(1);
    const int64_t units = bias.size(0) / 2;
    const at::Tensor gates =
        at::mm(AsRows(x), weight.t()).view({order.steps(), batch, weight.size(0)});
    const at::Tensor states = at::empty({order.steps(), batch, units}, x.options());
    const at::Tensor cells = at::empty_like(states);
    const at::Tensor zero = at::zeros({batch, units}, x.options());
    for (int64_t i = 0; i < order.steps(); ++i) {
      const int64_t t = order.Step(i);
      const SruForwardStep step = {
          StepData(gates, t),
          weight.size(0) / units,
          bias.data_ptr<float>(),
          StepData(x, t),
          i == 0 ? zero.data_ptr<float>() : StepData(cells, order.Step(i - 1)),
          StepData(cells, t),
          StepData(states, t)};
      ParallelForRows(batch, units,
                      [&](int64_t begin, int64_t end) { SruForward(begin, end, units, step); });
    }
    context->save_for_backward({x, weight, gates, cells});
    context->saved_data["reverse"] = options.reverse;
    context->saved_data["sequence"] = options.sequence;
    return options.sequence ? states : states[order.Step(order.steps() - 1)].clone();
  }

  static variable_list backward(AutogradContext* context, variable_list outputs) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor& x = saved[0];
    const at::Tensor& weight = saved[1];
    const int64_t units = saved[3].size(2);
    // The gradient of x without the part through W, if the units are as many as the features.
    const at::Tensor skip = weight.size(0) == 3 * units ? at::empty_like(x) : at::Tensor();
    const at::Tensor gradients = BackThroughTime(context, saved, outputs[0], skip);
    const at::Tensor rows = AsRows(gradients);
    variable_list result(4);
    if (context->needs_input_grad(0)) {
      const at::Tensor all =
          skip.defined() ? AsRows(skip).addmm_(rows, weight) : at::mm(rows, weight);
      result[0] = all.view(x.sizes());
    }
    if (context->needs_input_grad(1)) result[1] = at::mm(rows.t(), AsRows(x));
    result[2] = rows.narrow(1, units, 2 * units).sum(0);
    return result;
  }

 private:
  // Returns the gradients of W x for all steps. Writes the gradient of x without the part through W
  // to `skip`, if that is defined.
  static at::Tensor BackThroughTime(AutogradContext* context, const variable_list& saved,
                                    const at::Tensor& output, const at::Tensor& skip) {
    const at::Tensor& x = saved[0];
    const at::Tensor& gates = saved[2];
    const at::Tensor& cells = saved[3];
    const StepOrder order(x.size(0), context->saved_data["reverse"].toBool());
    const bool sequence = context->saved_data["sequence"].toBool();
    const int64_t batch = cells.size(1);
    const int64_t units = cells.size(2);
    const at::Tensor gradients = at::empty_like(gates);
    const at::Tensor zero = at::zeros({batch, units}, cells.options());
    const at::Tensor output_gradient = output.contiguous();
    const at::Tensor cell_gradient = at::zeros_like(zero);
    for (int64_t i = order.steps() - 1; i >= 0; --i) {
      const int64_t t = order.Step(i);
      const bool is_last = i == order.steps() - 1;
      const SruBackwardStep step = {
          StepData(gates, t),
          gates.size(2) / units,
          StepData(x, t),
          i == 0 ? zero.data_ptr<float>() : StepData(cells, order.Step(i - 1)),
          StepData(cells, t),
          sequence  ? StepData(output_gradient, t)
          : is_last ? output_gradient.data_ptr<float>()
                    : zero.data_ptr<float>(),
          cell_gradient.data_ptr<float>(),
          StepData(gradients, t),
          skip.defined() ? StepData(skip, t) : nullptr};
      ParallelForRows(batch, units,
                      [&](int64_t begin, int64_t end) { SruBackward(begin, end, units, step); });
    }
    return gradients;
  }
};

}  // namespace

at::Tensor RunFusedSru(const at::Tensor& x, const CellWeights& weights,
                       const SequenceOptions& options) {
  return FusedSru::apply(x.contiguous(), weights.weight_ih, weights.bias_ih, options);
}

}  // namespace kur
