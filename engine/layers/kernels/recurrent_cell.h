#ifndef KUR_ENGINE_LAYERS_KERNELS_RECURRENT_CELL_H_
#define KUR_ENGINE_LAYERS_KERNELS_RECURRENT_CELL_H_

#include <ATen/core/Tensor.h>

#include "engine/layers/activation_function.h"

namespace kur {

// The formulas are in recurrent.cc.
enum class CellType { kGru, kLstm, kSru };

// The weights of a cell with U units and F input features. Gates are stacked along the first axis
// in the order of the formulas: gru r, z, n; lstm i, f, g, o; sru u, f, r and, if F is not U, p.
struct CellWeights {
  at::Tensor weight_ih;  // (gates * U, F)
  at::Tensor weight_hh;  // (gates * U, U); undefined for an sru
  at::Tensor bias_ih;    // (gates * U,); of an sru (2 * U,), for f and r
  at::Tensor bias_hh;    // (gates * U,); undefined for an sru
};

struct SequenceOptions {
  bool reverse = false;  // visits the steps from the last to the first
  bool sequence = true;  // returns the states of all steps; otherwise the state after the last one
};

// Applies a cell to a sequence, starting from a zero state, with ATen's operators: for any type,
// device and activation. `x` is (time, batch, F). Returns (time, batch, U), or (batch, U) without
// `options.sequence`.
at::Tensor RunStepwise(CellType cell, const at::Tensor& x, const CellWeights& weights,
                       const ActivationFunction& activation, const SequenceOptions& options);

}  // namespace kur

#endif  // KUR_ENGINE_LAYERS_KERNELS_RECURRENT_CELL_H_
