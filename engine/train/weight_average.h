#ifndef KUR_ENGINE_TRAIN_WEIGHT_AVERAGE_H_
#define KUR_ENGINE_TRAIN_WEIGHT_AVERAGE_H_

#include <vector>

#include "engine/train/model.h"

namespace kur {

// An exponential moving average of the parameters that a model trains. Running statistics have no
// average: those of the model serve. Not thread-safe.
class WeightAverage {
 public:
  // Begins as the parameters are, which share memory with the model.
  WeightAverage(std::vector<NamedParameter> parameters, double decay);

  // Updates the averages by the parameters after a step: average = decay * average + (1 - decay) *
  // parameter.
  void Update();

  // Returns the averages, whose memory is shared, by the names of the parameters.
  TensorMap Tensors() const;

  // Copies averages in; a parameter that is not there begins as it is.
  void Load(const TensorMap& tensors);

  // While it lives, the model has the averages for its parameters. `average` may be null: then
  // nothing is changed.
  class InPlace {
   public:
    explicit InPlace(WeightAverage* average) : average_(average) {
      if (average_ != nullptr) average_->Exchange();
    }
    ~InPlace() {
      if (average_ != nullptr) average_->Exchange();
    }
    InPlace(const InPlace&) = delete;
    InPlace& operator=(const InPlace&) = delete;

   private:
    WeightAverage* average_;
  };

 private:
  void Exchange();

  std::vector<NamedParameter> parameters_;
  std::vector<at::Tensor> averages_;
  double decay_;
};

}  // namespace kur

#endif  // KUR_ENGINE_TRAIN_WEIGHT_AVERAGE_H_
