#include <ATen/TensorOperators.h>
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

class FusedLstm : public torch::autograd::Function<FusedLstm> {
 public:
  // Precondition: `x` is contiguous.
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x,
                            const at::Tensor& weight_ih, const at::Tensor& weight_hh,
                            const at::Tensor& bias_ih, const at::Tensor& bias_hh,
                            GateActivation activation, SequenceOptions options) {
    const StepOrder order(x.size(0), options.reverse);
    const int64_t batch = x.size(1);
    const int64_t units = weight_hh.size(1);
    const at::Tensor gates = at::addmm(bias_ih + bias_hh, AsRows(x), weight_ih.t())
                                 .view({order.steps(), batch, 4 * units});
    const at::Tensor states = at::empty({order.steps(), batch, units}, x.options());
    const at::Tensor cells = at::empty_like(states);
    const at::Tensor activated = at::empty_like(states);
    const at::Tensor zero = at::zeros({batch, units}, x.options());
    const PackedMatrix weight(AsMatrix(weight_hh).Transposed());
    for (int64_t i = 0; i < order.steps(); ++i) {
      const int64_t t = order.Step(i);
      if (i > 0) {
        weight.Multiply(StepMatrix(states, order.Step(i - 1), units), StepData(gates, t), 4 * units,
                        /*add=*/true);
      }
      const LstmForwardStep step = {
          StepData(gates, t), i == 0 ? zero.data_ptr<float>() : StepData(cells, order.Step(i - 1)),
          StepData(cells, t), StepData(activated, t), StepData(states, t)};
      ParallelForRows(batch, units, [&](int64_t begin, int64_t end) {
        LstmForward(activation, begin, end, units, step);
      });
    }
    context->save_for_backward({x, weight_ih, weight_hh, gates, states, cells, activated});
    context->saved_data["activation"] = static_cast<int64_t>(activation);
    context->saved_data["reverse"] = options.reverse;
    context->saved_data["sequence"] = options.sequence;
    return options.sequence ? states : states[order.Step(order.steps() - 1)].clone();
  }

  static variable_list backward(AutogradContext* context, variable_list outputs) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor& x = saved[0];
    const StepOrder order(x.size(0), context->saved_data["reverse"].toBool());
    const at::Tensor gradients = BackThroughTime(context, order, saved, outputs[0]);
    const at::Tensor rows = AsRows(gradients);
    variable_list result(7);
    if (context->needs_input_grad(0)) result[0] = at::mm(rows, saved[1]).view(x.sizes());
    if (context->needs_input_grad(1)) result[1] = at::mm(rows.t(), AsRows(x));
    if (context->needs_input_grad(2)) {
      result[2] =
          at::mm(AsRows(order.WithoutFirst(gradients)).t(), AsRows(order.WithoutLast(saved[4])));
    }
    result[3] = rows.sum(0);
    result[4] = result[3].clone();
    return result;
  }

 private:
  // Returns the gradients of the gates' arguments for all steps, (time, batch, 4 * units).
  static at::Tensor BackThroughTime(AutogradContext* context, const StepOrder& order,
                                    const variable_list& saved, const at::Tensor& output) {
    const at::Tensor& weight_hh = saved[2];
    const at::Tensor& gates = saved[3];
    const at::Tensor& cells = saved[5];
    const at::Tensor& activated = saved[6];
    const auto activation = static_cast<GateActivation>(context->saved_data["activation"].toInt());
    const bool sequence = context->saved_data["sequence"].toBool();
    const int64_t batch = cells.size(1);
    const int64_t units = cells.size(2);
    const at::Tensor gradients = at::empty_like(gates);
    const at::Tensor zero = at::zeros({batch, units}, cells.options());
    const at::Tensor output_gradient = sequence ? output.contiguous() : zero;
    const at::Tensor state_gradient =
        sequence ? at::zeros_like(zero) : output.clone(at::MemoryFormat::Contiguous);
    const at::Tensor cell_gradient = at::zeros_like(zero);
    const PackedMatrix weight(AsMatrix(weight_hh));
    for (int64_t i = order.steps() - 1; i >= 0; --i) {
      const int64_t t = order.Step(i);
      const LstmBackwardStep step = {
          StepData(gates, t),
          i == 0 ? zero.data_ptr<float>() : StepData(cells, order.Step(i - 1)),
          StepData(activated, t),
          sequence ? StepData(output_gradient, t) : zero.data_ptr<float>(),
          state_gradient.data_ptr<float>(),
          cell_gradient.data_ptr<float>(),
          StepData(gradients, t)};
      ParallelForRows(batch, units, [&](int64_t begin, int64_t end) {
        LstmBackward(activation, begin, end, units, step);
      });
      if (i > 0) {
        weight.Multiply(StepMatrix(gradients, t, 4 * units), state_gradient.data_ptr<float>(),
                        units);
      }
    }
    return gradients;
  }
};

}  // namespace

at::Tensor RunFusedLstm(const at::Tensor& x, const CellWeights& weights, GateActivation activation,
                        const SequenceOptions& options) {
  return FusedLstm::apply(x.contiguous(), weights.weight_ih, weights.weight_hh, weights.bias_ih,
                          weights.bias_hh, activation, options);
}

}  // namespace kur
