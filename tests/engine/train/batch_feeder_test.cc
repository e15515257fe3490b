// Batches are the same whether they are made ahead or not.

#include "engine/train/batch_feeder.h"

#include <atomic>
#include <chrono>
#include <new>
#include <thread>
#include <vector>

#include "engine/data/array_source.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace kur {
namespace {

using ::testing::ElementsAre;

// Gives the numbers of its samples; slowly, so that it is worth a thread. Some cannot be read.
class SlowSource : public Source {
 public:
  explicit SlowSource(int64_t bad = -1) : bad_(bad) {}

  int64_t size() const override { return 10; }
  const Shape& shape() const override { return shape_; }
  absl::Status Gather(const int64_t* indices, int64_t count, int64_t, float* to) const override {
    ++gathered_;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    for (int64_t i = 0; i < count; ++i) {
      if (indices[i] == bad_) return absl::DataLossError("sample 7 is damaged");
      to[i] = static_cast<float>(indices[i]);
    }
    return absl::OkStatus();
  }
  int gathered() const { return gathered_; }

 private:
  int64_t bad_;
  Shape shape_ = {1};
  mutable std::atomic<int> gathered_{0};
};

BatchProvider Provider(std::shared_ptr<const Source> source) {
  ProviderOptions options;
  options.batch_size = 3;
  options.randomize.on = false;
  return *BatchProvider::Create({{"x", std::move(source)}}, options, 1);
}

std::vector<float> Values(const absl::StatusOr<TensorMap>& batch) {
  EXPECT_TRUE(batch.ok()) << batch.status();
  const at::Tensor& tensor = batch->at("x");
  return {tensor.data_ptr<float>(), tensor.data_ptr<float>() + tensor.numel()};
}

class BatchFeederTest : public ::testing::Test {
 protected:
  void SetUpFeeder(BatchFeeder::Options options = {}) {
    feeder_ = std::make_unique<BatchFeeder>(provider_, std::set<std::string>{"x"}, at::kCPU,
                                            std::move(options));
  }

  const std::shared_ptr<SlowSource> source_ = std::make_shared<SlowSource>();
  const BatchProvider provider_ = Provider(source_);
  std::unique_ptr<BatchFeeder> feeder_;
};

TEST_F(BatchFeederTest, GivesBatchesInOrder) {
  SetUpFeeder();
  const BatchPlan plan = provider_.EpochPlan(0);
  EXPECT_THAT(Values(feeder_->Load(plan, 0)), ElementsAre(0, 1, 2));
  EXPECT_THAT(Values(feeder_->Load(plan, 1)), ElementsAre(3, 4, 5));
  EXPECT_THAT(Values(feeder_->Load(plan, 2)), ElementsAre(6, 7, 8));
  EXPECT_THAT(Values(feeder_->Load(plan, 3)), ElementsAre(9));
  EXPECT_EQ(source_->gathered(), 4);
}

TEST_F(BatchFeederTest, TheNextIsMadeWhileThisOneIsUsed) {
  SetUpFeeder();
  const BatchPlan plan = provider_.EpochPlan(0);
  const auto batch = feeder_->Load(plan, 0);
  while (source_->gathered() < 2) std::this_thread::yield();
  EXPECT_THAT(Values(batch), ElementsAre(0, 1, 2));
}

TEST_F(BatchFeederTest, AnyBatchCanBeAskedFor) {
  SetUpFeeder();
  for (const int64_t batch : {2, 0, 0, 3, 1}) {
    // A new plan of another epoch each time.
    const BatchPlan plan = provider_.EpochPlan(batch);
    EXPECT_EQ(Values(feeder_->Load(plan, batch))[0], static_cast<float>(3 * batch));
  }
}

TEST_F(BatchFeederTest, MayBeGivenUpAtAnyTime) {
  for (int i = 0; i < 5; ++i) {
    SetUpFeeder();
    EXPECT_TRUE(feeder_->Load(provider_.EpochPlan(i), i % 4).ok());
    feeder_.reset();
  }
}

TEST_F(BatchFeederTest, ABatchIsLookedAtAndThenChanged) {
  BatchFeeder::Options options;
  options.check = [](const TensorMap& batch, const int64_t* samples) {
    if (batch.at("x")[0].item<float>() == static_cast<float>(samples[0])) return absl::OkStatus();
    return absl::InvalidArgumentError("was changed");
  };
  options.change = [](const int64_t* samples, const BatchBuffers& batch) {
    const BatchBuffer& buffer = batch.at("x");
    for (int64_t i = 0; i < buffer.shape[0]; ++i) {
      buffer.values[i] = static_cast<float>(100 + samples[i]);
    }
  };
  SetUpFeeder(std::move(options));
  const BatchPlan plan = provider_.EpochPlan(0);
  EXPECT_THAT(Values(feeder_->Load(plan, 2)), ElementsAre(106, 107, 108));
  EXPECT_THAT(Values(feeder_->Load(plan, 3)), ElementsAre(109));
}

TEST_F(BatchFeederTest, WhatIsThrownInTheBackgroundIsThrownWhereTheBatchIsAskedFor) {
  BatchFeeder::Options options;
  options.change = [](const int64_t* samples, const BatchBuffers&) {
    if (samples[0] == 6) throw std::bad_alloc();
  };
  SetUpFeeder(std::move(options));
  const BatchPlan plan = provider_.EpochPlan(0);
  EXPECT_TRUE(feeder_->Load(plan, 0).ok());
  EXPECT_TRUE(feeder_->Load(plan, 1).ok());
  EXPECT_THROW(feeder_->Load(plan, 2).IgnoreError(), std::bad_alloc);
  EXPECT_THAT(Values(feeder_->Load(plan, 3)), ElementsAre(9));
}

TEST(BatchFeederErrorsTest, StandWhereTheBatchIsAskedFor) {
  const BatchProvider provider = Provider(std::make_shared<SlowSource>(7));
  BatchFeeder feeder(provider, {"x"}, at::kCPU);
  const BatchPlan plan = provider.EpochPlan(0);
  EXPECT_TRUE(feeder.Load(plan, 0).ok());
  EXPECT_TRUE(feeder.Load(plan, 1).ok());
  EXPECT_EQ(feeder.Load(plan, 2).status().message(), "source 'x': sample 7 is damaged");
  EXPECT_THAT(Values(feeder.Load(plan, 3)), ElementsAre(9));
}

}  // namespace
}  // namespace kur
