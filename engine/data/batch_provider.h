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

// Which samples one epoch presents, and in which batches. Immutable, thread-safe; cheap to copy.
class BatchPlan {
 public:
  BatchPlan(std::vector<int64_t> order, int64_t batch_size)
      : order_(std::make_shared<const std::vector<int64_t>>(std::move(order))),
        batch_size_(batch_size) {}

  int64_t num_batches() const { return (num_samples() + batch_size_ - 1) / batch_size_; }
  int64_t num_samples() const { return static_cast<int64_t>(order_->size()); }

  // The number of samples of a batch: the same for all, the last may have fewer.
  // Precondition: 0 <= batch < num_batches().
  int64_t size(int64_t batch) const;
  // The samples of a batch, as indices into the sources: size(batch) of them. They live as long as
  // any copy of the plan.
  const int64_t* indices(int64_t batch) const { return order_->data() + batch * batch_size_; }

 private:
  std::shared_ptr<const std::vector<int64_t>> order_;
  int64_t batch_size_;
};

// Cuts the samples of several sources into batches. The order of every epoch is a function of the
// options, the seed and the number of the epoch alone, so a run can go on at any batch of any
// epoch. Immutable, thread-safe.
//
//   KUR_ASSIGN_OR_RETURN(auto provider, BatchProvider::Create(std::move(sources), options, seed));
//   const BatchPlan plan = provider.EpochPlan(epoch);
//   for (int64_t batch = first; batch < plan.num_batches(); ++batch) {
//     KUR_ASSIGN_OR_RETURN(auto samples, provider.Samples(plan, batch, {"images", "labels"}));
//     KUR_RETURN_IF_ERROR(provider.Gather(samples, {{"images", images}, {"labels", labels}}));
//   }
class BatchProvider {
 public:
  // INVALID_ARGUMENT if there are no sources or no samples, if the sources differ in length, if
  // there is no source to sort by, or if `force_batch_size` leaves no batch.
  static absl::StatusOr<BatchProvider> Create(SourceMap sources, const ProviderOptions& options,
                                              uint64_t seed);

  const SourceMap& sources() const { return sources_; }
  const ProviderOptions& options() const { return options_; }

  // Samples in the sources.
  int64_t num_samples() const { return num_samples_; }
  // Samples and batches of one epoch: the same for every epoch.
  int64_t samples_per_epoch() const { return samples_per_epoch_; }
  int64_t batches_per_epoch() const;

  // The order of epoch `epoch`, counted from 0 over the whole life of a model.
  BatchPlan EpochPlan(int64_t epoch) const;

  // The samples to gather for a batch: those of the plan, but the first that all the sources called
  // `names` can read stands in for what one of them cannot read. DATA_LOSS if there is none;
  // NOT_FOUND for a name that no source has.
  absl::StatusOr<std::vector<int64_t>> Samples(const BatchPlan& plan, int64_t batch,
                                               const std::set<std::string>& names) const;

  // The shape of a batch of a source: (samples, extents of a sample...). A ragged source's samples
  // are as long there as the longest of the batch. NOT_FOUND for a name that no source has.
  absl::StatusOr<std::vector<int64_t>> BatchShape(const std::vector<int64_t>& samples,
                                                  const std::string& name) const;

  // Writes a batch of the sources that `buffers` names: for each as many values as BatchShape()
  // says, as Source::Gather() writes them. NOT_FOUND for a name that no source has.
  absl::Status Gather(const std::vector<int64_t>& samples,
                      const std::map<std::string, float*>& buffers) const;

 private:
  absl::StatusOr<const Source*> Find(const std::string& name) const;
  // What samples are sorted by: the first element of each in that source.
  absl::StatusOr<std::vector<float>> KeysOf(const std::string& name) const;
  // The order of all samples without chance and with it.
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
  std::vector<int64_t> sorted_;           // the order by `sort_by`; empty without it
  std::vector<float> neighborhood_keys_;  // empty unless `neighborhood_sort` matters
};

}  // namespace kur

#endif  // KUR_ENGINE_DATA_BATCH_PROVIDER_H_
