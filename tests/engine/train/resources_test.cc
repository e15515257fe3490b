// What the plan says a training step will need in memory, against what one takes.

#include "engine/kurfile/plan/resources.h"

#include <ATen/ops/ones.h>
#include <ATen/ops/rand.h>
#include <malloc.h>

#include <fstream>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/strip.h"
#include "engine/base/kernel_choice.h"
#include "engine/losses/loss.h"
#include "engine/train/model.h"
#include "gtest/gtest.h"
#include "tests/engine/train/train_test_util.h"

namespace kur {
namespace {

// Sanitizers keep freed memory and count their own.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

// A line of /proc/self/status in bytes.
int64_t StatusBytes(const std::string& key) {
  std::ifstream file("/proc/self/status");
  std::string line;
  while (std::getline(file, line)) {
    absl::string_view text = line;
    if (!absl::ConsumePrefix(&text, key + ":")) continue;
    int64_t kib = 0;
    EXPECT_TRUE(absl::SimpleAtoi(absl::StripSuffix(text, " kB"), &kib)) << line;
    return kib * 1024;
  }
  ADD_FAILURE() << "no " << key;
  return 0;
}

// From here on VmHWM is the peak since this call.
void ResetPeak() {
  malloc_trim(0);
  std::ofstream("/proc/self/clear_refs") << "5";
}

TensorMap RandomInputs(const ModelPlan& plan, int64_t batch_size) {
  TensorMap inputs;
  for (const int index : plan.inputs) {
    const PlannedLayer& input = plan.layers[static_cast<size_t>(index)];
    std::vector<int64_t> shape = input.shape;
    shape.insert(shape.begin(), batch_size);
    inputs[input.name] = at::rand(shape);
  }
  return inputs;
}

void TakeSteps(const Kurfile& kurfile, int64_t batch_size) {
  Model model = *Model::Build(kurfile.plan(), 1, at::kCPU);
  const LossSpec& loss_spec = *kurfile.sections().losses[0];
  const Shape& output = kurfile.plan().Find(loss_spec.target)->shape;
  const auto loss = Registry<LossBuilder>::Get().Find(loss_spec.kind())->build(loss_spec, output);
  const OptimizerSpec& spec = *kurfile.sections().train->optimizer;
  const auto optimizer =
      Registry<OptimizerBuilder>::Get().Find(spec.kind())->build(spec, model.TrainableParameters());
  for (int step = 0; step < 2; ++step) {
    const TensorMap inputs = RandomInputs(kurfile.plan(), batch_size);
    const TensorMap outputs = model.Forward(inputs, {/*training=*/true});
    const at::Tensor& prediction = outputs.at(loss_spec.target);
    loss->Compute(prediction, {at::ones(prediction.sizes())}, /*from_logits=*/false)
        ->mean.backward();
    optimizer->Step(spec.clip);
  }
}

struct Workload {
  const char* name;
  const char* model;
  int64_t batch_size;
};

void PrintTo(const Workload& workload, std::ostream* out) { *out << workload.name; }

class ResourcesTest : public ::testing::TestWithParam<Workload> {};

TEST_P(ResourcesTest, TheEstimateIsNearThePeak) {
  const std::string text = std::string(GetParam().model) +
                           "\nloss: [{target: y, name: mean_squared_error}]"
                           "\ntrain: {data: [{pickle: x.pkl}], optimizer: adam}\n";
  const Kurfile kurfile = testing::LoadText(text);
  const Resources need = EstimateResources(
      kurfile.plan(), kurfile.sections().train->optimizer.get(), GetParam().batch_size);
  ASSERT_GT(need.training_total, int64_t{64} << 20) << "too small to be measured";
  // Whatever libraries set up once for all.
  TakeSteps(kurfile, 2);
  // Tensors give their memory back at once.
  mallopt(M_MMAP_THRESHOLD, 64 << 10);
  mallopt(M_TRIM_THRESHOLD, 64 << 10);
  ResetPeak();
  const int64_t before = StatusBytes("VmRSS");
  TakeSteps(kurfile, GetParam().batch_size);
  const auto taken = static_cast<double>(StatusBytes("VmHWM") - before);
  const double ratio = taken / static_cast<double>(need.training_total);
  RecordProperty("measured_over_estimate", std::to_string(ratio));
  EXPECT_GT(ratio, 0.75) << "took " << taken << " of " << need.training_total;
  // Without our own kernels a GRU of torch 2 takes more: 1.44 times as much with PyPI's, 2.34 times
  // with Debian 13's.
  EXPECT_LT(ratio, FusedKernelsAllowed() ? 1.4 : 2.5)
      << "took " << taken << " of " << need.training_total;
}

constexpr Workload kWorkloads[] = {
    {"Convolutions", R"(
model:
  - input: {shape: [32, 32, 3]}
    name: x
  - convolution: {kernels: 64, size: [3, 3]}
  - activation: relu
  - convolution: {kernels: 64, size: [3, 3]}
  - batch_normalization
  - activation: relu
  - pool: {size: [2, 2], strides: 2}
  - convolution: {kernels: 64, size: [3, 3]}
  - activation: relu
  - flatten:
  - dense: 10
    name: y)",
     128},
    {"Dense", R"(
model:
  - input: {shape: [1000]}
    name: x
  - for:
      range: 4
      iterate: [{dense: 2000}, {activation: tanh}, {dropout: 0.1}]
  - dense: 10
    name: y)",
     1024},
    {"Recurrent", R"(
model:
  - input: {shape: [100, 64]}
    name: x
  - recurrent: {size: 256}
  - parallel: {apply: [{dense: 64}, {activation: relu}]}
  - recurrent: {size: 256, type: lstm, sequence: no}
  - dense: 10
    name: y)",
     64},
};

INSTANTIATE_TEST_SUITE_P(Workloads, ResourcesTest, ::testing::ValuesIn(kWorkloads),
                         [](const auto& info) { return std::string(info.param.name); });

#endif

TEST(ResourceCountsTest, CountsEveryPart) {
  const Kurfile kurfile = testing::LoadText(R"(
model:
  - input: {shape: [3]}
    name: x
  - dense: 4
    freeze: yes
  - activation: relu
  - dense: 2
    name: y
loss: [{target: y, name: mean_squared_error}]
train: {data: [{pickle: x.pkl}], optimizer: adam}
)");
  const Resources need =
      EstimateResources(kurfile.plan(), kurfile.sections().train->optimizer.get(), 5);
  EXPECT_EQ(need.weights, (16 + 10) * 4);
  EXPECT_EQ(need.gradients, 10 * 4);
  EXPECT_EQ(need.optimizer, 2 * 10 * 4);
  // The input, what relu gives, and the output.
  EXPECT_EQ(need.activations, (3 + 4 + 2) * 4 * 5);
  EXPECT_EQ(need.training_total, need.weights + need.gradients + need.optimizer + need.activations);
  EXPECT_EQ(need.inference, (4 + 4) * 4 * 5);
  EXPECT_EQ(need.batch_flops, 6 * (12 + 8) * 5);
  EXPECT_EQ(MinStepSeconds(need, {/*flops=*/600, /*bandwidth=*/1e12}), 1.0);
  EXPECT_EQ(MinStepSeconds(need, {/*flops=*/1e12, /*bandwidth=*/1.0 * need.batch_bytes}), 1.0);
  const Resources averaged = EstimateResources(
      kurfile.plan(), kurfile.sections().train->optimizer.get(), 5, /*keeps_average=*/true);
  EXPECT_EQ(averaged.average, 10 * 4);
  EXPECT_EQ(averaged.training_total, need.training_total + averaged.average);
}

TEST(ResourceCountsTest, WhatDependsOnAnUnknownAxisIsUnknown) {
  const Kurfile kurfile = testing::LoadText(R"(
model:
  - input: {shape: [null, 3]}
    name: x
  - dense: 4
    name: y
loss: [{target: y, name: mean_squared_error}]
train: {data: [{pickle: x.pkl}]}
)");
  const Resources need =
      EstimateResources(kurfile.plan(), kurfile.sections().train->optimizer.get(), 5);
  EXPECT_EQ(need.weights, 16 * 4);
  EXPECT_EQ(need.activations, kUnknown);
  EXPECT_EQ(need.training_total, kUnknown);
  EXPECT_EQ(need.batch_flops, kUnknown);
  EXPECT_LT(MinStepSeconds(need, {}), 0);
}

}  // namespace
}  // namespace kur
