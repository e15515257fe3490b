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

// Images of one size: (height, width, channels). Several threads decode them on demand. The first
// samples stay decoded, one byte a value, as far as a memory budget allows. A data set that fits is
// decoded once; of a larger one, the rest is decoded in every epoch, and so are images of 16 bits a
// channel. Thread-safe.
class ImageSource : public Source {
 public:
  struct Options {
    // Returns options with a thread for each processor and a quarter of this machine's memory for
    // decoded images.
    static Options ForThisMachine();

    // Pixels. 0: the size of the first image, which all images must then have.
    int64_t height = 0;
    int64_t width = 0;
    int64_t channels = 3;  // 3: color; 1: luminance
    ImageFit fit = ImageFit::kCrop;
    std::array<float, 3> bars = {0, 0, 0};        // as in Resize()
    std::array<float, 3> background = {1, 1, 1};  // as in DecodeOptions
    // A value becomes (value / 255 - mean) / deviation, by channel.
    std::array<float, 3> mean = {0, 0, 0};
    std::array<float, 3> deviation = {1, 1, 1};
    int64_t threads = 1;           // that decode the images of one batch
    int64_t max_cached_bytes = 0;  // the budget for decoded images
    ImageLimits limits;
  };

  // Decodes the first image if the options give no size; returns the error of that.
  // Precondition: there is an image.
  static absl::StatusOr<std::shared_ptr<const ImageSource>> Create(
      std::shared_ptr<const ImageFiles> files, Options options);

  int64_t size() const override { return files_->size(); }
  const Shape& shape() const override { return shape_; }
  std::string NameOf(int64_t index) const override { return files_->Name(index); }
  // Returns DATA_LOSS for an image that cannot be read, INVALID_ARGUMENT for one of another size;
  // messages name the image.
  absl::Status Gather(const int64_t* indices, int64_t count, int64_t extent,
                      float* to) const override;

 private:
  enum State : uint8_t { kAbsent, kWriting, kPresent };

  ImageSource(std::shared_ptr<const ImageFiles> files, const Options& options, bool exact_size);

  // Reads, decodes and resizes an image.
  absl::StatusOr<Image> Load(int64_t index) const;
  // Stores a decoded image of 8 bits a channel, if its index is within the budget and it is not
  // stored yet.
  void Store(int64_t index, const Image& image) const;
  // Writes the normalized values of an image.
  template <class T>
  void Convert(const T* pixels, uint16_t white, float* to) const;

  const std::shared_ptr<const ImageFiles> files_;
  const Options options_;
  const bool exact_size_;  // images are not resized
  const Shape shape_;
  const int64_t sample_size_;
  // A byte becomes byte * scale + offset, by channel.
  std::array<float, 3> scale_;
  std::array<float, 3> offset_;
  const int64_t cached_samples_;  // the samples [0, cached_samples_) stay decoded
  // Not initialized, so that a page takes no memory before an image is stored in it.
  std::unique_ptr<uint8_t[]> pixels_;
  std::unique_ptr<std::atomic<State>[]> states_;
};

}  // namespace kur

#endif  // KUR_ENGINE_DATA_IMAGES_IMAGE_SOURCE_H_
