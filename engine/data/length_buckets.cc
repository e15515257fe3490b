#include "engine/data/length_buckets.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "engine/base/random.h"

namespace kur {
namespace {

// The subset of the places 0 .. size-1 that was not removed: a Fenwick tree, so that every call
// takes logarithmic time.
class RemainingPlaces {
 public:
  explicit RemainingPlaces(int64_t size) : counts_(static_cast<size_t>(size) + 1) {
    for (size_t i = 1; i < counts_.size(); ++i) counts_[i] = static_cast<int64_t>(i & (0 - i));
  }

  // Returns the number of remaining places before `place`.
  int64_t CountBefore(int64_t place) const {
    int64_t count = 0;
    for (auto i = static_cast<size_t>(place); i > 0; i -= i & (0 - i)) count += counts_[i];
    return count;
  }

  // Returns the remaining place that has `rank` remaining places before it.
  int64_t Find(int64_t rank) const {
    size_t place = 0;
    size_t step = 1;
    while (2 * step < counts_.size()) step *= 2;
    for (; step > 0; step /= 2) {
      if (place + step >= counts_.size() || counts_[place + step] > rank) continue;
      place += step;
      rank -= counts_[place];
    }
    return static_cast<int64_t>(place);
  }

  void Remove(int64_t place) {
    for (auto i = static_cast<size_t>(place) + 1; i < counts_.size(); i += i & (0 - i)) {
      --counts_[i];
    }
  }

 private:
  std::vector<int64_t> counts_;
};

// Draws the batches of one order. A place is the position of a sample in ascending order of keys; a
// rank is its position among the samples that no batch has yet.
class BatchMaker {
 public:
  BatchMaker(std::vector<double> keys, const LengthBucketOptions& options, Random* random)
      : keys_(std::move(keys)),
        num_remaining_(static_cast<int64_t>(keys_.size())),
        radius_(options.radius.value_or((keys_.back() - keys_.front()) / 10)),
        growth_(options.growth),
        random_(random),
        remaining_(num_remaining_) {}

  // Moves `size` remaining samples into the next batch: appends their places to `places`.
  void AppendBatch(int64_t size, std::vector<int64_t>* places) {
    const bool from_least = random_->Below(2) == 0;
    const int64_t first = from_least ? 0 : num_remaining_ - 1;
    // The first sample has an extreme key, so the samples near it have the ranks next to it.
    int64_t near = CountNear(from_least, size);
    AppendSample(first, places);
    for (int64_t i = 1; i < size; ++i) {
      --near;
      const auto chosen = static_cast<int64_t>(random_->Below(static_cast<uint64_t>(near)));
      AppendSample(from_least ? chosen : num_remaining_ - 1 - chosen, places);
    }
  }

 private:
  double Key(int64_t rank) const { return keys_[static_cast<size_t>(remaining_.Find(rank))]; }

  // Returns the number of remaining samples within the radius of the batch's first sample, after
  // the radius has grown to hold `size` of them.
  int64_t CountNear(bool from_least, int64_t size) const {
    const double first = Key(from_least ? 0 : num_remaining_ - 1);
    const double needed = std::abs(Key(from_least ? size - 1 : num_remaining_ - size) - first);
    double radius = radius_;
    if (radius < needed && radius > 0) {
      const double steps = std::ceil(std::log(needed / radius) / std::log1p(growth_));
      radius *= std::pow(1 + growth_, steps);
    }
    radius = std::max(radius, needed);
    const auto begin = keys_.begin();
    const auto near =
        from_least
            ? remaining_.CountBefore(std::upper_bound(begin, keys_.end(), first + radius) - begin)
            : num_remaining_ - remaining_.CountBefore(
                                   std::lower_bound(begin, keys_.end(), first - radius) - begin);
    // Rounding of the radius must not leave out a needed sample.
    return std::max(near, size);
  }

  void AppendSample(int64_t rank, std::vector<int64_t>* places) {
    const int64_t place = remaining_.Find(rank);
    remaining_.Remove(place);
    --num_remaining_;
    places->push_back(place);
  }

  const std::vector<double> keys_;  // ascending
  int64_t num_remaining_;
  const double radius_;
  const double growth_;
  Random* random_;
  RemainingPlaces remaining_;
};

// Returns the indices of the samples in ascending order of keys; the sort is stable.
std::vector<int64_t> OrderByKey(const std::vector<float>& keys) {
  std::vector<int64_t> order(keys.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    return keys[static_cast<size_t>(a)] < keys[static_cast<size_t>(b)];
  });
  return order;
}

// Returns the full batches in random order, followed by the samples that fill no batch.
std::vector<int64_t> ShuffleBatches(const std::vector<int64_t>& samples, int64_t batch_size,
                                    Random* random) {
  std::vector<size_t> batches(samples.size() / static_cast<size_t>(batch_size));
  std::iota(batches.begin(), batches.end(), 0);
  for (size_t i = batches.size(); i > 1; --i) std::swap(batches[i - 1], batches[random->Below(i)]);
  std::vector<int64_t> shuffled;
  shuffled.reserve(samples.size());
  for (const size_t batch : batches) {
    const auto begin = samples.begin() + static_cast<int64_t>(batch) * batch_size;
    shuffled.insert(shuffled.end(), begin, begin + batch_size);
  }
  shuffled.insert(shuffled.end(), samples.begin() + static_cast<int64_t>(shuffled.size()),
                  samples.end());
  return shuffled;
}

}  // namespace

std::vector<int64_t> LengthBucketOrder(const std::vector<float>& keys,
                                       const LengthBucketOptions& options, uint64_t seed,
                                       uint64_t stream) {
  const auto size = static_cast<int64_t>(keys.size());
  if (size == 0) return {};
  constexpr float kGreatest = std::numeric_limits<float>::max();
  const std::vector<int64_t> by_key = OrderByKey(keys);
  std::vector<double> sorted;
  sorted.reserve(keys.size());
  for (const int64_t sample : by_key) {
    sorted.push_back(std::clamp(keys[static_cast<size_t>(sample)], -kGreatest, kGreatest));
  }
  Random random(seed, stream);
  BatchMaker batches(std::move(sorted), options, &random);
  std::vector<int64_t> samples;
  samples.reserve(keys.size());
  for (int64_t left = size; left > 0; left -= options.batch_size) {
    batches.AppendBatch(std::min(options.batch_size, left), &samples);
  }
  for (int64_t& place : samples) place = by_key[static_cast<size_t>(place)];
  return ShuffleBatches(samples, options.batch_size, &random);
}

}  // namespace kur
