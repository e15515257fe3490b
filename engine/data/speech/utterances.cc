#include "engine/data/speech/utterances.h"

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

std::vector<bool> FindUnreadable(const Utterances& utterances, const int64_t* indices,
                                 int64_t count) {
  std::vector<bool> unreadable;
  for (const auto& features : utterances.Load(indices, count)) {
    unreadable.push_back(features == nullptr);
  }
  return unreadable;
}

absl::StatusOr<std::vector<Utterances::Features>> LoadAll(const Utterances& utterances,
                                                          const int64_t* indices, int64_t count) {
  std::vector<Utterances::Features> batch = utterances.Load(indices, count);
  const auto bad = std::find(batch.begin(), batch.end(), nullptr);
  if (bad == batch.end()) return batch;
  return absl::DataLossError(absl::StrCat("the recording of sample ", indices[bad - batch.begin()],
                                          " cannot be read; a warning tells why"));
}

class UtteranceSource : public Source {
 public:
  UtteranceSource(std::shared_ptr<const Utterances> utterances, const UtterancePadding& padding)
      : utterances_(std::move(utterances)),
        padding_(padding),
        shape_({kUnknown, utterances_->width()}) {}

  int64_t size() const override { return utterances_->size(); }
  const Shape& shape() const override { return shape_; }

  int64_t Length(int64_t index) const override {
    const auto features = utterances_->Load(&index, 1)[0];
    return features == nullptr ? 0 : features->frames;
  }
  int64_t Extent(const int64_t* indices, int64_t count) const override {
    int64_t longest = 1;
    for (const auto& features : utterances_->Load(indices, count)) {
      if (features != nullptr) longest = std::max(longest, features->frames);
    }
    return (longest + padding_.bucket - 1) / padding_.bucket * padding_.bucket;
  }

  std::vector<bool> Unreadable(const int64_t* indices, int64_t count) const override {
    return FindUnreadable(*utterances_, indices, count);
  }

  // With `loop` a shorter utterance is followed by itself instead of zeros.
  absl::Status Gather(const int64_t* indices, int64_t count, int64_t extent,
                      float* to) const override {
    KUR_ASSIGN_OR_RETURN(const auto batch, LoadAll(*utterances_, indices, count));
    const int64_t room = extent * utterances_->width();
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
  std::shared_ptr<const Utterances> utterances_;
  UtterancePadding padding_;
  Shape shape_;
};

class UtteranceLengthSource : public Source {
 public:
  explicit UtteranceLengthSource(std::shared_ptr<const Utterances> utterances)
      : utterances_(std::move(utterances)) {}

  int64_t size() const override { return utterances_->size(); }
  const Shape& shape() const override { return shape_; }

  std::vector<bool> Unreadable(const int64_t* indices, int64_t count) const override {
    return FindUnreadable(*utterances_, indices, count);
  }

  absl::Status Gather(const int64_t* indices, int64_t count, int64_t /*extent*/,
                      float* to) const override {
    KUR_ASSIGN_OR_RETURN(const auto batch, LoadAll(*utterances_, indices, count));
    for (const auto& features : batch) *to++ = static_cast<float>(features->frames);
    return absl::OkStatus();
  }

 private:
  std::shared_ptr<const Utterances> utterances_;
  Shape shape_ = {1};
};

}  // namespace

Utterances::Utterances(Options options)
    : options_(std::move(options)), cache_(static_cast<size_t>(options_.size)) {}

std::vector<Utterances::Features> Utterances::Load(const int64_t* indices, int64_t count) const {
  std::vector<Features> batch = Known(indices, count);
  std::vector<size_t> missing;
  {
    const absl::MutexLock lock(&mutex_);
    for (size_t i = 0; i < batch.size(); ++i) {
      if (batch[i] == nullptr && bad_.count(indices[i]) == 0) missing.push_back(i);
    }
  }
  std::vector<absl::StatusOr<AudioFeatures>> computed(missing.size());
  ParallelFor(static_cast<int64_t>(missing.size()), options_.threads, [&](int64_t i) {
    const auto at = static_cast<size_t>(i);
    computed[at] = Compute(indices[missing[at]]);
  });
  if (!missing.empty()) {
    const absl::MutexLock lock(&mutex_);
    last_.clear();
  }
  for (size_t i = 0; i < missing.size(); ++i) {
    const int64_t index = indices[missing[i]];
    if (!computed[i].ok()) {
      Report(index, computed[i].status());
      continue;
    }
    batch[missing[i]] = std::make_shared<const AudioFeatures>(*std::move(computed[i]));
    Keep(index, batch[missing[i]]);
  }
  return batch;
}

absl::StatusOr<AudioFeatures> Utterances::Compute(int64_t index) const {
  KUR_ASSIGN_OR_RETURN(AudioFeatures features, options_.compute(index));
  if (features.width != width()) {
    return absl::InvalidArgumentError(absl::StrCat("has ", features.width,
                                                   " features where the normalization has ",
                                                   width(), "; its sampling rate is another"));
  }
  options_.normalizer->Apply(&features);
  return features;
}

std::vector<Utterances::Features> Utterances::Known(const int64_t* indices, int64_t count) const {
  const absl::MutexLock lock(&mutex_);
  std::vector<Features> batch(static_cast<size_t>(count));
  for (size_t i = 0; i < batch.size(); ++i) {
    batch[i] = cache_[static_cast<size_t>(indices[i])];
    if (batch[i] != nullptr) continue;
    const auto found = last_.find(indices[i]);
    if (found != last_.end()) batch[i] = found->second;
  }
  return batch;
}

void Utterances::Keep(int64_t index, const Features& features) const {
  const absl::MutexLock lock(&mutex_);
  if (cached_bytes_ + Bytes(*features) > options_.max_cached_bytes) {
    last_[index] = features;
    return;
  }
  cached_bytes_ += Bytes(*features);
  cache_[static_cast<size_t>(index)] = features;
}

void Utterances::Report(int64_t index, const absl::Status& problem) const {
  size_t reported = 0;
  {
    const absl::MutexLock lock(&mutex_);
    if (!bad_.insert(index).second) return;
    reported = bad_.size();
  }
  if (reported > kMaxReported) return;
  options_.warn(absl::StrCat(problem.message(), "; another sample of its batch stands in for it",
                             reported == kMaxReported ? " (further ones are not reported)" : ""));
}

std::shared_ptr<const Source> MakeUtteranceSource(std::shared_ptr<const Utterances> utterances,
                                                  const UtterancePadding& padding) {
  return std::make_shared<UtteranceSource>(std::move(utterances), padding);
}

std::shared_ptr<const Source> MakeUtteranceLengthSource(
    std::shared_ptr<const Utterances> utterances) {
  return std::make_shared<UtteranceLengthSource>(std::move(utterances));
}

}  // namespace kur
