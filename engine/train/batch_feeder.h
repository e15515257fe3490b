#ifndef KUR_ENGINE_TRAIN_BATCH_FEEDER_H_
#define KUR_ENGINE_TRAIN_BATCH_FEEDER_H_

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/data/augmenter.h"
#include "engine/data/batch_provider.h"
#include "engine/train/model.h"

namespace kur {

class BackgroundTask;

// Looks at a batch before it leaves the host. `samples` are the numbers of its samples.
using BatchCheck = std::function<absl::Status(const TensorMap& batch, const int64_t* samples)>;

// Changes a batch that has been looked at, in place.
using BatchChange = std::function<void(const int64_t* samples, const BatchBuffers& batch)>;

// Brings batches to the model: gathers into buffers that are used again and again, and grow where
// the samples of a batch are longer than those before. Where making a batch takes longer than
// handing it from thread to thread, the next one is made in the background while the model works on
// this one. One thread at a time.
class BatchFeeder {
 public:
  // The functions may be called by another thread, also between calls of Load().
  struct Options {
    std::set<std::string> on_host;  // sources that are not brought to the device
    BatchCheck check;               // may be empty
    BatchChange change;             // may be empty
  };

  // Feeds the named sources of `provider`, which must outlive this, to `device`.
  BatchFeeder(const BatchProvider& provider, const std::set<std::string>& names, c10::Device device,
              Options options);
  BatchFeeder(const BatchProvider& provider, const std::set<std::string>& names, c10::Device device)
      : BatchFeeder(provider, names, device, Options()) {}
  ~BatchFeeder();
  BatchFeeder(const BatchFeeder&) = delete;
  BatchFeeder& operator=(const BatchFeeder&) = delete;

  // Returns the tensors of a batch; valid until the next call. Quickest for the batch after the
  // last one.
  absl::StatusOr<TensorMap> Load(const BatchPlan& plan, int64_t batch);

  // Returns the rows of that batch in which another sample stands for one that cannot be read: what
  // is computed of them says nothing about it.
  const std::vector<int64_t>& UnreadableRows() const;

 private:
  struct Slot;

  absl::Status Fill(const BatchPlan& plan, int64_t batch, Slot* slot) const;
  // Begins to make a batch in the background.
  void Begin(const BatchPlan& plan, int64_t batch);

  const BatchProvider& provider_;
  std::set<std::string> names_;
  c10::Device device_;
  Options options_;
  std::unique_ptr<Slot> current_;  // what Load() gave last
  std::unique_ptr<Slot> next_;     // what is being made, or was
  std::unique_ptr<BackgroundTask> background_;
};

}  // namespace kur

#endif  // KUR_ENGINE_TRAIN_BATCH_FEEDER_H_
