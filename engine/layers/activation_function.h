#ifndef KUR_ENGINE_LAYERS_ACTIVATION_FUNCTION_H_
#define KUR_ENGINE_LAYERS_ACTIVATION_FUNCTION_H_

#include <ATen/core/Tensor.h>

#include <functional>
#include <optional>
#include <string>

namespace kur {

// Applies an activation. Returns a new tensor, or the argument itself for the identity.
// Thread-safe.
using ActivationFunction = std::function<at::Tensor(const at::Tensor&)>;

// Returns the activation of a name in ActivationNames(). `alpha` is the slope of leakyrelu below 0
// (default 0.3), or the scale of elu below 0 (default 1). Softmax and log_softmax are over the
// channels: the second axis of an image, the last axis of any other tensor.
ActivationFunction FindActivation(const std::string& name,
                                  const std::optional<double>& alpha = std::nullopt);

}  // namespace kur

#endif  // KUR_ENGINE_LAYERS_ACTIVATION_FUNCTION_H_
