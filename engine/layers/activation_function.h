#ifndef KUR_ENGINE_LAYERS_ACTIVATION_FUNCTION_H_
#define KUR_ENGINE_LAYERS_ACTIVATION_FUNCTION_H_

#include <ATen/core/Tensor.h>

#include <functional>
#include <optional>
#include <string>

namespace kur {

// Gives a new tensor, or the argument itself where nothing is to be done.
using ActivationFunction = std::function<at::Tensor(const at::Tensor&)>;

// The function of a name out of ActivationNames(). `alpha` is the slope of leakyrelu below 0 (by
// default 0.3) and the scale of elu there (by default 1). Softmax and log_softmax are over the
// channels: the second axis of an image, the last of anything else.
ActivationFunction FindActivation(const std::string& name,
                                  const std::optional<double>& alpha = std::nullopt);

}  // namespace kur

#endif  // KUR_ENGINE_LAYERS_ACTIVATION_FUNCTION_H_
