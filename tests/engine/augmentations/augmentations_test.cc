// Augmentations do to a sample what they say, with whatever they draw.

#include <cmath>
#include <fstream>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "engine/augmentations/transforms.h"
#include "engine/kurfile/specs/augmentation_spec.h"
#include "engine/kurfile/yaml/yaml.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace kur {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::FloatNear;
using ::testing::HasSubstr;
using ::testing::Pointwise;

const json& Cases() {
  static const auto* const kCases = new json([] {
    std::ifstream file(std::string(KUR_TEST_DATA_DIR) +
                       "/engine/augmentations/augmentation_cases.json");
    return json::parse(file);
  }());
  return *kCases;
}

ImageExtents ExtentsOf(const json& given) {
  return {given.at("shape")[0], given.at("shape")[1], given.at("shape")[2]};
}

// Parses the value of `augment:`.
AugmentationSpecs Parse(const std::string& yaml, std::string* errors) {
  const Value value = *ParseYaml(yaml, std::make_shared<const std::string>("test.yml"));
  Diagnostics diagnostics;
  AugmentationSpecs specs = ParseAugmentations(value, &diagnostics);
  *errors = std::string(diagnostics.ToStatus().message());
  return specs;
}

std::shared_ptr<const AugmentationSpec> One(const std::string& yaml) {
  std::string errors;
  AugmentationSpecs specs = Parse("[" + yaml + "]", &errors);
  EXPECT_EQ(specs.size(), 1U) << errors;
  return specs.at(0);
}

std::vector<float> Counting(int64_t count) {
  std::vector<float> values(static_cast<size_t>(count));
  std::iota(values.begin(), values.end(), 1.0f);
  return values;
}

std::vector<float> Applied(const AugmentationSpec& spec, const Shape& extents, uint64_t stream) {
  std::vector<float> sample = Counting(NumElements(extents));
  Random random(7, stream);
  spec.Apply(extents, &random, sample.data());
  return sample;
}

TEST(TransformsTest, ImagesTurnAsPyTorchTurnsThem) {
  for (const json& given : Cases().at("rotate")) {
    std::vector<float> image = given.at("image");
    RotateImage(ExtentsOf(given), given.at("degrees"), 0, image.data());
    EXPECT_THAT(image, Pointwise(FloatNear(1e-5f), given.at("expected").get<std::vector<float>>()))
        << given.at("degrees");
  }
}

TEST(TransformsTest, AQuarterTurnIsCounterclockwise) {
  std::vector<float> image = {1, 2, 3, 4};
  RotateImage({2, 2, 1}, 90, 0, image.data());
  EXPECT_THAT(image, Pointwise(FloatNear(1e-5f), {2, 4, 1, 3}));
}

TEST(TransformsTest, ColoursChangeByTheFormulasOfTorchvision) {
  for (const json& given : Cases().at("color")) {
    std::vector<float> image = given.at("image");
    AdjustColor(ExtentsOf(given),
                {given.at("brightness"), given.at("contrast"), given.at("saturation")},
                image.data());
    EXPECT_THAT(image, Pointwise(FloatNear(1e-5f), given.at("expected").get<std::vector<float>>()));
  }
}

TEST(TransformsTest, ImagesMoveAndAreFilled) {
  std::vector<float> image = Counting(6);
  ShiftImage({2, 3, 1}, 1, -1, -5, image.data());
  EXPECT_THAT(image, ElementsAre(-5, -5, -5, 2, 3, -5));
  image = Counting(6);
  ShiftImage({2, 3, 1}, -1, 1, 0, image.data());
  EXPECT_THAT(image, ElementsAre(0, 4, 5, 0, 0, 0));
  image = Counting(6);
  ShiftImage({2, 3, 1}, 0, 3, 0, image.data());
  EXPECT_THAT(image, ElementsAre(0, 0, 0, 0, 0, 0));
  image = Counting(6);
  ShiftImage({2, 3, 1}, 7, 0, 0, image.data());
  EXPECT_THAT(image, ElementsAre(0, 0, 0, 0, 0, 0));
}

TEST(TransformsTest, ImagesAreMirrored) {
  std::vector<float> image = Counting(12);
  FlipHorizontally({2, 3, 2}, image.data());
  EXPECT_THAT(image, ElementsAre(5, 6, 3, 4, 1, 2, 11, 12, 9, 10, 7, 8));
  image = Counting(6);
  FlipVertically({3, 2, 1}, image.data());
  EXPECT_THAT(image, ElementsAre(5, 6, 3, 4, 1, 2));
}

TEST(TransformsTest, BoxesAreCutAtTheEdges) {
  std::vector<float> image = Counting(9);
  FillBox({3, 3, 1}, {-1, 1, 2, 5}, 0, image.data());
  EXPECT_THAT(image, ElementsAre(1, 0, 0, 4, 5, 6, 7, 8, 9));
  FillBox({3, 3, 1}, {2, 5, 2, 2}, 0, image.data());
  EXPECT_THAT(image, ElementsAre(1, 0, 0, 4, 5, 6, 7, 8, 9));
}

TEST(AugmentationsTest, CropReachesEveryPlaceWithinThePadding) {
  const auto crop = One("crop: {padding: 1, fill: -1}");
  std::set<std::vector<float>> seen;
  for (uint64_t stream = 0; stream < 400; ++stream) seen.insert(Applied(*crop, {3, 3, 1}, stream));
  EXPECT_EQ(seen.size(), 9U);
  EXPECT_EQ(seen.count(Counting(9)), 1U);
  EXPECT_EQ(seen.count({-1, -1, -1, -1, 1, 2, -1, 4, 5}), 1U);
}

TEST(AugmentationsTest, FlipHasItsAxisAndProbability) {
  EXPECT_EQ(One("flip")->probability, 0.5);
  EXPECT_EQ(One("{flip: {probability: 0.25}}")->probability, 0.25);
  EXPECT_THAT(Applied(*One("flip"), {1, 3, 1}, 0), ElementsAre(3, 2, 1));
  EXPECT_THAT(Applied(*One("flip: vertical"), {3, 1, 1}, 0), ElementsAre(3, 2, 1));
}

TEST(AugmentationsTest, RotateStaysWithinItsAngle) {
  // A pixel far out moves by its distance times the angle.
  const auto rotate = One("rotate: 2");
  double most = 0;
  for (uint64_t stream = 0; stream < 200; ++stream) {
    std::vector<float> image(41, 0);
    for (size_t i = 0; i < image.size(); ++i) image[i] = static_cast<float>(i);
    Random random(7, stream);
    rotate->Apply({1, 41, 1}, &random, image.data());
    // The fraction that leaves a single row grows with the angle.
    most = std::max(most, 1 - static_cast<double>(image[40]) / 40);
  }
  EXPECT_GT(most, 20 * std::sin(1.5 * M_PI / 180));
  EXPECT_LE(most, 20 * std::sin(2 * M_PI / 180) + 0.01);
}

TEST(AugmentationsTest, ColorDrawsFactorsWithinItsBounds) {
  const auto color = One("color: {brightness: 0.5, contrast: 0, saturation: 0}");
  float least = 10;
  float most = 0;
  for (uint64_t stream = 0; stream < 300; ++stream) {
    const float factor = Applied(*color, {1, 2, 1}, stream)[1] / 2;
    least = std::min(least, factor);
    most = std::max(most, factor);
  }
  EXPECT_NEAR(least, 0.5, 0.02);
  EXPECT_NEAR(most, 1.5, 0.02);
  EXPECT_EQ(Applied(*One("color: {brightness: 0, contrast: 0, saturation: 0}"), {2, 2, 3}, 1),
            Counting(12));
}

TEST(AugmentationsTest, CutoutBlotsOutOneBox) {
  const auto cutout = One("cutout: {size: [1, 2], fill: 0}");
  for (uint64_t stream = 0; stream < 50; ++stream) {
    const std::vector<float> image = Applied(*cutout, {4, 4, 1}, stream);
    const auto blank = std::count(image.begin(), image.end(), 0.0f);
    EXPECT_TRUE(blank == 1 || blank == 2) << blank;
  }
}

TEST(AugmentationsTest, NoiseHasItsDeviation) {
  const auto noise = One("noise: {std: 0.5}");
  const std::vector<float> sample = Applied(*noise, {100, 200}, 3);
  double sum = 0;
  double squares = 0;
  for (size_t i = 0; i < sample.size(); ++i) {
    const double added = static_cast<double>(sample[i]) - static_cast<double>(i + 1);
    sum += added;
    squares += added * added;
  }
  EXPECT_NEAR(sum / 20000, 0, 0.02);
  EXPECT_NEAR(std::sqrt(squares / 20000), 0.5, 0.02);
}

// Returns for every value whether it was masked.
std::vector<std::vector<bool>> Blanks(const std::string& yaml, const Shape& extents) {
  const auto mask = One(yaml);
  std::vector<std::vector<bool>> blanks;
  for (uint64_t stream = 0; stream < 200; ++stream) {
    std::vector<bool> blank;
    for (const float value : Applied(*mask, extents, stream)) blank.push_back(value == 0);
    blanks.push_back(blank);
  }
  return blanks;
}

TEST(AugmentationsTest, TimeMaskTakesWholeFrames) {
  std::set<int64_t> lengths;
  for (const auto& blank : Blanks("time_mask: 2", {5, 3})) {
    int64_t length = 0;
    for (size_t t = 0; t < 5; ++t) {
      EXPECT_EQ(blank[3 * t], blank[3 * t + 1]);
      EXPECT_EQ(blank[3 * t], blank[3 * t + 2]);
      if (blank[3 * t]) ++length;
    }
    lengths.insert(length);
  }
  EXPECT_THAT(lengths, ElementsAre(0, 1, 2));
}

TEST(AugmentationsTest, FrequencyMaskTakesWholeBands) {
  std::set<int64_t> lengths;
  for (const auto& blank : Blanks("frequency_mask: {size: 9}", {2, 4})) {
    int64_t length = 0;
    for (size_t f = 0; f < 4; ++f) {
      EXPECT_EQ(blank[f], blank[4 + f]);
      if (blank[f]) ++length;
    }
    lengths.insert(length);
  }
  EXPECT_THAT(lengths, ElementsAre(0, 1, 2, 3, 4));
}

// The mean of Beta(a, a) is 1/2, its variance 1 / (8 a + 4).
TEST(AugmentationsTest, MixupDrawsSharesFromTheBetaDistribution) {
  for (const double alpha : {0.2, 1.0, 4.0}) {
    const auto mixup = One(absl::StrCat("mixup: {alpha: ", alpha, "}"));
    EXPECT_TRUE(mixup->MixesSamples());
    double sum = 0;
    double squares = 0;
    constexpr int kDraws = 20000;
    Random random(3, 4);
    for (int i = 0; i < kDraws; ++i) {
      const double share = mixup->DrawShare(&random);
      ASSERT_GE(share, 0);
      ASSERT_LE(share, 1);
      sum += share - 0.5;
      squares += (share - 0.5) * (share - 0.5);
    }
    EXPECT_NEAR(sum / kDraws, 0, 0.012) << alpha;
    EXPECT_NEAR(squares / kDraws, 1 / (8 * alpha + 4), 0.01) << alpha;
  }
  Random random(1, 2);
  EXPECT_GE(One("mixup: {alpha: 1.0e-300}")->DrawShare(&random), 0);
}

TEST(AugmentationsTest, EntriesCanBeLeftOut) {
  std::string errors;
  EXPECT_EQ(Parse("[flip, {rotate: 5, when: no}]", &errors).size(), 1U);
  EXPECT_EQ(errors, "");
}

TEST(AugmentationsTest, MistakesAreReportedTogether) {
  std::string errors;
  Parse(
      "[flop, {crop: {padding: 0}}, {rotate: 190}, {cutout: [1, 2, 3]}, {mixup: -1}, "
      "{flip: sideways}, {noise: {std: 1, probability: 2}}]",
      &errors);
  for (const char* part :
       {"unknown augmentation 'flop'; did you mean 'flip'?", "from 1 to 10000", "at most 180",
        "one extent or [height, width]", "train.augment[4].mixup: must be greater than 0",
        "horizontal, vertical", "from 0 to 1"}) {
    EXPECT_THAT(errors, HasSubstr(part));
  }
  Parse("flip", &errors);
  EXPECT_THAT(errors, HasSubstr("expected a list of augmentations"));
}

TEST(AugmentationsTest, SamplesOfOtherShapesAreRefused) {
  EXPECT_TRUE(One("flip")->CheckSample({4, 4, 1}).ok());
  EXPECT_THAT(std::string(One("flip")->CheckSample({4, 4}).message()),
              HasSubstr("changes images, of the shape (height, width, channels)"));
  EXPECT_FALSE(One("flip")->CheckSample({kUnknown, 4, 1}).ok());
  EXPECT_TRUE(One("time_mask")->CheckSample({kUnknown, 40}).ok());
  EXPECT_FALSE(One("time_mask")->CheckSample({40}).ok());
  EXPECT_FALSE(One("color")->CheckSample({4, 4, 2}).ok());
  EXPECT_TRUE(One("noise")->CheckSample({4}).ok());
}

}  // namespace
}  // namespace kur
