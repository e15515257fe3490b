#ifndef KUR_ENGINE_LAYERS_ACTIVATION_NAMES_H_
#define KUR_ENGINE_LAYERS_ACTIVATION_NAMES_H_

#include <string>
#include <vector>

namespace kur {

// Returns the activations that a Kurfile may name. FindActivation() implements them.
inline std::vector<std::string> ActivationNames() {
  return {"relu",         "softmax",    "tanh",        "sigmoid",     "elu",    "leakyrelu",
          "softplus",     "softsign",   "gelu",        "silu",        "selu",   "mish",
          "hard_sigmoid", "hard_swish", "log_softmax", "exponential", "linear", "none"};
}

}  // namespace kur

#endif  // KUR_ENGINE_LAYERS_ACTIVATION_NAMES_H_
