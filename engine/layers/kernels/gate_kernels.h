#ifndef KUR_ENGINE_LAYERS_KERNELS_GATE_KERNELS_H_
#define KUR_ENGINE_LAYERS_KERNELS_GATE_KERNELS_H_

#include <cstdint>

namespace kur {

// One step of a recurrent cell for each unit, in one pass over memory, forward and backward. The
// formulas are in recurrent.cc; the caller computes the matrix products.
//
// Every pointer is to consecutive rows of floats, one row for each sample. The number in front of a
// field's comment is the width of a row in multiples of `units`. A prime marks the value after the
// step: h is the state before it, h' the state after it. The functions compute the rows [begin,
// end) on the calling thread; several threads may compute different rows. Buffers must not overlap.
// NaNs propagate.

// The outer activations whose derivative follows from their value.
enum class GateActivation { kTanh, kRelu, kSigmoid, kLinear };

struct GruForwardStep {
  float* gates;                 // 4: in W x + b of r, z, n; out r, z, n and U_n h + c_n
  const float* recurrent;       // 3: U h of r, z, n
  const float* bias;            // 3, a single row: c of r, z, n
  const float* previous_state;  // 1: h
  float* state;                 // 1: h'
};
void GruForward(GateActivation activation, int64_t begin, int64_t end, int64_t units,
                const GruForwardStep& step);

struct GruBackwardStep {
  const float* gates;            // 4: the output of GruForward()
  const float* previous_state;   // 1: h
  const float* output_gradient;  // 1: gradient of h' from the layer's output
  // 1: in the gradient of h' from the next step; out that of h, without the part through U.
  float* state_gradient;
  float* gradients;  // 4: of U h of r, z, n, and of W x of n (those of r, z are equal)
};
void GruBackward(GateActivation activation, int64_t begin, int64_t end, int64_t units,
                 const GruBackwardStep& step);

struct LstmForwardStep {
  float* gates;                // 4: in W x + b + U h + c of i, f, g, o; out i, f, g, o
  const float* previous_cell;  // 1: c
  float* cell;                 // 1: c'
  float* activated;            // 1: a(c')
  float* state;                // 1: h'
};
void LstmForward(GateActivation activation, int64_t begin, int64_t end, int64_t units,
                 const LstmForwardStep& step);

struct LstmBackwardStep {
  const float* gates;            // 4: the output of LstmForward()
  const float* previous_cell;    // 1: c
  const float* activated;        // 1: a(c')
  const float* output_gradient;  // 1: gradient of h' from the layer's output
  const float* state_gradient;   // 1: gradient of h' from the next step
  float* cell_gradient;          // 1: in the gradient of c' from the next step; out that of c
  float* gradients;              // 4: of the arguments of the gates i, f, g, o
};
void LstmBackward(GateActivation activation, int64_t begin, int64_t end, int64_t units,
                  const LstmBackwardStep& step);

struct SruForwardStep {
  float* gates;                // 3 or 4: in W x of u, f, r (and p); out with the gates f and r
  int64_t num_gates;           // 3 or 4
  const float* bias;           // 2, a single row: b of f, r
  const float* input;          // 1: x; only for 3 gates
  const float* previous_cell;  // 1: c
  float* cell;                 // 1: c'
  float* state;                // 1: h'
};
void SruForward(int64_t begin, int64_t end, int64_t units, const SruForwardStep& step);

struct SruBackwardStep {
  const float* gates;            // 3 or 4: the output of SruForward()
  int64_t num_gates;             // 3 or 4
  const float* input;            // 1: x; only for 3 gates
  const float* previous_cell;    // 1: c
  const float* cell;             // 1: c'
  const float* output_gradient;  // 1: gradient of h'
  float* cell_gradient;          // 1: in the gradient of c' from the next step; out that of c
  float* gradients;              // 3 or 4: of W x of u, f, r (and p)
  float* input_gradient;         // 1: of x, without the part through W; only for 3 gates
};
void SruBackward(int64_t begin, int64_t end, int64_t units, const SruBackwardStep& step);

}  // namespace kur

#endif  // KUR_ENGINE_LAYERS_KERNELS_GATE_KERNELS_H_
