#include "engine/data/speech/audio_features.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "engine/data/speech/power_spectrum.h"
#include "nlohmann/json.hpp"
#include "tests/engine/data/data_test_util.h"

namespace kur {
namespace {

using nlohmann::json;

const json& Cases() {
  static const auto* const kCases =
      new json(json::parse(ReadFile(FixturePath("../audio_cases.json"))));
  return *kCases;
}

Recording Tone(size_t samples, int64_t rate) {
  Recording recording;
  recording.sampling_rate = rate;
  for (size_t i = 0; i < samples; ++i) {
    recording.samples.push_back(static_cast<float>(std::sin(static_cast<double>(i) * 0.3)));
  }
  return recording;
}

TEST(AudioFeaturesTest, AreWhatNumPyComputes) {
  ASSERT_GE(Cases().at("features").size(), 16u);
  for (const json& test : Cases().at("features")) {
    const std::string name = test.at("file");
    const bool spectrogram = test.at("type") == "spec";
    SCOPED_TRACE(
        absl::StrCat(name, spectrogram ? " spec " : " mfcc ", test.at("max_frequency").dump()));
    std::optional<double> limit;
    if (!test.at("max_frequency").is_null()) limit = test.at("max_frequency").get<double>();
    const auto recording = ReadAudio(FixturePath("audio/" + name));
    ASSERT_TRUE(recording.ok()) << recording.status();
    const auto features = spectrogram ? Spectrogram(*recording, limit) : Mfcc(*recording, limit);
    ASSERT_TRUE(features.ok()) << features.status();
    const json& expected = test.at("features");
    ASSERT_EQ(features->frames, expected.at("shape")[0]);
    ASSERT_EQ(features->width, expected.at("shape")[1]);
    for (size_t i = 0; i < features->values.size(); ++i) {
      const double value = expected.at("data")[i];
      ASSERT_NEAR(features->values[i], value, 2e-6 * std::max(1.0, std::abs(value))) << i;
    }
  }
}

TEST(AudioFeaturesTest, ASpectrogramNeedsAWholeFrame) {
  EXPECT_THAT(Spectrogram(Tone(319, 16000), std::nullopt),
              FailsWith(absl::StatusCode::kInvalidArgument, "shorter than a frame (320)"));
  EXPECT_EQ(Spectrogram(Tone(320, 16000), std::nullopt)->frames, 1);
  EXPECT_EQ(Spectrogram(Tone(479, 16000), std::nullopt)->frames, 1);
  EXPECT_EQ(Spectrogram(Tone(480, 16000), std::nullopt)->frames, 2);
}

TEST(AudioFeaturesTest, MfccFillsUpTheLastFrame) {
  EXPECT_EQ(Mfcc(Tone(1, 16000), std::nullopt)->frames, 1);
  EXPECT_EQ(Mfcc(Tone(400, 16000), std::nullopt)->frames, 1);
  EXPECT_EQ(Mfcc(Tone(401, 16000), std::nullopt)->frames, 2);
  EXPECT_THAT(Mfcc(Tone(0, 16000), std::nullopt),
              FailsWith(absl::StatusCode::kInvalidArgument, "no samples"));
}

TEST(AudioFeaturesTest, SamplingRatesAtTheEdgesWork) {
  for (const int64_t rate : {1000, 1001, 384000}) {
    const auto spectrogram = Spectrogram(Tone(40000, rate), 0.001);
    ASSERT_TRUE(spectrogram.ok());
    EXPECT_EQ(spectrogram->width, 1);
    const auto mfcc = Mfcc(Tone(40000, rate), 50);
    ASSERT_TRUE(mfcc.ok());
    for (const float value : mfcc->values) ASSERT_TRUE(std::isfinite(value));
  }
}

TEST(PowerSpectrumTest, IsTheFourierTransformOfAnyLength) {
  for (const int64_t size : {1, 2, 3, 4, 7, 30, 64, 441}) {
    SCOPED_TRACE(size);
    PowerSpectrum spectrum(size);
    std::vector<double> first;
    std::vector<double> second;
    for (int64_t i = 0; i < size; ++i) {
      first.push_back(std::sin(static_cast<double>(i * i)) + 0.5);
      second.push_back(std::cos(static_cast<double>(3 * i)) - 1);
    }
    spectrum.first() = first;
    spectrum.second() = second;
    spectrum.Transform();
    for (int64_t k = 0; k < spectrum.bins(); ++k) {
      std::complex<double> sums[2];
      for (int64_t i = 0; i < size; ++i) {
        const double turns = static_cast<double>(i * k % size) / static_cast<double>(size);
        const std::complex<double> root = std::polar(1.0, -2 * M_PI * turns);
        sums[0] += first[static_cast<size_t>(i)] * root;
        sums[1] += second[static_cast<size_t>(i)] * root;
      }
      const auto bin = static_cast<size_t>(k);
      ASSERT_NEAR(spectrum.first()[bin], std::norm(sums[0]), 1e-9 * static_cast<double>(size)) << k;
      ASSERT_NEAR(spectrum.second()[bin], std::norm(sums[1]), 1e-9 * static_cast<double>(size))
          << k;
    }
  }
}

}  // namespace
}  // namespace kur
