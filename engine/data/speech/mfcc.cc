#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/data/speech/audio_features.h"
#include "engine/data/speech/power_spectrum.h"

namespace kur {
namespace {

constexpr int64_t kCoefficients = 13;
constexpr int64_t kFilters = 2 * kCoefficients;
constexpr double kFrameSeconds = 0.025;
constexpr double kStepSeconds = 0.010;
constexpr double kPreemphasis = 0.97;
constexpr double kLifter = 22;
// Replaces a power of 0, which has no logarithm.
constexpr double kMinPower = std::numeric_limits<double>::epsilon();

double Mel(double hertz) { return 2595 * std::log10(1 + hertz / 700); }
double Hertz(double mel) { return 700 * (std::pow(10, mel / 2595) - 1); }

// Weights over the bins of a spectrum: `weights` from the bin `first` on, zero elsewhere.
struct Filter {
  int64_t first = 0;
  std::vector<double> weights;
};

// Returns triangular filters that overlap by half and are evenly spaced in mel.
std::vector<Filter> MelFilters(int64_t fft_size, double rate, double max_frequency) {
  std::vector<int64_t> corners;
  for (int64_t i = 0; i < kFilters + 2; ++i) {
    const double mel = Mel(max_frequency) * static_cast<double>(i) / (kFilters + 1);
    corners.push_back(
        static_cast<int64_t>(std::floor(static_cast<double>(fft_size + 1) * Hertz(mel) / rate)));
  }
  std::vector<Filter> filters;
  for (size_t i = 0; i < static_cast<size_t>(kFilters); ++i) {
    const int64_t left = corners[i];
    const int64_t peak = corners[i + 1];
    const int64_t right = corners[i + 2];
    Filter filter{left, {}};
    for (int64_t bin = left; bin < right; ++bin) {
      filter.weights.push_back(
          bin < peak ? static_cast<double>(bin - left) / static_cast<double>(peak - left)
                     : static_cast<double>(right - bin) / static_cast<double>(right - peak));
    }
    filters.push_back(std::move(filter));
  }
  return filters;
}

// Returns the matrix (coefficients, filters) of the orthonormal cosine transform, its rows
// multiplied by the lifter's weights.
std::vector<double> LifteredCosines() {
  std::vector<double> matrix;
  for (int64_t n = 0; n < kCoefficients; ++n) {
    const double lift = 1 + kLifter / 2 * std::sin(M_PI * static_cast<double>(n) / kLifter);
    const double scale = std::sqrt((n == 0 ? 1.0 : 2.0) / kFilters);
    for (int64_t k = 0; k < kFilters; ++k) {
      const double angle = M_PI * static_cast<double>(n * (2 * k + 1)) / (2 * kFilters);
      matrix.push_back(lift * scale * std::cos(angle));
    }
  }
  return matrix;
}

// How a recording is cut into frames at a sampling rate, in samples.
struct Framing {
  int64_t size;      // of a frame
  int64_t step;      // from the start of a frame to the start of the next
  int64_t fft_size;  // the least power of two that holds a frame

  explicit Framing(double rate)
      : size(std::llround(kFrameSeconds * rate)),
        step(std::llround(kStepSeconds * rate)),
        fft_size(1) {
    while (static_cast<double>(fft_size) < kFrameSeconds * rate) fft_size *= 2;
  }

  int64_t Count(int64_t length) const {
    return length <= size ? 1 : 1 + (length - size + step - 1) / step;
  }
};

class Cepstrum {
 public:
  Cepstrum(int64_t fft_size, double rate, double max_frequency)
      : fft_size_(static_cast<double>(fft_size)),
        filters_(MelFilters(fft_size, rate, max_frequency)),
        cosines_(LifteredCosines()) {}

  // Computes kCoefficients numbers from the squared magnitudes of a frame's spectrum.
  void Compute(const std::vector<double>& power, int64_t bins, float* to) const {
    double energy = 0;
    for (int64_t i = 0; i < bins; ++i) energy += power[static_cast<size_t>(i)] / fft_size_;
    double logs[kFilters];
    for (size_t k = 0; k < filters_.size(); ++k) {
      double sum = 0;
      for (size_t i = 0; i < filters_[k].weights.size(); ++i) {
        const size_t bin = static_cast<size_t>(filters_[k].first) + i;
        sum += filters_[k].weights[i] * power[bin] / fft_size_;
      }
      logs[k] = Log(sum);
    }
    to[0] = static_cast<float>(Log(energy));
    for (int64_t n = 1; n < kCoefficients; ++n) {
      double sum = 0;
      for (int64_t k = 0; k < kFilters; ++k) {
        sum += cosines_[static_cast<size_t>(n * kFilters + k)] * logs[k];
      }
      to[n] = static_cast<float>(sum);
    }
  }

 private:
  static double Log(double power) { return std::log(power == 0 ? kMinPower : power); }

  double fft_size_;
  std::vector<Filter> filters_;
  std::vector<double> cosines_;
};

}  // namespace

absl::StatusOr<AudioFeatures> Mfcc(const Recording& recording,
                                   std::optional<double> max_frequency) {
  const auto length = static_cast<int64_t>(recording.samples.size());
  if (length == 0) return absl::InvalidArgumentError("has no samples");
  const auto rate = static_cast<double>(recording.sampling_rate);
  const Framing framing(rate);
  const double amplitude = std::ldexp(1, recording.bits - 1);
  PowerSpectrum spectrum(framing.fft_size);
  const Cepstrum cepstrum(framing.fft_size, rate, std::min(max_frequency.value_or(rate), rate / 2));
  AudioFeatures features;
  features.frames = framing.Count(length);
  features.width = kCoefficients;
  features.values.resize(static_cast<size_t>(features.frames * features.width));
  // Pre-emphasis: amplifies high frequencies, which are weaker in speech.
  const auto emphasized = [&](int64_t i) {
    if (i >= length) return 0.0;
    const auto at = static_cast<size_t>(i);
    const double previous = i == 0 ? 0 : recording.samples[at - 1];
    return amplitude * (recording.samples[at] - kPreemphasis * previous);
  };
  const auto fill = [&](int64_t frame, std::vector<double>* to) {
    std::fill(to->begin() + framing.size, to->end(), 0.0);
    for (int64_t i = 0; i < framing.size; ++i) {
      (*to)[static_cast<size_t>(i)] = emphasized(frame * framing.step + i);
    }
  };
  for (int64_t frame = 0; frame < features.frames; frame += 2) {
    const int64_t next = std::min(frame + 1, features.frames - 1);
    fill(frame, &spectrum.first());
    fill(next, &spectrum.second());
    spectrum.Transform();
    cepstrum.Compute(spectrum.first(), spectrum.bins(),
                     features.values.data() + frame * kCoefficients);
    cepstrum.Compute(spectrum.second(), spectrum.bins(),
                     features.values.data() + next * kCoefficients);
  }
  return features;
}

}  // namespace kur
