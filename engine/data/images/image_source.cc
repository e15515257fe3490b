#include "engine/data/images/image_source.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/parallel_for.h"
#include "engine/base/status.h"
#include "engine/base/system_memory.h"

namespace kur {
namespace {

constexpr uint16_t kByteWhite = 255;

absl::StatusOr<Image> Decode(const ImageFiles& files, int64_t index, const DecodeOptions& options) {
  KUR_ASSIGN_OR_RETURN(const std::string content, files.Read(index, options.limits.max_file_bytes));
  auto image = DecodeImage(content, options);
  if (!image.ok()) return Annotate(image.status(), files.Name(index));
  return image;
}

}  // namespace

ImageSource::Options ImageSource::Options::ForThisMachine() {
  Options options;
  options.threads = std::max(1u, std::thread::hardware_concurrency());
  options.max_cached_bytes = TotalMemoryBytes() / 4;
  return options;
}

absl::StatusOr<std::shared_ptr<const ImageSource>> ImageSource::Create(
    std::shared_ptr<const ImageFiles> files, Options options) {
  const bool exact_size = options.height == 0;
  if (exact_size) {
    DecodeOptions decode;
    decode.channels = options.channels;
    decode.background = options.background;
    decode.limits = options.limits;
    KUR_ASSIGN_OR_RETURN(const Image first, Decode(*files, 0, decode));
    options.height = first.height;
    options.width = first.width;
  }
  return std::shared_ptr<const ImageSource>(new ImageSource(std::move(files), options, exact_size));
}

ImageSource::ImageSource(std::shared_ptr<const ImageFiles> files, const Options& options,
                         bool exact_size)
    : files_(std::move(files)),
      options_(options),
      exact_size_(exact_size),
      shape_({options.height, options.width, options.channels}),
      sample_size_(options.height * options.width * options.channels),
      cached_samples_(std::min(files_->size(), options.max_cached_bytes / sample_size_)),
      pixels_(new uint8_t[static_cast<size_t>(cached_samples_ * sample_size_)]),
      states_(new std::atomic<State>[static_cast<size_t>(cached_samples_)]) {
  for (size_t c = 0; c < scale_.size(); ++c) {
    scale_[c] = 1 / (255 * options_.deviation[c]);
    offset_[c] = -options_.mean[c] / options_.deviation[c];
  }
  for (int64_t i = 0; i < cached_samples_; ++i) states_[static_cast<size_t>(i)] = kAbsent;
}

absl::StatusOr<Image> ImageSource::Load(int64_t index) const {
  DecodeOptions decode;
  decode.channels = options_.channels;
  decode.background = options_.background;
  decode.limits = options_.limits;
  if (!exact_size_) {
    // A decoder may shrink while it decodes; twice the size leaves enough pixels to average.
    decode.min_height = 2 * options_.height;
    decode.min_width = 2 * options_.width;
  }
  KUR_ASSIGN_OR_RETURN(const Image image, Decode(*files_, index, decode));
  if (exact_size_ && (image.height != options_.height || image.width != options_.width)) {
    return absl::InvalidArgumentError(
        absl::StrCat(files_->Name(index), " has ", image.height, " x ", image.width, " pixels, ",
                     files_->Name(0), " ", options_.height, " x ", options_.width,
                     "; say which size they shall have, as in size: [", options_.height, ", ",
                     options_.width, "]"));
  }
  return Resize(image, options_.height, options_.width, options_.fit, options_.bars);
}

void ImageSource::Store(int64_t index, const Image& image) const {
  if (index >= cached_samples_ || image.white != kByteWhite) return;
  std::atomic<State>& state = states_[static_cast<size_t>(index)];
  State expected = kAbsent;
  if (!state.compare_exchange_strong(expected, kWriting)) return;
  std::copy(image.pixels.begin(), image.pixels.end(),
            &pixels_[static_cast<size_t>(index * sample_size_)]);
  state.store(kPresent, std::memory_order_release);
}

template <class T>
void ImageSource::Convert(const T* pixels, uint16_t white, float* to) const {
  const bool alike =
      options_.channels == 1 || (scale_[0] == scale_[1] && scale_[1] == scale_[2] &&
                                 offset_[0] == offset_[1] && offset_[1] == offset_[2]);
  const float to_byte = static_cast<float>(kByteWhite) / static_cast<float>(white);
  if (alike) {
    const float scale = scale_[0] * to_byte;
    const float offset = offset_[0];
    for (int64_t i = 0; i < sample_size_; ++i) {
      to[i] = static_cast<float>(pixels[i]) * scale + offset;
    }
    return;
  }
  for (int64_t i = 0; i < sample_size_; i += 3) {
    for (int64_t c = 0; c < 3; ++c) {
      const auto channel = static_cast<size_t>(c);
      to[i + c] =
          static_cast<float>(pixels[i + c]) * (scale_[channel] * to_byte) + offset_[channel];
    }
  }
}

absl::Status ImageSource::Gather(const int64_t* indices, int64_t count, int64_t /*extent*/,
                                 float* to) const {
  std::vector<int64_t> missing;  // places in the batch
  for (int64_t i = 0; i < count; ++i) {
    const int64_t index = indices[i];
    const bool present = index < cached_samples_ && states_[static_cast<size_t>(index)].load(
                                                        std::memory_order_acquire) == kPresent;
    if (present) {
      Convert(&pixels_[static_cast<size_t>(index * sample_size_)], kByteWhite,
              to + i * sample_size_);
    } else {
      missing.push_back(i);
    }
  }
  std::vector<absl::Status> loaded(missing.size());
  ParallelFor(static_cast<int64_t>(missing.size()), options_.threads, [&](int64_t i) {
    const int64_t place = missing[static_cast<size_t>(i)];
    const auto image = Load(indices[place]);
    loaded[static_cast<size_t>(i)] = image.status();
    if (!image.ok()) return;
    Store(indices[place], *image);
    Convert(image->pixels.data(), image->white, to + place * sample_size_);
  });
  for (const absl::Status& status : loaded) KUR_RETURN_IF_ERROR(status);
  return absl::OkStatus();
}

}  // namespace kur
