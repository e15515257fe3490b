// Lengths of inputs are scaled to lengths of outputs.

#include "engine/kurfile/plan/length_scaler.h"

#include <string>

#include "engine/kurfile/kurfile.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/temporary_directory.h"

namespace kur {
namespace {

using ::testing::HasSubstr;

ModelPlan Plan(const std::string& model) {
  const TemporaryDirectory dir;
  dir.Write("k.yml", "model: " + model);
  const auto kurfile = Kurfile::Load(dir.path() + "/k.yml");
  EXPECT_TRUE(kurfile.ok()) << kurfile.status();
  return kurfile.ok() ? kurfile->plan() : ModelPlan();
}

TEST(LengthScalerTest, GoesThroughTheLayersBetween) {
  // The input has a fixed length, which does not restrict shorter samples.
  const ModelPlan plan = Plan(R"([{input: {shape: [100, 3]}, name: x},
    {convolution: {kernels: 4, size: 11, strides: 2, border: valid}},
    {recurrent: {size: 5}}, {parallel: {apply: [{dense: 6}]}}, {output: y}])");
  LengthScaler scaler(plan, "x", "y");
  for (const int64_t length : {11, 12, 13, 50, 99, 100, 12}) {
    EXPECT_EQ(*scaler.Scale(length), (length - 11) / 2 + 1) << length;
  }
}

TEST(LengthScalerTest, WhatIsTooShortForALayerGivesNothing) {
  const ModelPlan plan = Plan(R"([{input: {shape: [null, 3]}, name: x},
    {convolution: {kernels: 4, size: 11, border: valid}}, {output: y}])");
  LengthScaler scaler(plan, "x", "y");
  EXPECT_EQ(*scaler.Scale(0), 0);
  EXPECT_EQ(*scaler.Scale(10), 0);
  EXPECT_EQ(*scaler.Scale(11), 1);
}

TEST(LengthScalerTest, LayersThatTheOutputDoesNotNeedHaveNoSay) {
  const ModelPlan plan = Plan(R"([{input: {shape: [8, 3]}, name: x},
    {convolution: {kernels: 4, size: 3}, name: y, sink: yes},
    {convolution: {kernels: 4, size: 6, border: valid}, name: other}])");
  LengthScaler scaler(plan, "x", "y");
  EXPECT_EQ(*scaler.Scale(4), 4);
}

TEST(LengthScalerTest, AnInputThatDoesNotTellIsAnError) {
  const ModelPlan plan = Plan(R"([{input: {shape: [8, 3]}, name: x}, {input: {shape: [8, 3]}},
    {merge: add, inputs: [x, ..input.0]}, {output: y}])");
  LengthScaler scaler(plan, "x", "y");
  EXPECT_THAT(std::string(scaler.Scale(4).status().message()),
              HasSubstr("for a length of 4 in 'x', the layer '"));
}

}  // namespace
}  // namespace kur
