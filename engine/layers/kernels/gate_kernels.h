#ifndef KUR_ENGINE_LAYERS_KERNELS_GATE_KERNELS_H_
#define KUR_ENGINE_LAYERS_KERNELS_GATE_KERNELS_H_

#include <cstdint>

namespace kur {

// What recurrent cells compute for each unit in one step, in one pass over memory, forwards and
// backwards. The formulas are in recurrent.cc; the products with matrices are the caller's.
//
// Every pointer is to rows of floats that lie behind each other, one for each sample, as wide as
// said in multiples of `units`. The functions do the rows from `begin` to before `end`, on the
// calling thread. Nothing overlaps. NaNs come through.

// The outer activations of which a kernel knows the derivative from the value.
enum class GateActivation { kTanh, kRelu, kSigmoid, kLinear };

struct GruForwardStep {
  float* gates;            // 4: W x + b of r, z, n; becomes r, z, n and U_n h + c_n
  const float* recurrent;  // 3: U h of r, z, n
  const float* bias;       // 3, one row: c of r, z, n
  const float* before;     // 1: h
  float* state;            // 1: h'
};
void GruForward(GateActivation activation, int64_t begin, int64_t end, int64_t units,
                const GruForwardStep& step);

struct GruBackwardStep {
  const float* gates;       // 4: as GruForward() left them
  const float* before;      // 1: h
  const float* from_above;  // 1: gradient of h' from what uses it in this step
  float* carried;           // 1: gradient of h' from the next step; becomes that of h without its
                            //    part through U
  float* gradients;         // 4: of U h of r, z, n, and of W x of n (the others are the same)
};
void GruBackward(GateActivation activation, int64_t begin, int64_t end, int64_t units,
                 const GruBackwardStep& step);

struct LstmForwardStep {
  float* gates;              // 4: W x + b + U h + c of i, f, g, o; becomes i, f, g, o
  const float* cell_before;  // 1: c
  float* cell;               // 1: c'
  float* activated;          // 1: a(c')
  float* state;              // 1: h'
};
void LstmForward(GateActivation activation, int64_t begin, int64_t end, int64_t units,
                 const LstmForwardStep& step);

struct LstmBackwardStep {
  const float* gates;        // 4: as LstmForward() left them
  const float* cell_before;  // 1: c
  const float* activated;    // 1: a(c')
  const float* from_above;   // 1: gradient of h' from what uses it in this step
  const float* carried;      // 1: gradient of h' from the next step
  float* carried_cell;       // 1: gradient of c' from the next step; becomes that of c
  float* gradients;          // 4: of what the gates i, f, g, o were computed from
};
void LstmBackward(GateActivation activation, int64_t begin, int64_t end, int64_t units,
                  const LstmBackwardStep& step);

struct SruForwardStep {
  float* gates;              // 3 or 4: W x of u, f, r (and p); f and r become the gates
  int64_t num_gates;         // 3 or 4
  const float* bias;         // 2, one row: b of f, r
  const float* input;        // 1: x; of 3 gates only
  const float* cell_before;  // 1: c
  float* cell;               // 1: c'
  float* state;              // 1: h'
};
void SruForward(int64_t begin, int64_t end, int64_t units, const SruForwardStep& step);

struct SruBackwardStep {
  const float* gates;        // 3 or 4: as SruForward() left them
  int64_t num_gates;         // 3 or 4
  const float* input;        // 1: x; of 3 gates only
  const float* cell_before;  // 1: c
  const float* cell;         // 1: c'
  const float* from_above;   // 1: gradient of h'
  float* carried_cell;       // 1: gradient of c' from the next step; becomes that of c
  float* gradients;          // 3 or 4: of W x of u, f, r (and p)
  float* input_gradient;     // 1: of x, without its part through W; of 3 gates only
};
void SruBackward(int64_t begin, int64_t end, int64_t units, const SruBackwardStep& step);

}  // namespace kur

#endif  // KUR_ENGINE_LAYERS_KERNELS_GATE_KERNELS_H_
