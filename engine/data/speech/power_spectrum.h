#ifndef KUR_ENGINE_DATA_SPEECH_POWER_SPECTRUM_H_
#define KUR_ENGINE_DATA_SPEECH_POWER_SPECTRUM_H_

#include <complex>
#include <cstdint>
#include <memory>
#include <vector>

template <typename T>
class kissfft;

namespace kur {

// Computes the squared magnitudes of the discrete Fourier transform of real frames. All frames have
// one length, which may be any. Two frames are transformed at a time, as the real and the imaginary
// part of one complex frame, by KISS FFT. Not thread-safe.
//
//   PowerSpectrum spectrum(320);
//   Fill(spectrum.first(), spectrum.second());
//   spectrum.Transform();
//   Use(spectrum.first(), spectrum.second());   // bins() values each
class PowerSpectrum {
 public:
  // Precondition: size >= 1.
  explicit PowerSpectrum(int64_t size);
  ~PowerSpectrum();

  int64_t size() const { return size_; }
  // The number of frequencies, from 0 up to half the sampling rate.
  int64_t bins() const { return size_ / 2 + 1; }

  // Replaces the size() samples of both frames by the bins() squared magnitudes of each.
  void Transform();
  std::vector<double>& first() { return first_; }
  std::vector<double>& second() { return second_; }

 private:
  int64_t size_;
  std::vector<double> first_;
  std::vector<double> second_;
  std::vector<std::complex<double>> frames_;
  std::vector<std::complex<double>> spectrum_;
  std::unique_ptr<kissfft<double>> transform_;
};

}  // namespace kur

#endif  // KUR_ENGINE_DATA_SPEECH_POWER_SPECTRUM_H_
