#include "engine/data/speech/feature_cache.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/parallel_for.h"
#include "engine/base/status.h"

namespace kur {
namespace {

constexpr size_t kMaxReported = 20;

int64_t Bytes(const AudioFeatures& features) {
  return static_cast<int64_t>(features.values.size() * sizeof(float));
}

std::vector<bool> FindUnreadable(const FeatureCache& cache, const int64_t* indices, int64_t count) {
  std::vector<bool> unreadable;
  for (const auto& features : cache.Load(indices, count)) {
    unreadable.push_back(features == nullptr);
  }
  return unreadable;
}

absl::StatusOr<std::vector<FeatureCache::Features>> LoadAll(const FeatureCache& cache,
                                                            const int64_t* indices, int64_t count) {
  std::vector<FeatureCache::Features> batch = cache.Load(indices, count);
  const auto bad = std::find(batch.begin(), batch.end(), nullptr);
  if (bad == batch.end()) return batch;
  return absl::DataLossError(absl::StrCat("the recording of sample ", indices[bad - batch.begin()],
                                          " cannot be read; a warning tells why"));
}

class FeatureSource : public Source {
 public:
  FeatureSource(std::shared_ptr<const FeatureCache> cache, const FeaturePadding& padding)
      : cache_(std::move(cache)), padding_(padding), shape_({kUnknown, cache_->width()}) {}

  int64_t size() const override { return cache_->size(); }
  const Shape& shape() const override { return shape_; }

  int64_t Length(int64_t index) const override {
    const auto features = cache_->Load(&index, 1)[0];
    return features == nullptr ? 0 : features->frames;
  }
  int64_t Extent(const int64_t* indices, int64_t count) const override {
    int64_t longest = 1;
    for (const auto& features : cache_->Load(indices, count)) {
      if (features != nullptr) longest = std::max(longest, features->frames);
    }
    return (longest + padding_.bucket - 1) / padding_.bucket * padding_.bucket;
  }

  std::vector<bool> Unreadable(const int64_t* indices, int64_t count) const override {
    return FindUnreadable(*cache_, indices, count);
  }

  // With `loop`, repeats a shorter recording where zeros would follow.
  absl::Status Gather(const int64_t* indices, int64_t count, int64_t extent,
                      float* to) const override {
    KUR_ASSIGN_OR_RETURN(const auto batch, LoadAll(*cache_, indices, count));
    const int64_t room = extent * cache_->width();
    for (const auto& features : batch) {
      const std::vector<float>& values = features->values;
      const auto length = static_cast<int64_t>(values.size());
      int64_t done = 0;
      while (done < room && (done == 0 || padding_.loop)) {
        const int64_t take = std::min(length, room - done);
        std::copy_n(values.begin(), take, to + done);
        done += take;
      }
      std::fill(to + done, to + room, 0.0f);
      to += room;
    }
    return absl::OkStatus();
  }

 private:
  std::shared_ptr<const FeatureCache> cache_;
  FeaturePadding padding_;
  Shape shape_;
};

class FeatureLengthSource : public Source {
 public:
  explicit FeatureLengthSource(std::shared_ptr<const FeatureCache> cache)
      : cache_(std::move(cache)) {}

  int64_t size() const override { return cache_->size(); }
  const Shape& shape() const override { return shape_; }

  std::vector<bool> Unreadable(const int64_t* indices, int64_t count) const override {
    return FindUnreadable(*cache_, indices, count);
  }

  absl::Status Gather(const int64_t* indices, int64_t count, int64_t /*extent*/,
                      float* to) const override {
    KUR_ASSIGN_OR_RETURN(const auto batch, LoadAll(*cache_, indices, count));
    for (const auto& features : batch) *to++ = static_cast<float>(features->frames);
    return absl::OkStatus();
  }

 private:
  std::shared_ptr<const FeatureCache> cache_;
  Shape shape_ = {1};
};

}  // namespace

FeatureCache::FeatureCache(Options options)
    : options_(std::move(options)), cache_(static_cast<size_t>(options_.size)) {}

std::vector<FeatureCache::Features> FeatureCache::Load(const int64_t* indices,
                                                       int64_t count) const {
  std::vector<Features> batch = FindCached(indices, count);
  std::vector<size_t> missing;
  {
    const absl::MutexLock lock(&mutex_);
    for (size_t i = 0; i < batch.size(); ++i) {
      if (batch[i] == nullptr && unreadable_.count(indices[i]) == 0) missing.push_back(i);
    }
  }
  std::vector<absl::StatusOr<AudioFeatures>> computed(missing.size());
  ParallelFor(static_cast<int64_t>(missing.size()), options_.threads, [&](int64_t i) {
    const auto at = static_cast<size_t>(i);
    computed[at] = Compute(indices[missing[at]]);
  });
  if (!missing.empty()) {
    const absl::MutexLock lock(&mutex_);
    last_batch_.clear();
  }
  for (size_t i = 0; i < missing.size(); ++i) {
    const int64_t index = indices[missing[i]];
    if (!computed[i].ok()) {
      Report(index, computed[i].status());
      continue;
    }
    batch[missing[i]] = std::make_shared<const AudioFeatures>(*std::move(computed[i]));
    Store(index, batch[missing[i]]);
  }
  return batch;
}

absl::StatusOr<AudioFeatures> FeatureCache::Compute(int64_t index) const {
  KUR_ASSIGN_OR_RETURN(AudioFeatures features, options_.compute(index));
  if (features.width != width()) {
    return absl::InvalidArgumentError(absl::StrCat("has ", features.width,
                                                   " features where the normalization has ",
                                                   width(), "; its sampling rate is another"));
  }
  options_.normalizer->Apply(&features);
  return features;
}

std::vector<FeatureCache::Features> FeatureCache::FindCached(const int64_t* indices,
                                                             int64_t count) const {
  const absl::MutexLock lock(&mutex_);
  std::vector<Features> batch(static_cast<size_t>(count));
  for (size_t i = 0; i < batch.size(); ++i) {
    batch[i] = cache_[static_cast<size_t>(indices[i])];
    if (batch[i] != nullptr) continue;
    const auto found = last_batch_.find(indices[i]);
    if (found != last_batch_.end()) batch[i] = found->second;
  }
  return batch;
}

void FeatureCache::Store(int64_t index, const Features& features) const {
  const absl::MutexLock lock(&mutex_);
  if (cached_bytes_ + Bytes(*features) > options_.max_cached_bytes) {
    last_batch_[index] = features;
    return;
  }
  cached_bytes_ += Bytes(*features);
  cache_[static_cast<size_t>(index)] = features;
}

void FeatureCache::Report(int64_t index, const absl::Status& problem) const {
  size_t reported = 0;
  {
    const absl::MutexLock lock(&mutex_);
    if (!unreadable_.insert(index).second) return;
    reported = unreadable_.size();
  }
  if (reported <= kMaxReported) {
    options_.warn(absl::StrCat(problem.message(),
                               "; in training another sample of its batch stands in for it",
                               reported == kMaxReported ? " (further ones are counted)" : ""));
  } else if ((reported & (reported - 1)) == 0) {  // ever more rarely
    options_.warn(
        absl::StrCat("so far ", reported, " of ", options_.size, " recordings cannot be read"));
  }
}

std::shared_ptr<const Source> MakeFeatureSource(std::shared_ptr<const FeatureCache> cache,
                                                const FeaturePadding& padding) {
  return std::make_shared<FeatureSource>(std::move(cache), padding);
}

std::shared_ptr<const Source> MakeFeatureLengthSource(std::shared_ptr<const FeatureCache> cache) {
  return std::make_shared<FeatureLengthSource>(std::move(cache));
}

}  // namespace kur
