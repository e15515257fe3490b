#include "engine/train/checkpoint.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/testing/temporary_directory.h"

namespace kur {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Checkpoint MakeCheckpoint() {
  Checkpoint checkpoint;
  checkpoint.weights["dense.weight"] = at::arange(6, at::kFloat).reshape({2, 3});
  checkpoint.weights["dense.bias"] = at::tensor({0.5F, -1.25F});
  checkpoint.weights["half"] = at::arange(5, at::kFloat).to(at::kBFloat16);
  checkpoint.weights["count"] = at::tensor({int64_t{1} << 40, int64_t{-3}});
  checkpoint.weights["scalar"] = at::ones({}, at::kDouble);
  checkpoint.weights["nothing"] = at::empty({0, 4});
  checkpoint.optimizer = "adam";
  checkpoint.optimizer_state["dense.weight/exp_avg"] = at::ones({2, 3}) * 0.125;
  checkpoint.optimizer_steps = 42;
  TrainingPosition& position = checkpoint.position;
  position.progress.epoch = 3;
  position.progress.batch = 4;
  position.progress.total_batches = 5;
  position.progress.total_samples = 6;
  position.losses.best_training = 0.1;
  position.losses.best_validation = 1e-300;
  position.epoch.loss_sums = {{"above", 7.5}, {"other", 1.0 / 3}};
  position.epoch.samples = 8;
  position.epoch.seconds = 9.25;
  position.clocks = {{"all", 10.5}, {"batch", 11.5}};
  position.seed = 0xfedcba9876543210U;
  position.progress.run_batches = 12;
  position.log_commit = "epochs: 3\n\"quoted\": yes\n";
  position.stop.last_epoch = 13;
  position.stop.clock_limit = 14.5;
  position.checkpoint.epochs = 15;
  position.checkpoint.batches = 16;
  position.checkpoint.samples = 17;
  position.checkpoint.seconds = 18.5;
  return checkpoint;
}

void ExpectSameTensors(const TensorMap& a, const TensorMap& b) {
  ASSERT_EQ(a.size(), b.size());
  for (const auto& [name, tensor] : a) {
    ASSERT_EQ(b.count(name), 1U) << name;
    EXPECT_EQ(b.at(name).scalar_type(), tensor.scalar_type()) << name;
    EXPECT_TRUE(b.at(name).equal(tensor)) << name;
  }
}

absl::StatusOr<Checkpoint> ReadBytes(const std::string& content) {
  const TemporaryDirectory dir;
  return ReadCheckpoint(dir.Write("weights", content));
}

// A safetensors file with that header and those bytes of tensors.
std::string WithHeader(const std::string& header, const std::string& data = "") {
  const uint64_t length = header.size();
  std::string content(sizeof(length), '\0');
  std::memcpy(&content[0], &length, sizeof(length));
  return content + header + data;
}

TEST(CheckpointTest, ReadsBackWhatWasWritten) {
  const Checkpoint written = MakeCheckpoint();
  const auto read = ReadBytes(*SerializeCheckpoint(written));
  ASSERT_TRUE(read.ok()) << read.status();
  ExpectSameTensors(written.weights, read->weights);
  ExpectSameTensors(written.optimizer_state, read->optimizer_state);
  EXPECT_EQ(read->optimizer, "adam");
  EXPECT_EQ(read->optimizer_steps, 42);
  const TrainingPosition& a = written.position;
  const TrainingPosition& b = read->position;
  EXPECT_EQ(b.progress.epoch, a.progress.epoch);
  EXPECT_EQ(b.progress.batch, a.progress.batch);
  EXPECT_EQ(b.progress.total_batches, a.progress.total_batches);
  EXPECT_EQ(b.progress.total_samples, a.progress.total_samples);
  EXPECT_EQ(b.losses.best_training, a.losses.best_training);
  EXPECT_EQ(b.losses.best_validation, a.losses.best_validation);
  EXPECT_EQ(b.epoch.loss_sums, a.epoch.loss_sums);
  EXPECT_EQ(b.epoch.samples, a.epoch.samples);
  EXPECT_EQ(b.epoch.seconds, a.epoch.seconds);
  EXPECT_EQ(b.clocks, a.clocks);
  EXPECT_EQ(b.seed, a.seed);
  EXPECT_EQ(b.progress.run_batches, a.progress.run_batches);
  EXPECT_EQ(b.log_commit, a.log_commit);
  EXPECT_EQ(b.stop.last_epoch, a.stop.last_epoch);
  EXPECT_EQ(b.stop.clock_limit, a.stop.clock_limit);
  EXPECT_EQ(b.checkpoint.epochs, a.checkpoint.epochs);
  EXPECT_EQ(b.checkpoint.batches, a.checkpoint.batches);
  EXPECT_EQ(b.checkpoint.samples, a.checkpoint.samples);
  EXPECT_EQ(b.checkpoint.seconds, a.checkpoint.seconds);
}

TEST(CheckpointTest, ReadsBackABestLossThatIsNotThere) {
  const auto read = ReadBytes(*SerializeCheckpoint(Checkpoint()));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_FALSE(read->position.losses.best_training.has_value());
  EXPECT_FALSE(read->position.losses.best_validation.has_value());
  EXPECT_THAT(read->weights, IsEmpty());
}

TEST(CheckpointTest, WritesTheElementsInTheOrderOfTheShapeWhateverTheStrides) {
  Checkpoint checkpoint;
  const at::Tensor image = at::arange(24, at::kFloat).reshape({1, 2, 3, 4});
  checkpoint.weights["last"] = image.contiguous(at::MemoryFormat::ChannelsLast);
  checkpoint.weights["transposed"] = at::arange(6, at::kFloat).reshape({2, 3}).t();
  const auto read = ReadBytes(*SerializeCheckpoint(checkpoint));
  ASSERT_TRUE(read.ok()) << read.status();
  ExpectSameTensors(checkpoint.weights, read->weights);
  EXPECT_TRUE(read->weights.at("last").is_contiguous());
}

// What any reader of the format relies on: https://github.com/huggingface/safetensors.
TEST(CheckpointTest, IsASafetensorsFile) {
  const std::string content = *SerializeCheckpoint(MakeCheckpoint());
  uint64_t length = 0;
  std::memcpy(&length, content.data(), sizeof(length));
  EXPECT_EQ(length % 8, 0U);
  const json header = json::parse(content.substr(8, length));
  const std::string data = content.substr(8 + length);
  std::vector<std::pair<size_t, size_t>> pieces;
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") {
      for (const auto& value : entry) EXPECT_TRUE(value.is_string());
      continue;
    }
    EXPECT_EQ(entry.size(), 3U) << name;
    pieces.emplace_back(entry.at("data_offsets").at(0), entry.at("data_offsets").at(1));
  }
  std::sort(pieces.begin(), pieces.end());
  size_t end = 0;
  for (const auto& [from, to] : pieces) {  // no holes, no overlaps, nothing behind
    EXPECT_EQ(from, end);
    end = to;
  }
  EXPECT_EQ(end, data.size());
  const json& weight = header.at("dense.weight");
  EXPECT_EQ(weight.at("dtype"), "F32");
  EXPECT_EQ(weight.at("shape"), json({2, 3}));
  float fourth = 0;
  std::memcpy(&fourth, data.data() + weight.at("data_offsets").at(0).get<size_t>() + 12, 4);
  EXPECT_EQ(fourth, 3);
  EXPECT_EQ(header.at("half").at("dtype"), "BF16");
  EXPECT_EQ(header.at("count").at("dtype"), "I64");
}

// Files that earlier versions wrote are read: a key keeps its name and its meaning.
TEST(CheckpointTest, ThePositionKeepsItsKeys) {
  Checkpoint checkpoint = MakeCheckpoint();
  TrainingPosition& position = checkpoint.position;
  position.losses.latest_training = 0.2;
  position.losses.latest_validation = 0.3;
  position.progress.run_epochs = 19;
  position.progress.validations = 20;
  position.stepper = {21.5, 22, {{"best", 23.5}}, 24.5, {25.5, 26}};
  position.early_stopping = {27.5, 28, true};
  position.threads = 29;
  const std::string content = *SerializeCheckpoint(checkpoint);
  uint64_t length = 0;
  std::memcpy(&length, content.data(), sizeof(length));
  const json metadata = json::parse(content.substr(8, length)).at("__metadata__");
  const json state = json::parse(metadata.at("kur").get<std::string>());
  EXPECT_EQ(state.at("position"), json::parse(R"({
    "batch": 4, "best_training_loss": 0.1, "best_validation_loss": 1e-300,
    "checkpoint_batches": 16, "checkpoint_epochs": 15, "checkpoint_samples": 17,
    "checkpoint_seconds": 18.5, "clock_limit": 14.5, "clocks": {"all": 10.5, "batch": 11.5},
    "early_best": 27.5, "early_waited": 28, "ended_early": true, "epoch": 3, "epoch_samples": 8,
    "epoch_seconds": 9.25, "last_epoch": 13, "latest_training_loss": 0.2,
    "latest_validation_loss": 0.3, "learning_rate": 24.5,
    "log_commit": "epochs: 3\n\"quoted\": yes\n", "loss_scale": 25.5, "loss_scale_steps": 26,
    "loss_sums": {"above": 7.5, "other": 0.3333333333333333}, "rate_samples": 22,
    "rate_sum": 21.5, "run_batches": 12, "run_epochs": 19, "schedule_state": {"best": 23.5},
    "seed": 18364758544493064720, "threads": 29, "total_batches": 5, "total_samples": 6,
    "validations": 20})"));
  // All of it comes back.
  EXPECT_EQ(*SerializeCheckpoint(*ReadBytes(content)), content);
}

TEST(CheckpointTest, ReadsAPlainFileOfWeights) {
  const std::string header = R"({"w":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}})";
  const auto read = ReadBytes(WithHeader(header, std::string("\x00\x3c\x00\xc0", 4)));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_TRUE(read->weights.at("w").to(at::kFloat).equal(at::tensor({1.0F, -2.0F})));
  EXPECT_EQ(read->optimizer, "");
  EXPECT_EQ(read->position.progress.epoch, 0);
  EXPECT_EQ(read->position.progress.total_batches, 0);
}

TEST(CheckpointTest, PassesOverMetadataOfOthers) {
  const auto read = ReadBytes(WithHeader(
      R"({"__metadata__":{"format":"pt"},"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})",
      "a"));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->weights.size(), 1U);
}

TEST(CheckpointTest, RefusesEveryPrefixOfItself) {
  const std::string content = *SerializeCheckpoint(MakeCheckpoint());
  const TemporaryDirectory dir;
  for (size_t size = 0; size < content.size();
       size += size < 64 || size + 64 > content.size() ? 1 : 13) {
    const auto read = ReadCheckpoint(dir.Write("weights", content.substr(0, size)));
    EXPECT_EQ(read.status().code(), absl::StatusCode::kDataLoss) << size << ": " << read.status();
  }
}

TEST(CheckpointTest, NoticesEveryFlippedBit) {
  const std::string content = *SerializeCheckpoint(MakeCheckpoint());
  const TemporaryDirectory dir;
  for (size_t at = 0; at < content.size(); ++at) {
    for (const int bit : {static_cast<int>(at % 8), static_cast<int>((at + 5) % 8)}) {
      std::string damaged = content;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
      const auto read = ReadCheckpoint(dir.Write("weights", damaged));
      EXPECT_EQ(read.status().code(), absl::StatusCode::kDataLoss) << at << " " << bit;
    }
  }
}

TEST(CheckpointTest, RefusesHeadersThatClaimWhatIsNotThere) {
  const auto error = [](const std::string& entry, const std::string& data = "abcd") {
    const auto read = ReadBytes(WithHeader("{\"w\":" + entry + "}", data));
    EXPECT_EQ(read.status().code(), absl::StatusCode::kDataLoss) << read.status();
    return std::string(read.status().message());
  };
  const std::string f32 = R"({"dtype":"F32",)";
  EXPECT_THAT(error(f32 + R"("shape":[1],"data_offsets":[0,8]})"), HasSubstr("outside"));
  EXPECT_THAT(error(f32 + R"("shape":[1],"data_offsets":[4,0]})"), HasSubstr("outside"));
  EXPECT_THAT(error(f32 + R"("shape":[2],"data_offsets":[0,4]})"), HasSubstr("needs 8"));
  EXPECT_THAT(error(f32 + R"("shape":[-1],"data_offsets":[0,4]})"), HasSubstr("impossible"));
  EXPECT_THAT(error(f32 + R"("shape":[4611686018427387904,4611686018427387904],)" +
                    R"("data_offsets":[0,4]})"),
              HasSubstr("impossible"));
  // 2^62 elements of four bytes wrap around to nothing.
  EXPECT_THAT(error(f32 + R"("shape":[4611686018427387904],"data_offsets":[0,0]})"),
              HasSubstr("impossible"));
  EXPECT_THAT(error(R"({"dtype":"F33","shape":[1],"data_offsets":[0,4]})"),
              HasSubstr("unknown type"));
  error(R"({"dtype":"F32","shape":"1","data_offsets":[0,4]})");
  error(R"({"dtype":"F32","shape":[1],"data_offsets":[0]})");
  error(R"({"dtype":"F32","shape":[1]})");
  error("7");
}

// The count of such a shape is 0, but the products on the way overflow.
TEST(CheckpointTest, RefusesHugeExtentsAlsoBesideOneOfZero) {
  const auto read = [](const std::string& shape) {
    return ReadBytes(WithHeader(
        absl::StrCat(R"({"w":{"dtype":"F32","shape":)", shape, R"(,"data_offsets":[0,0]}})")));
  };
  for (const char* shape : {"[4611686018427387904,4611686018427387904,0]",
                            "[0,4611686018427387904,4611686018427387904]"}) {
    EXPECT_EQ(read(shape).status().code(), absl::StatusCode::kDataLoss) << shape;
  }
  const auto empty = read("[0,1000000]");
  ASSERT_TRUE(empty.ok()) << empty.status();
  EXPECT_EQ(empty->weights.at("w").numel(), 0);
}

TEST(CheckpointTest, RefusesWhatIsNoSafetensorsFileAtAll) {
  for (const std::string& content :
       {std::string(), std::string("abc"), std::string(8, '\0'), std::string(8, '\xff'),
        std::string("\x80\x04\x95 a pickle, perhaps"), WithHeader("[1, 2]"), WithHeader("nonsense"),
        WithHeader(std::string(100000, '[')), WithHeader("{\"__metadata__\":{\"kur\":\"{\"}}"),
        WithHeader("{\"__metadata__\":{\"kur\":7}}")}) {
    const auto read = ReadBytes(content);
    EXPECT_EQ(read.status().code(), absl::StatusCode::kDataLoss)
        << content.substr(0, 40) << ": " << read.status();
  }
}

TEST(CheckpointTest, NamesAMissingFile) {
  const TemporaryDirectory dir;
  const auto read = ReadCheckpoint(dir.path() + "/none");
  EXPECT_EQ(read.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(read.status().message()), HasSubstr("/none"));
}

}  // namespace
}  // namespace kur
