#ifndef KUR_ENGINE_TRAIN_AUTOCAST_H_
#define KUR_ENGINE_TRAIN_AUTOCAST_H_

#include <c10/core/Device.h>

#include <string>

namespace kur {

// While it lives, operators of this thread compute in a lower precision where that is safe: matrix
// products and convolutions do, sums and losses do not. A result may have that type. For a
// forward pass; the backward pass follows it by itself. Do not nest.
class Autocast {
 public:
  // `precision` as `train.precision` has it; "float32": nothing changes.
  Autocast(const std::string& precision, c10::Device device);
  ~Autocast();
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  const bool active_;
  const bool on_cpu_;
};

}  // namespace kur

#endif  // KUR_ENGINE_TRAIN_AUTOCAST_H_
