#ifndef KUR_ENGINE_DATA_IMAGES_IMAGE_SOURCE_H_
#define KUR_ENGINE_DATA_IMAGES_IMAGE_SOURCE_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/data/images/image_files.h"
#include "engine/data/source.h"
#include "engine/formats/image_decoder.h"
#include "engine/formats/image_resize.h"

namespace kur {

// Images of one size, (height, width, channels), decoded by several threads when they are asked
// for; the first so many samples are kept decoded, one byte a value, so that a set that fits into
// memory is decoded once and a larger one trains in bounded memory. Thread-safe.
class ImageSource : public Source {
 public:
  struct Options {
    // With a thread for each processor, and a quarter of the memory for decoded images.
    static Options OfThisMachine();

    // 0: those of the first image; then all others must have them too.
    int64_t height = 0;
    int64_t width = 0;
    int64_t channels = 3;
    ImageFit fit = ImageFit::kCrop;
    // The model sees (value / 255 - mean) / deviation, by channel.
    std::array<float, 3> mean = {0, 0, 0};
    std::array<float, 3> deviation = {1, 1, 1};
    int64_t threads = 1;
    int64_t max_cached_bytes = 0;
    ImageLimits limits;
  };

  // Errors of the first image, if its size is needed. Precondition: there is an image.
  static absl::StatusOr<std::shared_ptr<const ImageSource>> Create(
      std::shared_ptr<const ImageFiles> files, Options options);

  int64_t size() const override { return files_->size(); }
  const Shape& shape() const override { return shape_; }
  // DATA_LOSS for an image that cannot be read, INVALID_ARGUMENT for one of another size, by name.
  absl::Status Gather(const int64_t* indices, int64_t count, int64_t extent,
                      float* to) const override;

 private:
  enum State : uint8_t { kAbsent, kWriting, kPresent };

  ImageSource(std::shared_ptr<const ImageFiles> files, const Options& options, bool exact_size);

  absl::StatusOr<Image> Load(int64_t index) const;
  // Keeps the image if there is a place for it.
  void Keep(int64_t index, const Image& image) const;
  void Convert(const uint8_t* pixels, float* to) const;

  const std::shared_ptr<const ImageFiles> files_;
  const Options options_;
  const bool exact_size_;  // the images are not resized
  const Shape shape_;
  const int64_t sample_size_;
  // What every channel is multiplied by, and what is added then.
  std::array<float, 3> scale_;
  std::array<float, 3> offset_;
  int64_t kept_ = 0;  // that many samples have a place
  // Not touched, so that the memory is not taken, before there is something to keep.
  std::unique_ptr<uint8_t[]> pixels_;
  std::unique_ptr<std::atomic<State>[]> states_;
};

}  // namespace kur

#endif  // KUR_ENGINE_DATA_IMAGES_IMAGE_SOURCE_H_
