#ifndef KUR_ENGINE_TRAIN_DETERMINISTIC_ALGORITHMS_H_
#define KUR_ENGINE_TRAIN_DETERMINISTIC_ALGORITHMS_H_

namespace kur {

// While it lives, torch takes the algorithms that always give the same, for all threads of the
// process. One at a time.
class DeterministicAlgorithms {
 public:
  DeterministicAlgorithms();
  ~DeterministicAlgorithms();
  DeterministicAlgorithms(const DeterministicAlgorithms&) = delete;
  DeterministicAlgorithms& operator=(const DeterministicAlgorithms&) = delete;
};

}  // namespace kur

#endif  // KUR_ENGINE_TRAIN_DETERMINISTIC_ALGORITHMS_H_
