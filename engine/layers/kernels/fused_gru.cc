#include <ATen/ops/addmm.h>
#include <ATen/ops/cat.h>
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

class FusedGru : public torch::autograd::Function<FusedGru> {
 public:
  // Precondition: `x` is contiguous.
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x,
                            const at::Tensor& weight_ih, const at::Tensor& weight_hh,
                            const at::Tensor& bias_ih, const at::Tensor& bias_hh,
                            GateActivation activation, SequenceOptions options) {
    const StepOrder order(x.size(0), options.reverse);
    const int64_t batch = x.size(1);
    const int64_t units = weight_hh.size(1);
    at::Tensor gates = at::empty({order.steps(), batch, 4 * units}, x.options());
    at::Tensor projected = AsRows(gates).narrow(1, 0, 3 * units);
    at::addmm_out(projected, bias_ih, AsRows(x), weight_ih.t());
    const at::Tensor states = at::empty({order.steps(), batch, units}, x.options());
    const at::Tensor zero = at::zeros({batch, units}, x.options());
    const at::Tensor recurrent = at::zeros({batch, 3 * units}, x.options());
    const PackedMatrix weight(AsMatrix(weight_hh).Transposed());
    for (int64_t i = 0; i < order.steps(); ++i) {
      if (i > 0) {
        weight.Multiply(StepMatrix(states, order.Step(i - 1), units), recurrent.data_ptr<float>(),
                        3 * units);
      }
      const int64_t t = order.Step(i);
      const GruForwardStep step = {
          StepData(gates, t), recurrent.data_ptr<float>(), bias_hh.data_ptr<float>(),
          i == 0 ? zero.data_ptr<float>() : StepData(states, order.Step(i - 1)),
          StepData(states, t)};
      ParallelForRows(batch, units, [&](int64_t begin, int64_t end) {
        GruForward(activation, begin, end, units, step);
      });
    }
    context->save_for_backward({x, weight_ih, weight_hh, gates, states});
    context->saved_data["activation"] = static_cast<int64_t>(activation);
    context->saved_data["reverse"] = options.reverse;
    context->saved_data["sequence"] = options.sequence;
    return options.sequence ? states : states[order.Step(order.steps() - 1)].clone();
  }

  static variable_list backward(AutogradContext* context, variable_list outputs) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor& x = saved[0];
    const at::Tensor& weight_ih = saved[1];
    const at::Tensor& states = saved[4];
    const StepOrder order(x.size(0), context->saved_data["reverse"].toBool());
    const int64_t units = saved[2].size(1);
    const at::Tensor gradients = BackThroughTime(context, order, saved, outputs[0]);

    const at::Tensor rows = AsRows(gradients);
    const at::Tensor rz_gradients = rows.narrow(1, 0, 2 * units);
    const at::Tensor n_gradients = rows.narrow(1, 3 * units, units);
    variable_list result(7);
    if (context->needs_input_grad(0)) {
      at::Tensor input = at::mm(rz_gradients, weight_ih.narrow(0, 0, 2 * units));
      input.addmm_(n_gradients, weight_ih.narrow(0, 2 * units, units));
      result[0] = input.view(x.sizes());
    }
    if (context->needs_input_grad(1)) {
      result[1] = at::empty_like(weight_ih);
      at::Tensor rz = result[1].narrow(0, 0, 2 * units);
      at::Tensor n = result[1].narrow(0, 2 * units, units);
      at::mm_out(rz, rz_gradients.t(), AsRows(x));
      at::mm_out(n, n_gradients.t(), AsRows(x));
    }
    if (context->needs_input_grad(2)) {
      const at::Tensor state_gradients =
          AsRows(order.WithoutFirst(gradients)).narrow(1, 0, 3 * units);
      result[2] = at::mm(state_gradients.t(), AsRows(order.WithoutLast(states)));
    }
    const at::Tensor sums = rows.sum(0);
    result[3] = at::cat({sums.narrow(0, 0, 2 * units), sums.narrow(0, 3 * units, units)});
    result[4] = sums.narrow(0, 0, 3 * units).clone();
    return result;
  }

 private:
  // Returns the gradients of the gates' arguments for all steps, (time, batch, 4 * units), in the
  // order of GruBackward().
  static at::Tensor BackThroughTime(AutogradContext* context, const StepOrder& order,
                                    const variable_list& saved, const at::Tensor& output) {
    const at::Tensor& weight_hh = saved[2];
    const at::Tensor& gates = saved[3];
    const at::Tensor& states = saved[4];
    const auto activation = static_cast<GateActivation>(context->saved_data["activation"].toInt());
    const bool sequence = context->saved_data["sequence"].toBool();
    const int64_t batch = states.size(1);
    const int64_t units = states.size(2);
    const at::Tensor gradients = at::empty_like(gates);
    const at::Tensor zero = at::zeros({batch, units}, states.options());
    const at::Tensor output_gradient = sequence ? output.contiguous() : zero;
    const at::Tensor state_gradient =
        sequence ? at::zeros_like(zero) : output.clone(at::MemoryFormat::Contiguous);
    const PackedMatrix weight(AsMatrix(weight_hh));
    for (int64_t i = order.steps() - 1; i >= 0; --i) {
      const int64_t t = order.Step(i);
      const GruBackwardStep step = {
          StepData(gates, t), i == 0 ? zero.data_ptr<float>() : StepData(states, order.Step(i - 1)),
          sequence ? StepData(output_gradient, t) : zero.data_ptr<float>(),
          state_gradient.data_ptr<float>(), StepData(gradients, t)};
      ParallelForRows(batch, units, [&](int64_t begin, int64_t end) {
        GruBackward(activation, begin, end, units, step);
      });
      if (i > 0) {
        weight.Multiply(StepMatrix(gradients, t, 3 * units), state_gradient.data_ptr<float>(),
                        units,
                        /*add=*/true);
      }
    }
    return gradients;
  }
};

}  // namespace

at::Tensor RunFusedGru(const at::Tensor& x, const CellWeights& weights, GateActivation activation,
                       const SequenceOptions& options) {
  return FusedGru::apply(x.contiguous(), weights.weight_ih, weights.weight_hh, weights.bias_ih,
                         weights.bias_hh, activation, options);
}

}  // namespace kur
