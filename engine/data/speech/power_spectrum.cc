#include "engine/data/speech/power_spectrum.h"

#include <kissfft/kissfft.hh>

namespace kur {

PowerSpectrum::PowerSpectrum(int64_t size)
    : size_(size),
      first_(static_cast<size_t>(size)),
      second_(static_cast<size_t>(size)),
      frames_(static_cast<size_t>(size)),
      spectrum_(static_cast<size_t>(size)),
      transform_(std::make_unique<kissfft<double>>(static_cast<size_t>(size), false)) {}

PowerSpectrum::~PowerSpectrum() = default;

void PowerSpectrum::Transform() {
  const auto size = static_cast<size_t>(size_);
  for (size_t i = 0; i < size; ++i) frames_[i] = {first_[i], second_[i]};
  transform_->transform(frames_.data(), spectrum_.data());
  for (size_t i = 0; i <= size / 2; ++i) {
    // The transform of a real frame is the conjugate of its mirror image. Sum and difference with
    // the mirror image therefore separate the two frames.
    const std::complex<double> here = spectrum_[i];
    const std::complex<double> mirrored = std::conj(spectrum_[i == 0 ? 0 : size - i]);
    first_[i] = std::norm(here + mirrored) / 4;
    second_[i] = std::norm(here - mirrored) / 4;
  }
}

}  // namespace kur
