#include "engine/data/utterances.h"

#include <atomic>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "tests/engine/data/supplier_test_util.h"

namespace kur {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr auto kDataLoss = absl::StatusCode::kDataLoss;

// Recording i has i + 1 frames of two features, all of them i + 1; every fifth is bad.
class UtterancesTest : public testing::Test {
 protected:
  UtterancesTest() {
    FeatureStatistics statistics;
    statistics.mean = {0, 0};
    statistics.stddev = {1, 1};
    options_.size = 20;
    options_.threads = 3;
    options_.most_cached_bytes = 1 << 20;
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

  std::shared_ptr<const Utterances> Make() { return std::make_shared<const Utterances>(options_); }

  Utterances::Options options_;
  std::vector<std::string> warnings_;
  std::atomic<int> computed_ = 0;
};

TEST_F(UtterancesTest, ABatchIsFilledUpWithZeros) {
  const auto source = MakeUtteranceSource(Make(), {});
  EXPECT_EQ(source->size(), 20);
  EXPECT_THAT(source->shape(), ElementsAre(kUnknown, 2));
  EXPECT_THAT(Gathered(*source, {2, 0}), ElementsAre(3, 3, 3, 3, 3, 3, 1, 1, 0, 0, 0, 0));
}

TEST_F(UtterancesTest, ABatchIsFilledUpByRepeating) {
  UtterancePadding padding;
  padding.loop = true;
  EXPECT_THAT(Gathered(*MakeUtteranceSource(Make(), padding), {2, 1}),
              ElementsAre(3, 3, 3, 3, 3, 3, 2, 2, 2, 2, 2, 2));
}

TEST_F(UtterancesTest, LengthsAreRoundedUpToTheBucket) {
  UtterancePadding padding;
  padding.bucket = 4;
  const auto source = MakeUtteranceSource(Make(), padding);
  for (const auto& [index, extent] :
       std::vector<std::pair<int64_t, int64_t>>{{0, 4}, {3, 4}, {5, 8}, {7, 8}, {8, 12}}) {
    EXPECT_EQ(source->Extent(&index, 1), extent) << index;
  }
  EXPECT_THAT(Gathered(*source, {0}), ElementsAre(1, 1, 0, 0, 0, 0, 0, 0));
}

TEST_F(UtterancesTest, LengthsAreThoseBeforeFilling) {
  const auto source = MakeUtteranceLengthSource(Make());
  EXPECT_THAT(source->shape(), ElementsAre(1));
  EXPECT_THAT(Gathered(*source, {2, 0, 8}), ElementsAre(3, 1, 9));
}

TEST_F(UtterancesTest, ABadRecordingIsStoodInForByAGoodOneOfItsBatch) {
  const auto utterances = Make();
  EXPECT_THAT(Gathered(*MakeUtteranceSource(utterances, {}), {4, 1, 0}),
              ElementsAre(2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 0, 0));
  EXPECT_THAT(Gathered(*MakeUtteranceLengthSource(utterances), {4, 1, 0}), ElementsAre(2, 2, 1));
  EXPECT_THAT(Gathered(*MakeUtteranceLengthSource(utterances), {4, 2}), ElementsAre(3, 3));
  EXPECT_THAT(warnings_, ElementsAre("recording 4 is bad; another utterance of its batch stands in "
                                     "for it"));
}

TEST_F(UtterancesTest, ABatchOfBadRecordingsIsAnError) {
  const auto source = MakeUtteranceSource(Make(), {});
  const std::vector<int64_t> batch = {4, 9};
  EXPECT_EQ(source->Extent(batch.data(), 2), 1);
  std::vector<float> out(4);
  const auto gathered = [&]() -> absl::StatusOr<int> {
    const absl::Status status = source->Gather(batch.data(), 2, 1, out.data());
    if (!status.ok()) return status;
    return 0;
  };
  EXPECT_THAT(gathered(), FailsWith(kDataLoss, "no recording of a batch of 2 can be read"));
  EXPECT_THAT(warnings_, SizeIs(2));
}

TEST_F(UtterancesTest, RecordingsOfAnotherWidthAreBad) {
  options_.compute = [](int64_t index) {
    return index == 0 ? AudioFeatures{1, 3, {1, 2, 3}} : AudioFeatures{1, 2, {1, 2}};
  };
  EXPECT_THAT(Gathered(*MakeUtteranceSource(Make(), {}), {0, 1}), ElementsAre(1, 2, 1, 2));
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("has 3 features where the normalization has 2")));
}

TEST_F(UtterancesTest, WhatThereIsRoomForIsComputedOnce) {
  const auto source = MakeUtteranceSource(Make(), {});
  for (int i = 0; i < 3; ++i) Gathered(*source, {0, 1, 2, 3});
  EXPECT_EQ(computed_, 4);
}

TEST_F(UtterancesTest, WithoutRoomABatchIsComputedOnceForAllThatIsAskedOfIt) {
  options_.most_cached_bytes = 0;
  const auto utterances = Make();
  const auto source = MakeUtteranceSource(utterances, {});
  const auto lengths = MakeUtteranceLengthSource(utterances);
  for (int i = 0; i < 3; ++i) {
    for (const std::vector<int64_t>& batch : {std::vector<int64_t>{0, 1}, {2, 3}}) {
      EXPECT_THAT(Gathered(*source, batch), SizeIs(4 * (batch[1] + 1)));
      EXPECT_THAT(Gathered(*lengths, batch), ElementsAre(batch[0] + 1, batch[1] + 1));
    }
  }
  EXPECT_EQ(computed_, 12);
}

TEST_F(UtterancesTest, FeaturesAreNormalized) {
  FeatureStatistics statistics;
  statistics.mean = {1, 2};
  statistics.stddev = {0.5, 1};
  options_.normalizer = std::make_shared<const FeatureNormalizer>(
      statistics, FeatureNormalizer::Options{true, true, Rotation::kNone});
  EXPECT_THAT(Gathered(*MakeUtteranceSource(Make(), {}), {1}), ElementsAre(2, 0, 2, 0));
}

TEST_F(UtterancesTest, SeveralThreadsMayGather) {
  options_.most_cached_bytes = 200;
  const auto source = MakeUtteranceSource(Make(), {});
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
