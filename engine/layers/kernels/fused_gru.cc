#include <ATen/ops/addmm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include "engine/layers/kernels/fused_recurrent.h"
#include "engine/layers/kernels/sequence_walk.h"

namespace kur {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

class FusedGru : public torch::autograd::Function<FusedGru> {
 public:
  // `x` is contiguous.
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x,
                            const at::Tensor& weight_ih, const at::Tensor& weight_hh,
                            const at::Tensor& bias_ih, const at::Tensor& bias_hh,
                            GateActivation activation, CellPass pass) {
    const SequenceWalk walk(x.size(0), pass.reverse);
    const int64_t batch = x.size(1);
    const int64_t units = weight_hh.size(1);
    at::Tensor gates = at::empty({walk.steps(), batch, 4 * units}, x.options());
    at::Tensor of_input = AsRows(gates).narrow(1, 0, 3 * units);
    at::addmm_out(of_input, bias_ih, AsRows(x), weight_ih.t());
    const at::Tensor states = at::empty({walk.steps(), batch, units}, x.options());
    const at::Tensor zero = at::zeros({batch, units}, x.options());
    const at::Tensor recurrent = at::zeros({batch, 3 * units}, x.options());
    const PackedMatrix weight(AsMatrix(weight_hh).Transposed());
    for (int64_t i = 0; i < walk.steps(); ++i) {
      if (i > 0) {
        weight.Multiply(StepMatrix(states, walk.At(i - 1), units), recurrent.data_ptr<float>(),
                        3 * units);
      }
      const int64_t t = walk.At(i);
      const GruForwardStep step = {
          StepData(gates, t), recurrent.data_ptr<float>(), bias_hh.data_ptr<float>(),
          i == 0 ? zero.data_ptr<float>() : StepData(states, walk.At(i - 1)), StepData(states, t)};
      ForRows(batch, units,
              [&](int64_t begin, int64_t end) { GruForward(activation, begin, end, units, step); });
    }
    context->save_for_backward({x, weight_ih, weight_hh, gates, states});
    context->saved_data["activation"] = static_cast<int64_t>(activation);
    context->saved_data["reverse"] = pass.reverse;
    context->saved_data["sequence"] = pass.sequence;
    return pass.sequence ? states : states[walk.At(walk.steps() - 1)].clone();
  }

  static variable_list backward(AutogradContext* context, variable_list outputs) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor& x = saved[0];
    const at::Tensor& weight_ih = saved[1];
    const at::Tensor& states = saved[4];
    const SequenceWalk walk(x.size(0), context->saved_data["reverse"].toBool());
    const int64_t units = saved[2].size(1);
    const at::Tensor gradients = BackThroughTime(context, walk, saved, outputs[0]);

    const at::Tensor rows = AsRows(gradients);
    const at::Tensor of_rz = rows.narrow(1, 0, 2 * units);
    const at::Tensor of_n = rows.narrow(1, 3 * units, units);
    variable_list result(7);
    if (context->needs_input_grad(0)) {
      at::Tensor input = at::mm(of_rz, weight_ih.narrow(0, 0, 2 * units));
      input.addmm_(of_n, weight_ih.narrow(0, 2 * units, units));
      result[0] = input.view(x.sizes());
    }
    if (context->needs_input_grad(1)) {
      result[1] = at::empty_like(weight_ih);
      at::Tensor rz = result[1].narrow(0, 0, 2 * units);
      at::Tensor n = result[1].narrow(0, 2 * units, units);
      at::mm_out(rz, of_rz.t(), AsRows(x));
      at::mm_out(n, of_n.t(), AsRows(x));
    }
    if (context->needs_input_grad(2)) {
      const at::Tensor of_state = AsRows(walk.Followers(gradients)).narrow(1, 0, 3 * units);
      result[2] = at::mm(of_state.t(), AsRows(walk.Predecessors(states)));
    }
    const at::Tensor sums = rows.sum(0);
    result[3] = at::cat({sums.narrow(0, 0, 2 * units), sums.narrow(0, 3 * units, units)});
    result[4] = sums.narrow(0, 0, 3 * units).clone();
    return result;
  }

 private:
  // The gradients of what the gates are computed from, as GruBackward() orders them, of all steps.
  static at::Tensor BackThroughTime(AutogradContext* context, const SequenceWalk& walk,
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
    const at::Tensor from_above = sequence ? output.contiguous() : zero;
    const at::Tensor carried =
        sequence ? at::zeros_like(zero) : output.clone(at::MemoryFormat::Contiguous);
    const PackedMatrix weight(AsMatrix(weight_hh));
    for (int64_t i = walk.steps() - 1; i >= 0; --i) {
      const int64_t t = walk.At(i);
      const GruBackwardStep step = {
          StepData(gates, t), i == 0 ? zero.data_ptr<float>() : StepData(states, walk.At(i - 1)),
          sequence ? StepData(from_above, t) : zero.data_ptr<float>(), carried.data_ptr<float>(),
          StepData(gradients, t)};
      ForRows(batch, units, [&](int64_t begin, int64_t end) {
        GruBackward(activation, begin, end, units, step);
      });
      if (i > 0) {
        weight.Multiply(StepMatrix(gradients, t, 3 * units), carried.data_ptr<float>(), units,
                        /*add=*/true);
      }
    }
    return gradients;
  }
};

}  // namespace

at::Tensor RunFusedGru(const at::Tensor& x, const CellWeights& weights, GateActivation activation,
                       const CellPass& pass) {
  return FusedGru::apply(x.contiguous(), weights.weight_ih, weights.weight_hh, weights.bias_ih,
                         weights.bias_hh, activation, pass);
}

}  // namespace kur
