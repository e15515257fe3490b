// Any bytes as a file of statistics; what could be read normalizes features, and is written as it
// was read.

#include <vector>

#include "engine/data/speech/feature_normalizer.h"
#include "engine/data/speech/feature_statistics.h"
#include "tests/fuzz/fuzzing.h"

namespace {

using kur::fuzz::Require;

void Normalize(const kur::FeatureStatistics& statistics) {
  for (const kur::Rotation rotation :
       {kur::Rotation::kNone, kur::Rotation::kZca, kur::Rotation::kPca}) {
    kur::FeatureNormalizer::Options options;
    options.rotation = rotation;
    const kur::FeatureNormalizer normalizer(statistics, options);
    kur::AudioFeatures features;
    features.frames = 2;
    features.width = normalizer.width();
    features.values.assign(static_cast<size_t>(features.frames * features.width), 0.5F);
    normalizer.Apply(&features);
    Require(features.values.size() == static_cast<size_t>(features.frames * features.width));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto read = kur::ParseStatistics(std::string(kur::fuzz::Text(data, size)), "fuzz");
  if (!read.ok()) {
    kur::fuzz::RequireRefusal(read.status());
    return 0;
  }
  const auto width = static_cast<size_t>(read->width());
  // The file has a number for each mean.
  Require(width > 0 && width <= size);
  Require(read->stddev.size() == width && read->inverse_deviations.size() == width);
  Require(read->axes.size() == width * width);
  Normalize(*read);
  const auto again = kur::ParseStatistics(kur::FormatStatistics(*read), "fuzz");
  Require(again.ok() && again->mean == read->mean && again->stddev == read->stddev);
  Require(again->axes == read->axes && again->inverse_deviations == read->inverse_deviations);
  return 0;
}
