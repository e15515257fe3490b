#include "engine/data/batch_provider.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "engine/data/array_source.h"
#include "engine/data/columns/float_column.h"
#include "tests/engine/data/data_test_util.h"

namespace kur {
namespace {

using testing::ElementsAre;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

std::shared_ptr<const Source> Column(std::vector<float> values) {
  const auto size = static_cast<int64_t>(values.size());
  return *ArraySource::Create(*Array::FromValues<float>({size}, values));
}

// Samples 0 to size-1 whose only element is their number.
SourceMap Numbered(int size) {
  std::vector<float> values;
  for (int i = 0; i < size; ++i) values.push_back(static_cast<float>(i));
  return {{"x", Column(values)}};
}

BatchProvider Make(SourceMap sources, const ProviderOptions& options, uint64_t seed = 1) {
  auto provider = BatchProvider::Create(std::move(sources), options, seed);
  EXPECT_TRUE(provider.ok()) << provider.status();
  return *std::move(provider);
}

// Every batch of an epoch as the samples' numbers.
std::vector<std::vector<float>> Epoch(const BatchProvider& provider, int64_t epoch) {
  const BatchPlan plan = provider.EpochPlan(epoch);
  std::vector<std::vector<float>> batches;
  for (int64_t batch = 0; batch < plan.num_batches(); ++batch) {
    std::vector<float> samples(static_cast<size_t>(plan.size(batch)));
    EXPECT_TRUE(
        provider.Gather(*provider.Samples(plan, batch, {"x"}), {{"x", samples.data()}}).ok());
    batches.push_back(samples);
  }
  return batches;
}

ProviderOptions InOrder(int64_t batch_size) {
  ProviderOptions options;
  options.randomize.on = false;
  options.batch_size = batch_size;
  return options;
}

TEST(BatchProviderTest, CutsSamplesIntoBatchesInOrder) {
  const BatchProvider provider = Make(Numbered(5), InOrder(2));
  EXPECT_EQ(provider.batches_per_epoch(), 3);
  EXPECT_THAT(Epoch(provider, 0),
              ElementsAre(ElementsAre(0, 1), ElementsAre(2, 3), ElementsAre(4)));
}

TEST(BatchProviderTest, ForcedBatchesAreAllOfOneSize) {
  ProviderOptions options = InOrder(2);
  options.force_batch_size = true;
  const BatchProvider provider = Make(Numbered(5), options);
  EXPECT_EQ(provider.samples_per_epoch(), 4);
  EXPECT_THAT(Epoch(provider, 0), ElementsAre(ElementsAre(0, 1), ElementsAre(2, 3)));
}

TEST(BatchProviderTest, AnEpochHasAtMostTheBatchesAskedFor) {
  ProviderOptions options = InOrder(2);
  options.num_batches = 2;
  EXPECT_THAT(Epoch(Make(Numbered(9), options), 0),
              ElementsAre(ElementsAre(0, 1), ElementsAre(2, 3)));
  options.num_batches = INT64_MAX;
  EXPECT_EQ(Make(Numbered(9), options).batches_per_epoch(), 5);
}

TEST(BatchProviderTest, EveryEpochPresentsEverySampleOnceInANewOrder) {
  ProviderOptions options;
  options.batch_size = 7;
  const BatchProvider provider = Make(Numbered(100), options);
  EXPECT_NE(Epoch(provider, 0), Epoch(provider, 1));
  std::set<float> seen;
  for (const auto& batch : Epoch(provider, 3)) seen.insert(batch.begin(), batch.end());
  EXPECT_EQ(seen.size(), 100u);
}

TEST(BatchProviderTest, ARunThatIsResumedSeesTheOrderItWouldHaveSeen) {
  ProviderOptions options;
  options.batch_size = 3;
  const auto whole = Epoch(Make(Numbered(20), options, 77), 5);
  const BatchProvider resumed = Make(Numbered(20), options, 77);
  const BatchPlan plan = resumed.EpochPlan(5);
  std::vector<float> batch(3);
  ASSERT_TRUE(resumed.Gather(*resumed.Samples(plan, 4, {"x"}), {{"x", batch.data()}}).ok());
  EXPECT_EQ(batch, whole[4]);
  EXPECT_NE(Epoch(Make(Numbered(20), options, 78), 5), whole);
}

TEST(BatchProviderTest, AFewBatchesAreDrawnFromAllTheData) {
  ProviderOptions options;
  options.batch_size = 5;
  options.num_batches = 1;
  const BatchProvider provider = Make(Numbered(50), options);
  std::set<float> seen;
  for (int64_t epoch = 0; epoch < 100; ++epoch) {
    const auto batches = Epoch(provider, epoch);
    ASSERT_EQ(batches.size(), 1u);
    seen.insert(batches[0].begin(), batches[0].end());
  }
  EXPECT_EQ(seen.size(), 50u);
}

TEST(BatchProviderTest, SortsUntilItShuffles) {
  SourceMap sources = Numbered(4);
  sources["length"] = Column({3, 1, 2, 1});
  ProviderOptions options;
  options.batch_size = 4;
  options.sort_by = "length";
  options.shuffle_after = 2;
  const BatchProvider provider = Make(sources, options);
  EXPECT_THAT(Epoch(provider, 0), ElementsAre(ElementsAre(1, 3, 2, 0)));
  EXPECT_THAT(Epoch(provider, 1), ElementsAre(ElementsAre(1, 3, 2, 0)));
  bool shuffled = false;
  for (int64_t epoch = 2; epoch < 12; ++epoch) {
    shuffled = shuffled || Epoch(provider, epoch) != Epoch(provider, 0);
  }
  EXPECT_TRUE(shuffled);
  options.reverse = true;
  EXPECT_THAT(Epoch(Make(sources, options), 0), ElementsAre(ElementsAre(0, 2, 3, 1)));
}

TEST(BatchProviderTest, SortsForEverWithoutShuffling) {
  SourceMap sources = Numbered(4);
  sources["length"] = Column({3, NAN, 2, -INFINITY});
  ProviderOptions options = InOrder(4);
  options.sort_by = "length";
  EXPECT_THAT(Epoch(Make(sources, options), 9), ElementsAre(ElementsAre(3, 2, 0, 1)));
}

TEST(BatchProviderTest, GathersOnlyTheSourcesAskedFor) {
  SourceMap sources = Numbered(3);
  sources["y"] = Column({10, 11, 12});
  const BatchProvider provider = Make(sources, InOrder(3));
  const BatchPlan plan = provider.EpochPlan(0);
  std::vector<float> y(3);
  ASSERT_TRUE(provider.Gather(*provider.Samples(plan, 0, {}), {{"y", y.data()}}).ok());
  EXPECT_THAT(y, ElementsAre(10, 11, 12));
  EXPECT_EQ(provider.Gather(*provider.Samples(plan, 0, {}), {{"z", y.data()}}).code(),
            absl::StatusCode::kNotFound);
}

// Samples of 1, 3 and 2 numbers.
std::shared_ptr<const Source> Ragged() {
  FloatColumn column;
  for (const std::vector<float>& sample :
       std::vector<std::vector<float>>{{5}, {4, 41, 42}, {6, 61}}) {
    for (const float value : sample) column.Push(value);
    column.EndSample(static_cast<int64_t>(sample.size()));
  }
  return *std::move(column).Build({});
}

TEST(BatchProviderTest, OnlySoManySamplesFromTheFrontChangePlaces) {
  ProviderOptions options;
  options.batch_size = 10;
  options.randomize.first = 4;
  const BatchProvider provider = Make(Numbered(10), options);
  std::set<std::vector<float>> orders;
  for (int64_t epoch = 0; epoch < 200; ++epoch) {
    const std::vector<float> order = Epoch(provider, epoch)[0];
    for (size_t i = 4; i < 10; ++i) ASSERT_EQ(order[i], static_cast<float>(i));
    orders.insert(order);
  }
  EXPECT_EQ(orders.size(), 24U);
  options.randomize.first = 1'000;
  EXPECT_EQ(Epoch(Make(Numbered(10), options), 3), Epoch(Make(Numbered(10), {}), 3));
}

TEST(BatchProviderTest, BatchesOfNeighborsComeAfterTheSortedEpochs) {
  SourceMap sources = Numbered(40);
  std::vector<float> lengths;
  for (int i = 0; i < 40; ++i) lengths.push_back(static_cast<float>(i * 17 % 40));
  sources["length"] = Column(lengths);
  ProviderOptions options;
  options.batch_size = 4;
  options.sort_by = "length";
  options.shuffle_after = 1;
  options.neighborhood_sort = "length";
  const BatchProvider provider = Make(sources, options);
  const auto length = [&](float sample) { return lengths[static_cast<size_t>(sample)]; };
  EXPECT_EQ(length(Epoch(provider, 0)[0][3]), 3);
  std::set<float> seen;
  const auto batches = Epoch(provider, 1);
  for (const auto& batch : batches) seen.insert(batch.begin(), batch.end());
  EXPECT_EQ(seen.size(), 40U);
  EXPECT_LE(std::abs(length(batches[0][0]) - length(batches[0][1])), 20);
  EXPECT_NE(batches, Epoch(provider, 2));
  EXPECT_EQ(batches, Epoch(Make(sources, options), 1));
  options.neighborhood_sort = "lengths";
  EXPECT_THAT(BatchProvider::Create(sources, options, 0),
              FailsWith(kInvalid, "no source 'lengths' to sort by; sources: length, x"));
}

TEST(BatchProviderTest, ABatchOfRaggedSamplesIsAsLongAsItsLongest) {
  const BatchProvider provider = Make({{"x", Ragged()}}, InOrder(2));
  const BatchPlan plan = provider.EpochPlan(0);
  EXPECT_THAT(*provider.BatchShape(*provider.Samples(plan, 0, {}), "x"), ElementsAre(2, 3));
  EXPECT_THAT(*provider.BatchShape(*provider.Samples(plan, 1, {}), "x"), ElementsAre(1, 2));
  std::vector<float> batch(6, -1);
  ASSERT_TRUE(provider.Gather(*provider.Samples(plan, 0, {}), {{"x", batch.data()}}).ok());
  EXPECT_THAT(batch, ElementsAre(5, 0, 0, 4, 41, 42));
  EXPECT_EQ(provider.BatchShape(*provider.Samples(plan, 0, {}), "y").status().code(),
            absl::StatusCode::kNotFound);
}

TEST(BatchProviderTest, SortsRaggedSamplesByTheirFirstElement) {
  SourceMap sources = Numbered(3);
  sources["sequence"] = Ragged();
  ProviderOptions options = InOrder(3);
  options.sort_by = "sequence";
  EXPECT_THAT(Epoch(Make(sources, options), 0), ElementsAre(ElementsAre(1, 0, 2)));
}

TEST(BatchProviderTest, RefusesSourcesThatDifferInLengthAndNamesThem) {
  SourceMap sources = Numbered(3);
  sources["y"] = Column({1, 2});
  EXPECT_THAT(BatchProvider::Create(sources, {}, 0), FailsWith(kInvalid, "x: 3, y: 2"));
}

TEST(BatchProviderTest, RefusesWhatMakesNoBatch) {
  EXPECT_THAT(BatchProvider::Create({}, {}, 0), FailsWith(kInvalid, "no sources"));
  EXPECT_THAT(BatchProvider::Create(Numbered(0), {}, 0), FailsWith(kInvalid, "no samples"));
  ProviderOptions options;
  options.force_batch_size = true;
  EXPECT_THAT(BatchProvider::Create(Numbered(31), options, 0),
              FailsWith(kInvalid, "31 samples, fewer than batch_size: 32"));
  options = {};
  options.sort_by = "durations";
  EXPECT_THAT(BatchProvider::Create(Numbered(3), options, 0),
              FailsWith(kInvalid, "no source 'durations' to sort by; sources: x"));
}

TEST(ProviderOptionsTest, ReadsEveryKey) {
  Dict dict;
  dict.Set(Value("name"), Value("shuffle_provider"));
  dict.Set(Value("batch_size"), Value(8));
  dict.Set(Value("num_batches"), Value(3));
  dict.Set(Value("randomize"), Value(false));
  dict.Set(Value("force_batch_size"), Value(true));
  dict.Set(Value("sort_by"), Value("lengths"));
  dict.Set(Value("shuffle_after"), Value(2));
  dict.Set(Value("reverse"), Value(true));
  ProviderOptions options;
  Diagnostics diagnostics;
  ASSERT_TRUE(ParseProviderOptions(Value(dict), "train.provider", &diagnostics, &options))
      << diagnostics.ToStatus();
  EXPECT_EQ(options.batch_size, 8);
  EXPECT_EQ(options.num_batches, 3);
  EXPECT_FALSE(options.randomize.on);
  EXPECT_TRUE(options.force_batch_size);
  EXPECT_EQ(options.sort_by, "lengths");
  EXPECT_EQ(options.shuffle_after, 2);
  EXPECT_TRUE(options.reverse);
}

TEST(ProviderOptionsTest, RandomizeTakesANumber) {
  const auto parse = [](Value value) {
    Dict dict;
    dict.Set(Value("randomize"), std::move(value));
    ProviderOptions options;
    Diagnostics diagnostics;
    EXPECT_TRUE(ParseProviderOptions(Value(dict), "provider", &diagnostics, &options));
    return options.randomize;
  };
  EXPECT_TRUE(parse(Value(100)).on);
  EXPECT_EQ(parse(Value(100)).first, 100);
  EXPECT_FALSE(parse(Value(0)).on);
  EXPECT_TRUE(parse(Value(true)).on);
  EXPECT_FALSE(parse(Value(true)).first.has_value());
}

TEST(ProviderOptionsTest, SortagradIsASortedFirstEpoch) {
  Dict dict;
  dict.Set(Value("sortagrad"), Value("lengths"));
  ProviderOptions options;
  Diagnostics diagnostics;
  ASSERT_TRUE(ParseProviderOptions(Value(dict), "train.provider", &diagnostics, &options));
  EXPECT_EQ(options.sort_by, "lengths");
  EXPECT_EQ(options.shuffle_after, 1);
  EXPECT_FALSE(options.sortagrad.has_value());
  dict.Set(Value("shuffle_after"), Value(3));
  EXPECT_FALSE(ParseProviderOptions(Value(dict), "train.provider", &diagnostics, &options));
}

TEST(ProviderOptionsTest, RefusesWhatItDoesNotKnowOrCannotDo) {
  for (const char* key : {"batch_size", "num_batches"}) {
    Dict dict;
    dict.Set(Value(key), Value(0));
    ProviderOptions options;
    Diagnostics diagnostics;
    EXPECT_FALSE(ParseProviderOptions(Value(dict), "provider", &diagnostics, &options)) << key;
    EXPECT_THAT(std::string(diagnostics.ToStatus().message()), testing::HasSubstr("at least 1"));
  }
  for (const char* key : {"neighborhood_size", "neighborhood_growth", "randomize"}) {
    Dict dict;
    dict.Set(Value(key), Value(-1));
    ProviderOptions options;
    Diagnostics diagnostics;
    EXPECT_FALSE(ParseProviderOptions(Value(dict), "provider", &diagnostics, &options)) << key;
  }
  Dict dict;
  dict.Set(Value("neighbourhood"), Value("x"));
  ProviderOptions options;
  Diagnostics diagnostics;
  EXPECT_FALSE(ParseProviderOptions(Value(dict), "provider", &diagnostics, &options));
}

}  // namespace
}  // namespace kur
