#include "engine/data/batch_provider.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/random.h"
#include "engine/base/status.h"
#include "engine/base/suggest.h"
#include "engine/data/length_buckets.h"

namespace kur {
namespace {

std::vector<std::string> Names(const SourceMap& sources) {
  std::vector<std::string> names;
  for (const auto& entry : sources) names.push_back(entry.first);
  return names;
}

absl::Status CheckLengths(const SourceMap& sources) {
  if (sources.empty()) return absl::InvalidArgumentError("there are no sources of data");
  const int64_t first = sources.begin()->second->size();
  bool equal = true;
  std::vector<std::string> lengths;
  for (const auto& [name, source] : sources) {
    equal = equal && source->size() == first;
    lengths.push_back(absl::StrCat(name, ": ", source->size()));
  }
  if (!equal) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the sources differ in their number of samples (", absl::StrJoin(lengths, ", "), ")"));
  }
  if (first == 0) return absl::InvalidArgumentError("the sources have no samples");
  return absl::OkStatus();
}

// Reads the first element of each sample, the key by which Kur sorts. NaN and unreadable samples
// become infinite, so that they sort last.
absl::StatusOr<std::vector<float>> ReadFirstElements(const Source& source) {
  const Shape row(source.shape().begin() + 1, source.shape().end());
  std::vector<float> sample;
  std::vector<float> keys(static_cast<size_t>(source.size()));
  for (int64_t i = 0; i < source.size(); ++i) {
    const std::vector<bool> unreadable = source.Unreadable(&i, 1);
    if (!unreadable.empty() && unreadable[0]) {
      keys[static_cast<size_t>(i)] = INFINITY;
      continue;
    }
    const int64_t extent = source.Extent(&i, 1);
    sample.resize(static_cast<size_t>(extent * NumElements(row)));
    KUR_RETURN_IF_ERROR(source.Gather(&i, 1, extent, sample.data()));
    keys[static_cast<size_t>(i)] = sample[0] == sample[0] ? sample[0] : INFINITY;
  }
  return keys;
}

// Returns the indices of the samples in ascending (or with `reverse` descending) order of keys.
std::vector<int64_t> SortedOrder(const std::vector<float>& keys, bool reverse) {
  std::vector<int64_t> order(keys.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    return keys[static_cast<size_t>(a)] < keys[static_cast<size_t>(b)];
  });
  if (reverse) std::reverse(order.begin(), order.end());
  return order;
}

absl::StatusOr<int64_t> SamplesPerEpoch(int64_t num_samples, const ProviderOptions& options) {
  int64_t samples = num_samples;
  int64_t most = 0;
  if (options.num_batches.has_value() &&
      !__builtin_mul_overflow(*options.num_batches, options.batch_size, &most)) {
    samples = std::min(samples, most);
  }
  if (options.force_batch_size) samples -= samples % options.batch_size;
  if (samples == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("with force_batch_size there is no batch: there are ", num_samples,
                     " samples, fewer than batch_size: ", options.batch_size));
  }
  return samples;
}

}  // namespace

int64_t BatchPlan::size(int64_t batch) const {
  return std::min(batch_size_, num_samples() - batch * batch_size_);
}

absl::StatusOr<BatchProvider> BatchProvider::Create(SourceMap sources,
                                                    const ProviderOptions& options, uint64_t seed) {
  KUR_RETURN_IF_ERROR(CheckLengths(sources));
  if (options.batch_size < 1 || options.num_batches.value_or(1) < 1 || options.shuffle_after < 0) {
    return absl::InvalidArgumentError("batch_size and num_batches must be at least 1");
  }
  const int64_t num_samples = sources.begin()->second->size();
  BatchProvider provider(std::move(sources), options, seed, num_samples);
  KUR_ASSIGN_OR_RETURN(provider.samples_per_epoch_, SamplesPerEpoch(num_samples, options));
  if (options.sort_by.has_value()) {
    KUR_ASSIGN_OR_RETURN(const auto keys, provider.ReadSortKeys(*options.sort_by));
    provider.sorted_ = SortedOrder(keys, options.reverse);
  }
  if (options.randomize.on && options.neighborhood_sort.has_value()) {
    KUR_ASSIGN_OR_RETURN(provider.bucket_keys_, provider.ReadSortKeys(*options.neighborhood_sort));
  }
  return provider;
}

int64_t BatchProvider::batches_per_epoch() const {
  return (samples_per_epoch_ + options_.batch_size - 1) / options_.batch_size;
}

absl::StatusOr<std::vector<float>> BatchProvider::ReadSortKeys(const std::string& name) const {
  const auto found = sources_.find(name);
  if (found != sources_.end()) return ReadFirstElements(*found->second);
  return absl::InvalidArgumentError(
      absl::StrCat("there is no source '", name,
                   "' to sort by; sources: ", absl::StrJoin(Names(sources_), ", ")));
}

std::vector<int64_t> BatchProvider::FixedOrder() const {
  if (!sorted_.empty()) return sorted_;
  std::vector<int64_t> order(static_cast<size_t>(num_samples_));
  std::iota(order.begin(), order.end(), 0);
  return order;
}

std::vector<int64_t> BatchProvider::RandomOrder(uint64_t epoch) const {
  if (!bucket_keys_.empty()) {
    LengthBucketOptions options;
    options.batch_size = options_.batch_size;
    options.radius = options_.neighborhood_size;
    options.growth = options_.neighborhood_growth;
    return LengthBucketOrder(bucket_keys_, options, seed_, epoch);
  }
  const int64_t first = std::min(options_.randomize.first.value_or(num_samples_), num_samples_);
  std::vector<int64_t> front = Permutation(first, seed_, epoch);
  if (first == num_samples_) return front;
  const std::vector<int64_t> before = FixedOrder();
  std::vector<int64_t> order = before;
  for (size_t i = 0; i < front.size(); ++i) order[i] = before[static_cast<size_t>(front[i])];
  return order;
}

BatchPlan BatchProvider::EpochPlan(int64_t epoch) const {
  const bool randomized = options_.randomize.on && epoch >= options_.shuffle_after;
  std::vector<int64_t> order =
      randomized ? RandomOrder(static_cast<uint64_t>(epoch)) : FixedOrder();
  order.resize(static_cast<size_t>(samples_per_epoch_));
  return BatchPlan(std::move(order), options_.batch_size);
}

absl::StatusOr<const Source*> BatchProvider::Find(const std::string& name) const {
  const auto found = sources_.find(name);
  if (found != sources_.end()) return found->second.get();
  return absl::NotFoundError(
      absl::StrCat("the data has no source '", name, "'", DidYouMean(name, Names(sources_))));
}

std::string BatchProvider::NameOf(int64_t sample) const {
  for (const auto& [name, source] : sources_) {
    std::string known = source->NameOf(sample);
    if (!known.empty()) return known;
  }
  return "";
}

absl::StatusOr<std::vector<int64_t>> BatchProvider::Samples(
    const BatchPlan& plan, int64_t batch, const std::set<std::string>& names) const {
  const int64_t* const indices = plan.indices(batch);
  const int64_t size = plan.size(batch);
  std::vector<int64_t> samples(indices, indices + size);
  std::vector<bool> unreadable;
  for (const std::string& name : names) {
    KUR_ASSIGN_OR_RETURN(const Source* source, Find(name));
    AddUnreadable(source->Unreadable(indices, size), &unreadable);
  }
  const auto good = std::find(unreadable.begin(), unreadable.end(), false);
  if (good == unreadable.end() && !unreadable.empty()) {
    return absl::DataLossError(
        absl::StrCat("no sample of a batch of ", size, " can be read; warnings tell why"));
  }
  for (size_t i = 0; i < unreadable.size(); ++i) {
    if (unreadable[i]) samples[i] = indices[good - unreadable.begin()];
  }
  return samples;
}

absl::StatusOr<std::vector<int64_t>> BatchProvider::BatchShape(const std::vector<int64_t>& samples,
                                                               const std::string& name) const {
  KUR_ASSIGN_OR_RETURN(const Source* source, Find(name));
  const auto size = static_cast<int64_t>(samples.size());
  std::vector<int64_t> shape = {size};
  shape.insert(shape.end(), source->shape().begin(), source->shape().end());
  shape[1] = source->Extent(samples.data(), size);
  return shape;
}

absl::Status BatchProvider::Gather(const std::vector<int64_t>& samples,
                                   const std::map<std::string, float*>& buffers) const {
  const auto size = static_cast<int64_t>(samples.size());
  for (const auto& [name, buffer] : buffers) {
    KUR_ASSIGN_OR_RETURN(const Source* source, Find(name));
    const int64_t extent = source->Extent(samples.data(), size);
    KUR_RETURN_IF_ERROR(Annotate(source->Gather(samples.data(), size, extent, buffer),
                                 absl::StrCat("source '", name, "'")));
  }
  return absl::OkStatus();
}

}  // namespace kur
