#ifndef KUR_ENGINE_LAYERS_KERNELS_RECURRENT_CELL_H_
#define KUR_ENGINE_LAYERS_KERNELS_RECURRENT_CELL_H_

#include <ATen/core/Tensor.h>

#include "engine/layers/activation_function.h"

namespace kur {

// The formulas are in recurrent.cc.
enum class CellType { kGru, kLstm, kSru };

// What a cell computes with, for U units and F features. The gates are stacked along the first
// axis, in the order of the formulas: r, z, n; i, f, g, o; u, f, r and, where F is not U, p.
struct CellWeights {
  at::Tensor weight_ih;  // (gates * U, F)
  at::Tensor weight_hh;  // (gates * U, U); none for an sru
  at::Tensor bias_ih;    // (gates * U,); of an sru only those of f and r
  at::Tensor bias_hh;    // (gates * U,); none for an sru
};

// How a sequence is gone through.
struct CellPass {
  bool reverse = false;  // from the last step to the first
  bool sequence = true;  // whether every state is wanted, or only the one reached at the end
};

// Goes through a sequence from a state of zero, one operation of ATen after the other: for any
// type, device and activation. `x` is (time, batch, F); the result is (time, batch, U), or
// (batch, U) without `pass.sequence`.
at::Tensor RunStepwise(CellType cell, const at::Tensor& x, const CellWeights& weights,
                       const ActivationFunction& activation, const CellPass& pass);

}  // namespace kur

#endif  // KUR_ENGINE_LAYERS_KERNELS_RECURRENT_CELL_H_
