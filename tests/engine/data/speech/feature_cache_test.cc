#include "engine/data/speech/feature_cache.h"

#include <atomic>
#include <numeric>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "engine/data/array_source.h"
#include "engine/data/batch_provider.h"
#include "engine/data/columns/column_source.h"
#include "engine/data/columns/column_statistics.h"
#include "engine/data/concatenated_source.h"
#include "engine/data/subset_source.h"
#include "tests/engine/suppliers/supplier_test_util.h"

namespace kur {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr auto kDataLoss = absl::StatusCode::kDataLoss;

// Recording i has i + 1 frames of two features, all of them i + 1; every fifth is bad.
class FeatureCacheTest : public testing::Test {
 protected:
  FeatureCacheTest() {
    FeatureStatistics statistics;
    statistics.mean = {0, 0};
    statistics.stddev = {1, 1};
    options_.size = 20;
    options_.threads = 3;
    options_.max_cached_bytes = 1 << 20;
    options_.normalizer = std::make_shared<const FeatureNormalizer>(
        statistics, FeatureNormalizer::Options{true, true, Rotation::kNone});
    options_.warn = [this](const std::string& text) { warnings_.push_back(text); };
    options_.compute = [this](int64_t index) -> absl::StatusOr<AudioFeatures> {
      ++computed_;
      if (index % 5 == 4) return absl::DataLossError(absl::StrCat("recording ", index, " is bad"));
      const int64_t frames = index + 1;
      return AudioFeatures{
          frames, 2,
          std::vector<float>(static_cast<size_t>(2 * frames), static_cast<float>(frames))};
    };
  }

  std::shared_ptr<const FeatureCache> Make() {
    return std::make_shared<const FeatureCache>(options_);
  }

  FeatureCache::Options options_;
  std::vector<std::string> warnings_;
  std::atomic<int> computed_ = 0;
};

TEST_F(FeatureCacheTest, ABatchIsFilledUpWithZeros) {
  const auto source = MakeFeatureSource(Make(), {});
  EXPECT_EQ(source->size(), 20);
  EXPECT_THAT(source->shape(), ElementsAre(kUnknown, 2));
  EXPECT_THAT(Gathered(*source, {2, 0}), ElementsAre(3, 3, 3, 3, 3, 3, 1, 1, 0, 0, 0, 0));
}

TEST_F(FeatureCacheTest, ABatchIsFilledUpByRepeating) {
  FeaturePadding padding;
  padding.loop = true;
  EXPECT_THAT(Gathered(*MakeFeatureSource(Make(), padding), {2, 1}),
              ElementsAre(3, 3, 3, 3, 3, 3, 2, 2, 2, 2, 2, 2));
}

TEST_F(FeatureCacheTest, LengthsAreRoundedUpToTheBucket) {
  FeaturePadding padding;
  padding.bucket = 4;
  const auto source = MakeFeatureSource(Make(), padding);
  for (const auto& [index, extent] :
       std::vector<std::pair<int64_t, int64_t>>{{0, 4}, {3, 4}, {5, 8}, {7, 8}, {8, 12}}) {
    EXPECT_EQ(source->Extent(&index, 1), extent) << index;
  }
  EXPECT_THAT(Gathered(*source, {0}), ElementsAre(1, 1, 0, 0, 0, 0, 0, 0));
}

TEST_F(FeatureCacheTest, LengthsAreThoseBeforeFilling) {
  const auto source = MakeFeatureLengthSource(Make());
  EXPECT_THAT(source->shape(), ElementsAre(1));
  EXPECT_THAT(Gathered(*source, {2, 0, 8}), ElementsAre(3, 1, 9));
}

TEST_F(FeatureCacheTest, ABadRecordingIsSaidToBeUnreadable) {
  const auto cache = Make();
  const auto features = MakeFeatureSource(cache, {});
  const auto lengths = MakeFeatureLengthSource(cache);
  const std::vector<int64_t> batch = {4, 1, 9};
  EXPECT_THAT(features->Unreadable(batch.data(), 3), ElementsAre(true, false, true));
  EXPECT_THAT(lengths->Unreadable(batch.data(), 3), ElementsAre(true, false, true));
  EXPECT_EQ(features->Extent(batch.data(), 3), 2);
  EXPECT_THAT(
      warnings_,
      ElementsAre("recording 4 is bad; in training another sample of its batch stands in for it",
                  HasSubstr("recording 9 is bad")));
  std::vector<float> out(12);
  for (const auto& source : {features, lengths}) {
    const absl::Status gathered = source->Gather(batch.data(), 3, 2, out.data());
    EXPECT_EQ(gathered.code(), kDataLoss);
    EXPECT_THAT(std::string(gathered.message()),
                HasSubstr("the recording of sample 4 cannot be read"));
  }
  EXPECT_THAT(warnings_, SizeIs(2));
}

TEST_F(FeatureCacheTest, AnotherSampleOfTheBatchStandsInWithAllThatBelongsToIt) {
  const auto cache = Make();
  std::vector<float> numbers(20);
  std::iota(numbers.begin(), numbers.end(), 0.0F);
  SourceMap sources;
  sources["audio"] = MakeFeatureSource(cache, {});
  sources["label"] = *ArraySource::Create(*Array::FromValues<float>({20}, numbers));
  ProviderOptions options;
  options.batch_size = 5;
  options.randomize.on = false;
  const auto provider = *BatchProvider::Create(sources, options, 0);
  const BatchPlan plan = provider.EpochPlan(0);
  const auto samples = provider.Samples(plan, 1, {"audio", "label"});
  ASSERT_TRUE(samples.ok()) << samples.status();
  EXPECT_THAT(*samples, ElementsAre(5, 6, 7, 8, 5));
  std::vector<float> labels(5);
  ASSERT_TRUE(provider.Gather(*samples, {{"label", labels.data()}}).ok());
  EXPECT_THAT(labels, ElementsAre(5, 6, 7, 8, 5));
  // The labels alone are readable.
  EXPECT_THAT(*provider.Samples(plan, 1, {"label"}), ElementsAre(5, 6, 7, 8, 9));
}

TEST_F(FeatureCacheTest, SoItDoesInWhatIsMadeOfASource) {
  const std::shared_ptr<const Source> whole = MakeFeatureLengthSource(Make());
  const std::vector<int64_t> batch = {0, 1};
  const auto part = std::make_shared<const SubsetSource>(
      whole, std::make_shared<const std::vector<int64_t>>(std::vector<int64_t>{3, 4}));
  EXPECT_THAT(part->Unreadable(batch.data(), 2), ElementsAre(false, true));
  const ConcatenatedSource joined({part, part}, part->shape());
  const std::vector<int64_t> far = {3, 2};
  EXPECT_THAT(joined.Unreadable(far.data(), 2), ElementsAre(true, false));
  EXPECT_THAT((*ScaleColumn(part, {{1}, {0}}))->Unreadable(batch.data(), 2),
              ElementsAre(false, true));
  EXPECT_THAT((*CombineColumns({part, part}))->Unreadable(batch.data(), 2),
              ElementsAre(false, true));
}

TEST_F(FeatureCacheTest, ABatchOfBadRecordingsIsAnError) {
  options_.compute = [](int64_t) { return absl::DataLossError("bad"); };
  ProviderOptions options;
  options.batch_size = 2;
  const auto provider =
      *BatchProvider::Create({{"audio", MakeFeatureSource(Make(), {})}}, options, 0);
  EXPECT_THAT(provider.Samples(provider.EpochPlan(0), 0, {"audio"}),
              FailsWith(kDataLoss, "no sample of a batch of 2 can be read"));
}

TEST_F(FeatureCacheTest, WhatCannotBeReadIsSortedToTheEnd) {
  ProviderOptions options;
  options.sort_by = "length";
  options.randomize.on = false;
  options.batch_size = 20;
  const auto provider =
      *BatchProvider::Create({{"length", MakeFeatureLengthSource(Make())}}, options, 0);
  const BatchPlan plan = provider.EpochPlan(0);
  EXPECT_THAT(std::vector<int64_t>(plan.indices(0) + 15, plan.indices(0) + 20),
              ElementsAre(18, 4, 9, 14, 19));
}

TEST_F(FeatureCacheTest, RecordingsOfAnotherWidthAreBad) {
  options_.compute = [](int64_t index) {
    return index == 0 ? AudioFeatures{1, 3, {1, 2, 3}} : AudioFeatures{1, 2, {1, 2}};
  };
  const std::vector<int64_t> batch = {0, 1};
  EXPECT_THAT(MakeFeatureSource(Make(), {})->Unreadable(batch.data(), 2), ElementsAre(true, false));
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("has 3 features where the normalization has 2")));
}

TEST_F(FeatureCacheTest, WhatThereIsRoomForIsComputedOnce) {
  const auto source = MakeFeatureSource(Make(), {});
  for (int i = 0; i < 3; ++i) Gathered(*source, {0, 1, 2, 3});
  EXPECT_EQ(computed_, 4);
}

TEST_F(FeatureCacheTest, WithoutRoomABatchIsComputedOnceForAllThatIsAskedOfIt) {
  options_.max_cached_bytes = 0;
  const auto cache = Make();
  const auto source = MakeFeatureSource(cache, {});
  const auto lengths = MakeFeatureLengthSource(cache);
  for (int i = 0; i < 3; ++i) {
    for (const std::vector<int64_t>& batch : {std::vector<int64_t>{0, 1}, {2, 3}}) {
      EXPECT_THAT(Gathered(*source, batch), SizeIs(4 * (batch[1] + 1)));
      EXPECT_THAT(Gathered(*lengths, batch), ElementsAre(batch[0] + 1, batch[1] + 1));
    }
  }
  EXPECT_EQ(computed_, 12);
}

TEST_F(FeatureCacheTest, FeaturesAreNormalized) {
  FeatureStatistics statistics;
  statistics.mean = {1, 2};
  statistics.stddev = {0.5, 1};
  options_.normalizer = std::make_shared<const FeatureNormalizer>(
      statistics, FeatureNormalizer::Options{true, true, Rotation::kNone});
  EXPECT_THAT(Gathered(*MakeFeatureSource(Make(), {}), {1}), ElementsAre(2, 0, 2, 0));
}

TEST_F(FeatureCacheTest, SeveralThreadsMayGather) {
  options_.max_cached_bytes = 200;
  const auto source = MakeFeatureSource(Make(), {});
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int64_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int64_t i = 0; i < 50; ++i) {
        const int64_t index = (7 * i + t) % 4 + 5 * (i % 4);
        wrong += Gathered(*source, {index})[0] == static_cast<float>(index + 1) ? 0 : 1;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_THAT(warnings_, IsEmpty());
}

}  // namespace
}  // namespace kur
