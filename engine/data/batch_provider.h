#ifndef KUR_ENGINE_DATA_BATCH_PROVIDER_H_
#define KUR_ENGINE_DATA_BATCH_PROVIDER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/data/source.h"
#include "engine/kurfile/specs/provider_options.h"

namespace kur {

// The samples of one epoch, in order and cut into batches. Immutable, thread-safe; cheap to copy.
class BatchPlan {
 public:
  BatchPlan(std::vector<int64_t> order, int64_t batch_size)
      : order_(std::make_shared<const std::vector<int64_t>>(std::move(order))),
        batch_size_(batch_size) {}

  int64_t num_batches() const { return (num_samples() + batch_size_ - 1) / batch_size_; }
  int64_t num_samples() const { return static_cast<int64_t>(order_->size()); }

  // Returns the number of samples of a batch. All batches have the same size, except that the last
  // may have fewer samples. Precondition: 0 <= batch < num_batches().
  int64_t size(int64_t batch) const;
  // Returns the samples of a batch: size(batch) indices into the sources. The indices live as long
  // as any copy of the plan.
  const int64_t* indices(int64_t batch) const { return order_->data() + batch * batch_size_; }

 private:
  std::shared_ptr<const std::vector<int64_t>> order_;
  int64_t batch_size_;
};

// Orders the samples of several sources and cuts them into batches. The order of an epoch depends
// on the options, the seed and the number of the epoch alone, so that a run can resume at any batch
// of any epoch. Immutable, thread-safe.
//
//   KUR_ASSIGN_OR_RETURN(auto provider, BatchProvider::Create(std::move(sources), options, seed));
//   const BatchPlan plan = provider.EpochPlan(epoch);
//   for (int64_t batch = first; batch < plan.num_batches(); ++batch) {
//     KUR_ASSIGN_OR_RETURN(auto samples, provider.Samples(plan, batch, {"images", "labels"}));
//     KUR_RETURN_IF_ERROR(provider.Gather(samples, {{"images", images}, {"labels", labels}}));
//   }
class BatchProvider {
 public:
  // Returns INVALID_ARGUMENT if there are no sources or no samples, if the sources differ in
  // length, if the options sort by a source that is missing, or if `force_batch_size` leaves no
  // batch.
  static absl::StatusOr<BatchProvider> Create(SourceMap sources, const ProviderOptions& options,
                                              uint64_t seed);

  const SourceMap& sources() const { return sources_; }
  const ProviderOptions& options() const { return options_; }

  // Samples in each source.
  int64_t num_samples() const { return num_samples_; }
  // Samples and batches of one epoch; the same for every epoch.
  int64_t samples_per_epoch() const { return samples_per_epoch_; }
  int64_t batches_per_epoch() const;

  // Returns the order of an epoch. Epochs count from 0 over the whole life of a model.
  BatchPlan EpochPlan(int64_t epoch) const;

  // Returns by what a person knows a sample, an index into the sources: what the first of them that
  // has names calls it. Empty: none has.
  std::string NameOf(int64_t sample) const;

  // Returns the samples to gather for a batch of the plan. A sample that one of the sources in
  // `names` cannot read is replaced by the first sample of the batch that all of them can read.
  // Returns DATA_LOSS if the batch has no readable sample, NOT_FOUND for an unknown name.
  absl::StatusOr<std::vector<int64_t>> Samples(const BatchPlan& plan, int64_t batch,
                                               const std::set<std::string>& names) const;

  // Returns the shape of a source's batch: (samples, extents of a sample...). Samples of a ragged
  // source are padded to the length of the longest one in the batch. Returns NOT_FOUND for an
  // unknown name.
  absl::StatusOr<std::vector<int64_t>> BatchShape(const std::vector<int64_t>& samples,
                                                  const std::string& name) const;

  // Writes a batch of each source that `buffers` names, as Source::Gather() does: as many values
  // as BatchShape() has elements. Returns NOT_FOUND for an unknown name.
  absl::Status Gather(const std::vector<int64_t>& samples,
                      const std::map<std::string, float*>& buffers) const;

 private:
  absl::StatusOr<const Source*> Find(const std::string& name) const;
  // Returns the keys to sort samples by: the first element of each sample of the source `name`.
  absl::StatusOr<std::vector<float>> ReadSortKeys(const std::string& name) const;
  // Return an order of all samples, also where an epoch shows only some of them.
  std::vector<int64_t> FixedOrder() const;
  std::vector<int64_t> RandomOrder(uint64_t epoch) const;

  BatchProvider(SourceMap sources, ProviderOptions options, uint64_t seed, int64_t num_samples)
      : sources_(std::move(sources)),
        options_(std::move(options)),
        seed_(seed),
        num_samples_(num_samples) {}

  SourceMap sources_;
  ProviderOptions options_;
  uint64_t seed_;
  int64_t num_samples_;
  int64_t samples_per_epoch_ = 0;
  std::vector<int64_t> sorted_;     // the order by `sort_by`; empty without it
  std::vector<float> bucket_keys_;  // keys of length buckets; empty: none are asked for
};

}  // namespace kur

#endif  // KUR_ENGINE_DATA_BATCH_PROVIDER_H_
