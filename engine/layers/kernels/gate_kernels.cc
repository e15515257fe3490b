#include "engine/layers/kernels/gate_kernels.h"

#include <cmath>

#include "engine/base/vector_math.h"

namespace kur {
namespace {

KUR_INLINE float Sigmoid(float x) { return 1 / (1 + Exp(-x)); }

// Activations: Value(x), and its derivative Slope(y) where y = Value(x).
struct Tanh {
  static KUR_INLINE float Value(float x) {
    // Near 0 the quotient would lose digits; Cephes' polynomial replaces it there.
    constexpr float kNear = 0.625f;
    const float square = x * x;
    float p = -5.70498872745e-3f;
    p = p * square + 2.06390887954e-2f;
    p = p * square - 5.37397155531e-2f;
    p = p * square + 1.33314422036e-1f;
    p = p * square - 3.33332819422e-1f;
    const float near = p * square * x + x;
    const float far = 1 - 2 / (Exp(2 * x) + 1);
    return std::abs(x) < kNear ? near : far;
  }
  static KUR_INLINE float Slope(float y) { return 1 - y * y; }
};

struct Relu {
  static KUR_INLINE float Value(float x) { return x < 0 ? 0 : x; }
  static KUR_INLINE float Slope(float y) { return y > 0 ? 1.0f : 0.0f; }
};

struct Logistic {
  static KUR_INLINE float Value(float x) { return Sigmoid(x); }
  static KUR_INLINE float Slope(float y) { return y * (1 - y); }
};

struct Linear {
  static KUR_INLINE float Value(float x) { return x; }
  static KUR_INLINE float Slope(float) { return 1; }
};

// Loops over one row. The compiler vectorizes them, as it trusts `__restrict` of parameters.

template <class Activation>
KUR_INLINE void GruForwardRow(int64_t units, float* __restrict r, float* __restrict z,
                              float* __restrict n, float* __restrict recurrent_n,
                              const float* __restrict recurrent, const float* __restrict bias,
                              const float* __restrict previous_state, float* __restrict state) {
  for (int64_t j = 0; j < units; ++j) {
    const float hn = recurrent[2 * units + j] + bias[2 * units + j];
    const float reset = Sigmoid(r[j] + recurrent[j] + bias[j]);
    const float update = Sigmoid(z[j] + recurrent[units + j] + bias[units + j]);
    const float next = Activation::Value(n[j] + reset * hn);
    r[j] = reset;
    z[j] = update;
    n[j] = next;
    recurrent_n[j] = hn;
    state[j] = next + update * (previous_state[j] - next);
  }
}

template <class Activation>
KUR_INLINE void GruBackwardRow(int64_t units, const float* __restrict gates,
                               const float* __restrict previous_state,
                               const float* __restrict output_gradient,
                               float* __restrict state_gradient, float* __restrict dr,
                               float* __restrict dz, float* __restrict dh, float* __restrict dn) {
  for (int64_t j = 0; j < units; ++j) {
    const float r = gates[j];
    const float z = gates[units + j];
    const float n = gates[2 * units + j];
    const float d = output_gradient[j] + state_gradient[j];
    const float dx = d * (1 - z) * Activation::Slope(n);
    dn[j] = dx;
    dh[j] = dx * r;
    dr[j] = dx * gates[3 * units + j] * r * (1 - r);
    dz[j] = d * (previous_state[j] - n) * z * (1 - z);
    state_gradient[j] = d * z;
  }
}

template <class Activation>
KUR_INLINE void LstmForwardRow(int64_t units, float* __restrict i, float* __restrict f,
                               float* __restrict g, float* __restrict o,
                               const float* __restrict previous_cell, float* __restrict cell,
                               float* __restrict activated, float* __restrict state) {
  for (int64_t j = 0; j < units; ++j) {
    const float in = Sigmoid(i[j]);
    const float forget = Sigmoid(f[j]);
    const float candidate = Activation::Value(g[j]);
    const float out = Sigmoid(o[j]);
    const float c = forget * previous_cell[j] + in * candidate;
    const float a = Activation::Value(c);
    i[j] = in;
    f[j] = forget;
    g[j] = candidate;
    o[j] = out;
    cell[j] = c;
    activated[j] = a;
    state[j] = out * a;
  }
}

template <class Activation>
KUR_INLINE void LstmBackwardRow(int64_t units, const float* __restrict gates,
                                const float* __restrict previous_cell,
                                const float* __restrict activated,
                                const float* __restrict output_gradient,
                                const float* __restrict state_gradient,
                                float* __restrict cell_gradient, float* __restrict di,
                                float* __restrict df, float* __restrict dg, float* __restrict d_o) {
  for (int64_t j = 0; j < units; ++j) {
    const float i = gates[j];
    const float f = gates[units + j];
    const float g = gates[2 * units + j];
    const float o = gates[3 * units + j];
    const float d = output_gradient[j] + state_gradient[j];
    const float dc = cell_gradient[j] + d * o * Activation::Slope(activated[j]);
    di[j] = dc * g * i * (1 - i);
    df[j] = dc * previous_cell[j] * f * (1 - f);
    dg[j] = dc * i * Activation::Slope(g);
    d_o[j] = d * activated[j] * o * (1 - o);
    cell_gradient[j] = dc * f;
  }
}

KUR_INLINE void SruForwardRow(int64_t units, const float* __restrict u, float* __restrict f,
                              float* __restrict r, const float* __restrict skip,
                              const float* __restrict bias, const float* __restrict previous_cell,
                              float* __restrict cell, float* __restrict state) {
  for (int64_t j = 0; j < units; ++j) {
    const float forget = Sigmoid(f[j] + bias[j]);
    const float read = Sigmoid(r[j] + bias[units + j]);
    const float c = u[j] + forget * (previous_cell[j] - u[j]);
    f[j] = forget;
    r[j] = read;
    cell[j] = c;
    state[j] = skip[j] + read * (c - skip[j]);
  }
}

KUR_INLINE void SruBackwardRow(int64_t units, const float* __restrict gates,
                               const float* __restrict skip, const float* __restrict previous_cell,
                               const float* __restrict cell,
                               const float* __restrict output_gradient,
                               float* __restrict cell_gradient, float* __restrict du,
                               float* __restrict df, float* __restrict dr,
                               float* __restrict skip_gradient) {
  for (int64_t j = 0; j < units; ++j) {
    const float u = gates[j];
    const float f = gates[units + j];
    const float r = gates[2 * units + j];
    const float d = output_gradient[j];
    const float dc = cell_gradient[j] + d * r;
    du[j] = dc * (1 - f);
    df[j] = dc * (previous_cell[j] - u) * f * (1 - f);
    dr[j] = d * (cell[j] - skip[j]) * r * (1 - r);
    skip_gradient[j] = d * (1 - r);
    cell_gradient[j] = dc * f;
  }
}

template <class Activation>
KUR_INLINE void GruForwardRows(int64_t begin, int64_t end, int64_t units,
                               const GruForwardStep& step) {
  for (int64_t row = begin; row < end; ++row) {
    float* const gates = step.gates + row * 4 * units;
    GruForwardRow<Activation>(units, gates, gates + units, gates + 2 * units, gates + 3 * units,
                              step.recurrent + row * 3 * units, step.bias,
                              step.previous_state + row * units, step.state + row * units);
  }
}

template <class Activation>
KUR_INLINE void GruBackwardRows(int64_t begin, int64_t end, int64_t units,
                                const GruBackwardStep& step) {
  for (int64_t row = begin; row < end; ++row) {
    float* const d = step.gradients + row * 4 * units;
    GruBackwardRow<Activation>(
        units, step.gates + row * 4 * units, step.previous_state + row * units,
        step.output_gradient + row * units, step.state_gradient + row * units, d, d + units,
        d + 2 * units, d + 3 * units);
  }
}

template <class Activation>
KUR_INLINE void LstmForwardRows(int64_t begin, int64_t end, int64_t units,
                                const LstmForwardStep& step) {
  for (int64_t row = begin; row < end; ++row) {
    float* const gates = step.gates + row * 4 * units;
    const int64_t at = row * units;
    LstmForwardRow<Activation>(units, gates, gates + units, gates + 2 * units, gates + 3 * units,
                               step.previous_cell + at, step.cell + at, step.activated + at,
                               step.state + at);
  }
}

template <class Activation>
KUR_INLINE void LstmBackwardRows(int64_t begin, int64_t end, int64_t units,
                                 const LstmBackwardStep& step) {
  for (int64_t row = begin; row < end; ++row) {
    float* const d = step.gradients + row * 4 * units;
    const int64_t at = row * units;
    LstmBackwardRow<Activation>(units, step.gates + row * 4 * units, step.previous_cell + at,
                                step.activated + at, step.output_gradient + at,
                                step.state_gradient + at, step.cell_gradient + at, d, d + units,
                                d + 2 * units, d + 3 * units);
  }
}

}  // namespace

KUR_FOR_EACH_PROCESSOR void GruForward(GateActivation activation, int64_t begin, int64_t end,
                                       int64_t units, const GruForwardStep& step) {
  switch (activation) {
    case GateActivation::kTanh:
      return GruForwardRows<Tanh>(begin, end, units, step);
    case GateActivation::kRelu:
      return GruForwardRows<Relu>(begin, end, units, step);
    case GateActivation::kSigmoid:
      return GruForwardRows<Logistic>(begin, end, units, step);
    case GateActivation::kLinear:
      return GruForwardRows<Linear>(begin, end, units, step);
  }
}

KUR_FOR_EACH_PROCESSOR void GruBackward(GateActivation activation, int64_t begin, int64_t end,
                                        int64_t units, const GruBackwardStep& step) {
  switch (activation) {
    case GateActivation::kTanh:
      return GruBackwardRows<Tanh>(begin, end, units, step);
    case GateActivation::kRelu:
      return GruBackwardRows<Relu>(begin, end, units, step);
    case GateActivation::kSigmoid:
      return GruBackwardRows<Logistic>(begin, end, units, step);
    case GateActivation::kLinear:
      return GruBackwardRows<Linear>(begin, end, units, step);
  }
}

KUR_FOR_EACH_PROCESSOR void LstmForward(GateActivation activation, int64_t begin, int64_t end,
                                        int64_t units, const LstmForwardStep& step) {
  switch (activation) {
    case GateActivation::kTanh:
      return LstmForwardRows<Tanh>(begin, end, units, step);
    case GateActivation::kRelu:
      return LstmForwardRows<Relu>(begin, end, units, step);
    case GateActivation::kSigmoid:
      return LstmForwardRows<Logistic>(begin, end, units, step);
    case GateActivation::kLinear:
      return LstmForwardRows<Linear>(begin, end, units, step);
  }
}

KUR_FOR_EACH_PROCESSOR void LstmBackward(GateActivation activation, int64_t begin, int64_t end,
                                         int64_t units, const LstmBackwardStep& step) {
  switch (activation) {
    case GateActivation::kTanh:
      return LstmBackwardRows<Tanh>(begin, end, units, step);
    case GateActivation::kRelu:
      return LstmBackwardRows<Relu>(begin, end, units, step);
    case GateActivation::kSigmoid:
      return LstmBackwardRows<Logistic>(begin, end, units, step);
    case GateActivation::kLinear:
      return LstmBackwardRows<Linear>(begin, end, units, step);
  }
}

KUR_FOR_EACH_PROCESSOR void SruForward(int64_t begin, int64_t end, int64_t units,
                                       const SruForwardStep& step) {
  for (int64_t row = begin; row < end; ++row) {
    float* const gates = step.gates + row * step.num_gates * units;
    const int64_t at = row * units;
    SruForwardRow(units, gates, gates + units, gates + 2 * units,
                  step.num_gates == 4 ? gates + 3 * units : step.input + at, step.bias,
                  step.previous_cell + at, step.cell + at, step.state + at);
  }
}

KUR_FOR_EACH_PROCESSOR void SruBackward(int64_t begin, int64_t end, int64_t units,
                                        const SruBackwardStep& step) {
  for (int64_t row = begin; row < end; ++row) {
    const float* const gates = step.gates + row * step.num_gates * units;
    float* const d = step.gradients + row * step.num_gates * units;
    const int64_t at = row * units;
    const bool projects = step.num_gates == 4;
    SruBackwardRow(units, gates, projects ? gates + 3 * units : step.input + at,
                   step.previous_cell + at, step.cell + at, step.output_gradient + at,
                   step.cell_gradient + at, d, d + units, d + 2 * units,
                   projects ? d + 3 * units : step.input_gradient + at);
  }
}

}  // namespace kur
