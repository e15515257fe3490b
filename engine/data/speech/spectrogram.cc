#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "engine/data/speech/audio_features.h"
#include "engine/data/speech/power_spectrum.h"

namespace kur {
namespace {

constexpr double kFrameSeconds = 0.020;
constexpr double kStepSeconds = 0.010;
// Keeps the logarithm of silence finite.
constexpr double kFloor = 1e-14;

std::vector<double> HannWindow(int64_t size) {
  std::vector<double> window(static_cast<size_t>(size), 1.0);
  for (int64_t i = 0; size > 1 && i < size; ++i) {
    window[static_cast<size_t>(i)] =
        0.5 - 0.5 * std::cos(2 * M_PI * static_cast<double>(i) / static_cast<double>(size - 1));
  }
  return window;
}

int64_t NumBins(int64_t bins, std::optional<double> max_frequency) {
  if (!max_frequency.has_value()) return bins;
  // Compares before it converts, as a huge frequency fits into no integer.
  const double last = std::floor(*max_frequency * kFrameSeconds + 0.5) + 1;
  return last < static_cast<double>(bins) ? static_cast<int64_t>(last) : bins;
}

}  // namespace

absl::StatusOr<AudioFeatures> Spectrogram(const Recording& recording,
                                          std::optional<double> max_frequency) {
  const auto rate = static_cast<double>(recording.sampling_rate);
  const auto size = static_cast<int64_t>(kFrameSeconds * rate);
  const auto step = static_cast<int64_t>(kStepSeconds * rate);
  const auto length = static_cast<int64_t>(recording.samples.size());
  if (length < size) {
    return absl::InvalidArgumentError(
        absl::StrCat("has ", length, " samples, which is shorter than a frame (", size, ")"));
  }
  const std::vector<double> window = HannWindow(size);
  double scale = 0;
  for (const double weight : window) scale += weight * weight * rate;

  PowerSpectrum spectrum(size);
  AudioFeatures features;
  features.frames = (length - size) / step + 1;
  features.width = NumBins(spectrum.bins(), max_frequency);
  features.values.resize(static_cast<size_t>(features.frames * features.width));
  const auto fill = [&](int64_t frame, std::vector<double>* to) {
    const float* const from = recording.samples.data() + frame * step;
    for (int64_t i = 0; i < size; ++i) {
      (*to)[static_cast<size_t>(i)] = window[static_cast<size_t>(i)] * from[i];
    }
  };
  const auto store = [&](const std::vector<double>& power, int64_t frame) {
    float* const to = features.values.data() + frame * features.width;
    for (int64_t i = 0; i < features.width; ++i) {
      // All but the outermost bins also count their negative frequency.
      const bool inner = i > 0 && i + 1 < spectrum.bins();
      const double density = power[static_cast<size_t>(i)] / (inner ? scale / 2 : scale);
      to[i] = static_cast<float>(std::log(density + kFloor));
    }
  };
  for (int64_t frame = 0; frame < features.frames; frame += 2) {
    const int64_t next = std::min(frame + 1, features.frames - 1);
    fill(frame, &spectrum.first());
    fill(next, &spectrum.second());
    spectrum.Transform();
    store(spectrum.first(), frame);
    store(spectrum.second(), next);
  }
  return features;
}

}  // namespace kur
