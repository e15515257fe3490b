// What happens to a sample depends on the seed, the epoch and the sample alone.

#include "engine/data/augmenter.h"

#include <numeric>
#include <string>
#include <vector>

#include "engine/data/array_source.h"
#include "engine/kurfile/yaml/yaml.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace kur {
namespace {

using ::testing::HasSubstr;

AugmentationSpecs Parse(const std::string& yaml) {
  Diagnostics diagnostics;
  AugmentationSpecs specs = ParseAugmentations(
      *ParseYaml(yaml, std::make_shared<const std::string>("test.yml")), &diagnostics);
  EXPECT_TRUE(diagnostics.ToStatus().ok()) << diagnostics.ToStatus();
  return specs;
}

std::shared_ptr<const Source> Samples(Shape shape) {
  shape.insert(shape.begin(), 8);
  const std::vector<float> values(static_cast<size_t>(NumElements(shape)), 1);
  return *ArraySource::Create(*Array::FromValues<float>(shape, values));
}

SourceMap Sources() {
  return {{"images", Samples({4, 5, 1})}, {"labels", Samples({3})}, {"sound", Samples({6, 2})}};
}

absl::StatusOr<Augmenter> Make(const std::string& yaml, uint64_t seed = 1, int64_t threads = 1) {
  return Augmenter::Create(Parse(yaml), Sources(), {"images", "sound"}, seed, threads);
}

struct Batch {
  std::vector<float> images;
  std::vector<float> labels;
};

// Images of random-looking values and one-hot labels of those samples.
Batch Gather(const std::vector<int64_t>& samples) {
  Batch batch;
  for (const int64_t sample : samples) {
    for (int64_t i = 0; i < 20; ++i) {
      batch.images.push_back(static_cast<float>((sample * 37 + i * 11) % 23));
    }
    for (int64_t c = 0; c < 3; ++c) batch.labels.push_back(sample % 3 == c ? 1 : 0);
  }
  return batch;
}

Batch Augmented(const Augmenter& augmenter, int64_t epoch, const std::vector<int64_t>& samples) {
  Batch batch = Gather(samples);
  const auto count = static_cast<int64_t>(samples.size());
  augmenter.Apply(epoch, samples.data(),
                  {{"images", {batch.images.data(), {count, 4, 5, 1}}},
                   {"labels", {batch.labels.data(), {count, 3}}}});
  return batch;
}

std::vector<float> Image(const Batch& batch, size_t i) {
  const auto begin = batch.images.begin() + static_cast<std::ptrdiff_t>(20 * i);
  return {begin, begin + 20};
}

constexpr char kAll[] = "[crop, flip, {rotate: 20}, {noise: {std: 0.1, source: images}}]";

TEST(AugmenterTest, ASampleChangesAlikeInAnyBatchAndWithAnyThreads) {
  const Augmenter augmenter = *Make(kAll);
  const Batch whole = Augmented(augmenter, 3, {0, 1, 2, 3, 4, 5});
  const Batch part = Augmented(*Make(kAll, 1, 3), 3, {4, 1});
  EXPECT_EQ(Image(part, 0), Image(whole, 4));
  EXPECT_EQ(Image(part, 1), Image(whole, 1));
  EXPECT_EQ(whole.labels, Gather({0, 1, 2, 3, 4, 5}).labels);
}

TEST(AugmenterTest, EpochsSeedsAndStepsDiffer) {
  const Batch first = Augmented(*Make(kAll), 3, {0});
  EXPECT_NE(first.images, Gather({0}).images);
  EXPECT_NE(first.images, Augmented(*Make(kAll), 4, {0}).images);
  EXPECT_NE(first.images, Augmented(*Make(kAll, 2), 3, {0}).images);
  // Two equal steps draw different numbers.
  const Batch once = Augmented(*Make("[{noise: {source: images}}]"), 0, {0});
  const Batch twice =
      Augmented(*Make("[{noise: {source: images}}, {noise: {source: images}}]"), 0, {0});
  const Batch plain = Gather({0});
  double difference = 0;
  for (size_t i = 0; i < plain.images.size(); ++i) {
    difference +=
        std::abs((twice.images[i] - plain.images[i]) - 2 * (once.images[i] - plain.images[i]));
  }
  EXPECT_GT(difference, 0.1);
}

TEST(AugmenterTest, ProbabilityIsThatOfASample) {
  const Augmenter augmenter = *Make("[{cutout: {size: 9, probability: 0.3, fill: -1}}]");
  std::vector<int64_t> samples(1000);
  std::iota(samples.begin(), samples.end(), 0);
  const Batch batch = Augmented(augmenter, 0, samples);
  int changed = 0;
  const Batch plain = Gather(samples);
  for (size_t i = 0; i < samples.size(); ++i) {
    if (Image(batch, i) != Image(plain, i)) ++changed;
  }
  EXPECT_NEAR(changed, 300, 60);
}

TEST(AugmenterTest, MixedSamplesKeepTheirTruth) {
  const Augmenter augmenter = *Make("[{mixup: {alpha: 1}}]");
  const std::vector<int64_t> samples = {0, 1, 2, 3, 4, 5};
  const Batch plain = Gather(samples);
  const Batch mixed = Augmented(augmenter, 0, samples);
  EXPECT_NE(mixed.images, plain.images);
  int explained = 0;
  for (size_t i = 0; i < samples.size(); ++i) {
    // One other sample and one weight must explain both the image and the label.
    float sum = 0;
    for (size_t c = 0; c < 3; ++c) sum += mixed.labels[3 * i + c];
    EXPECT_NEAR(sum, 1, 1e-6);
    for (size_t j = 0; j < samples.size() && i != j; ++j) {
      const float share = (mixed.images[20 * i] - plain.images[20 * j]) /
                          (plain.images[20 * i] - plain.images[20 * j]);
      bool fits = true;
      for (size_t k = 0; k < 20; ++k) {
        const float expected =
            share * plain.images[20 * i + k] + (1 - share) * plain.images[20 * j + k];
        fits = fits && std::abs(mixed.images[20 * i + k] - expected) < 1e-3f;
      }
      for (size_t c = 0; c < 3; ++c) {
        const float expected =
            share * plain.labels[3 * i + c] + (1 - share) * plain.labels[3 * j + c];
        fits = fits && std::abs(mixed.labels[3 * i + c] - expected) < 1e-3f;
      }
      if (fits) ++explained;
    }
  }
  EXPECT_GE(explained, 3);
  EXPECT_EQ(Augmented(augmenter, 0, samples).images, mixed.images);
}

TEST(AugmenterTest, ASourceIsFoundOrAskedFor) {
  EXPECT_TRUE(Make("[flip, time_mask]").ok());
  const auto message = [](const std::string& yaml) {
    return std::string(Make(yaml).status().message());
  };
  EXPECT_THAT(message("[noise]"),
              HasSubstr("test.yml:1:2: error: train.augment[0].noise: several inputs could be "
                        "meant; add source: images or source: sound"));
  EXPECT_THAT(message("[{flip: {source: image}}]"),
              HasSubstr("the data has no source 'image'; did you mean 'images'?"));
  EXPECT_THAT(message("[{flip: {source: labels}}]"),
              HasSubstr("cannot change 'labels': flip changes images"));
  const auto none = Augmenter::Create(Parse("[flip]"), Sources(), {"sound"}, 1, 1);
  EXPECT_THAT(std::string(none.status().message()),
              HasSubstr("the model has no input for it: flip changes images, of the shape (height, "
                        "width, channels), not samples of (6, 2)"));
}

}  // namespace
}  // namespace kur
