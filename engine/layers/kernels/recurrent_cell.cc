#include "engine/layers/kernels/recurrent_cell.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>

#include <vector>

namespace kur {
namespace {

// The state that a step passes to the next, (batch, U) each.
struct State {
  at::Tensor h;
  at::Tensor c;  // the cell of an lstm or sru
};

State GruStep(const at::Tensor& x, const CellWeights& weights, const ActivationFunction& activation,
              const State& previous) {
  const auto from_x = x.chunk(3, -1);
  const auto from_h = at::linear(previous.h, weights.weight_hh, weights.bias_hh).chunk(3, -1);
  const at::Tensor r = at::sigmoid(from_x[0] + from_h[0]);
  const at::Tensor z = at::sigmoid(from_x[1] + from_h[1]);
  const at::Tensor n = activation(from_x[2] + r * from_h[2]);
  return {(1 - z) * n + z * previous.h, {}};
}

State LstmStep(const at::Tensor& x, const CellWeights& weights,
               const ActivationFunction& activation, const State& previous) {
  const auto gates = (x + at::linear(previous.h, weights.weight_hh, weights.bias_hh)).chunk(4, -1);
  const at::Tensor c =
      at::sigmoid(gates[1]) * previous.c + at::sigmoid(gates[0]) * activation(gates[2]);
  return {at::sigmoid(gates[3]) * activation(c), c};
}

// `projected` is W x for all gates.
State SruStep(const at::Tensor& projected, const at::Tensor& x, const CellWeights& weights,
              const State& previous) {
  const int64_t units = previous.c.size(-1);
  const at::Tensor u = projected.narrow(-1, 0, units);
  const auto gates =
      at::sigmoid(projected.narrow(-1, units, 2 * units) + weights.bias_ih).chunk(2, -1);
  const at::Tensor c = gates[0] * previous.c + (1 - gates[0]) * u;
  const at::Tensor skip =
      projected.size(-1) == 4 * units ? projected.narrow(-1, 3 * units, units) : x;
  return {gates[1] * c + (1 - gates[1]) * skip, c};
}

}  // namespace

at::Tensor RunStepwise(CellType cell, const at::Tensor& x, const CellWeights& weights,
                       const ActivationFunction& activation, const SequenceOptions& options) {
  const bool is_sru = cell == CellType::kSru;
  const int64_t units = is_sru ? weights.bias_ih.size(0) / 2 : weights.weight_hh.size(1);
  const std::vector<at::Tensor> steps = x.unbind(0);
  const std::vector<at::Tensor> projected =
      at::linear(x, weights.weight_ih, is_sru ? at::Tensor() : weights.bias_ih).unbind(0);
  State state;
  state.h = state.c = at::zeros({x.size(1), units}, x.options());
  std::vector<at::Tensor> states(steps.size());
  for (size_t i = 0; i < steps.size(); ++i) {
    const size_t t = options.reverse ? steps.size() - 1 - i : i;
    state = is_sru                   ? SruStep(projected[t], steps[t], weights, state)
            : cell == CellType::kGru ? GruStep(projected[t], weights, activation, state)
                                     : LstmStep(projected[t], weights, activation, state);
    states[t] = state.h;
  }
  return options.sequence ? at::stack(states, 0) : state.h;
}

}  // namespace kur
