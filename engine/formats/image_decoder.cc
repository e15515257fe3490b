#include "engine/formats/image_decoder.h"

#include <algorithm>
#include <cmath>
#include <csetjmp>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

// libjpeg's header needs <cstdio> before it.
#include <jerror.h>
#include <jpeglib.h>
#include <png.h>
#include <webp/decode.h>
#include <webp/demux.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "engine/base/status.h"
#include "engine/formats/exif_orientation.h"

namespace kur {
namespace {

// Each scan of a progressive JPEG decodes the whole picture: files with thousands of scans only
// exist to keep a reader busy.
constexpr int kMaxScans = 200;
// Stands before Exif data in a JPEG.
constexpr absl::string_view kExifMark("Exif\0\0", 6);

absl::Status CheckExtent(int64_t height, int64_t width, const ImageLimits& limits) {
  if (height <= 0 || width <= 0) return absl::DataLossError("the image has no pixels");
  if (width <= limits.max_pixels / height) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat(
      "the image has ", width, " x ", height, " pixels; at most ", limits.max_pixels, " are read"));
}

Image MakeImage(int64_t height, int64_t width, int64_t channels, uint16_t white = 255) {
  Image image = {height, width, channels, {}, white};
  image.pixels.resize(static_cast<size_t>(height * width * channels));
  return image;
}

// A picture as it lies in its file.
struct DecodedFile {
  Image image;  // also of 2 or 4 channels, the last of which is opacity
  int orientation = 1;
};

// Converts by ITU-R 601-2 in 16-bit fixed point, as Pillow does.
Image ToLuminance(const Image& color) {
  Image gray = MakeImage(color.height, color.width, 1, color.white);
  for (size_t i = 0; i < gray.pixels.size(); ++i) {
    const uint16_t* const pixel = &color.pixels[3 * i];
    gray.pixels[i] = static_cast<uint16_t>(
        (19595u * pixel[0] + 38470u * pixel[1] + 7471u * pixel[2] + 0x8000u) >> 16);
  }
  return gray;
}

// Converts CMYK to RGB. Adobe's files store the inks inverted: 255 is none.
Image FromInvertedInks(const Image& inks) {
  Image color = MakeImage(inks.height, inks.width, 3);
  for (size_t i = 0; i < color.pixels.size() / 3; ++i) {
    const unsigned black = inks.pixels[4 * i + 3];
    for (size_t c = 0; c < 3; ++c) {
      color.pixels[3 * i + c] = static_cast<uint16_t>(inks.pixels[4 * i + c] * black / 255u);
    }
  }
  return color;
}

Image ToColor(const Image& gray) {
  Image color = MakeImage(gray.height, gray.width, 3, gray.white);
  for (size_t i = 0; i < color.pixels.size(); ++i) color.pixels[i] = gray.pixels[i / 3];
  return color;
}

// Returns a picture whose last channel is opacity in front of a background.
Image Opaque(const Image& image, const std::array<float, 3>& background) {
  const bool is_color = image.channels == 4;
  const auto channels = static_cast<size_t>(image.channels);
  const uint32_t white = image.white;
  Image opaque = MakeImage(image.height, image.width, 3, image.white);
  std::array<uint32_t, 3> behind = {};
  for (size_t c = 0; c < 3; ++c) {
    behind[c] = static_cast<uint32_t>(std::lround(background[c] * static_cast<float>(white)));
  }
  for (size_t i = 0; i < opaque.pixels.size() / 3; ++i) {
    const uint16_t* const pixel = &image.pixels[channels * i];
    const uint32_t opacity = pixel[channels - 1];
    for (size_t c = 0; c < 3; ++c) {
      // At most 65535 * 65535 + 32767, which 32 bits hold.
      const uint32_t sum = pixel[is_color ? c : 0] * opacity + behind[c] * (white - opacity);
      opaque.pixels[3 * i + c] = static_cast<uint16_t>((sum + white / 2) / white);
    }
  }
  return opaque;
}

// Turns and mirrors a picture so that it stands upright; see ExifOrientation().
Image Upright(Image image, int orientation) {
  if (orientation == 1) return image;
  const int64_t rows = image.height;
  const int64_t columns = image.width;
  Image upright = SwapsSides(orientation) ? MakeImage(columns, rows, image.channels, image.white)
                                          : MakeImage(rows, columns, image.channels, image.white);
  uint16_t* to = upright.pixels.data();
  for (int64_t y = 0; y < upright.height; ++y) {
    for (int64_t x = 0; x < upright.width; ++x, to += image.channels) {
      const int64_t along = SwapsSides(orientation) ? x : y;
      const int64_t across = SwapsSides(orientation) ? y : x;
      const bool from_bottom =
          orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
      const bool from_right =
          orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
      const int64_t row = from_bottom ? rows - 1 - along : along;
      const int64_t column = from_right ? columns - 1 - across : across;
      std::copy_n(&image.pixels[static_cast<size_t>((row * columns + column) * image.channels)],
                  image.channels, to);
    }
  }
  return upright;
}

// Decodes one JPEG. Both image libraries report errors by longjmp(): code between a setjmp() and
// the library's functions must own nothing that needs a destructor. Not thread-safe.
class JpegReader {
 public:
  explicit JpegReader(absl::string_view content) : content_(content) {
    jpeg_.err = jpeg_std_error(&errors_.manager);
    errors_.manager.error_exit = OnError;
    errors_.manager.emit_message = OnMessage;
    progress_.progress_monitor = OnProgress;
  }
  ~JpegReader() { jpeg_destroy_decompress(&jpeg_); }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;

  absl::StatusOr<DecodedFile> Read(const DecodeOptions& options) {
    if (!ReadHeader()) return Failed();
    KUR_RETURN_IF_ERROR(CheckExtent(jpeg_.image_height, jpeg_.image_width, options.limits));
    const bool inks = jpeg_.jpeg_color_space == JCS_CMYK || jpeg_.jpeg_color_space == JCS_YCCK;
    // Pillow converts color to luminance after rounding.
    const bool gray = jpeg_.jpeg_color_space == JCS_GRAYSCALE && options.channels == 1;
    jpeg_.out_color_space = inks ? JCS_CMYK : gray ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_.scale_num = 1;
    jpeg_.scale_denom = Reduction(options);
    if (!Start()) return Failed();
    Image image = MakeImage(jpeg_.output_height, jpeg_.output_width,
                            static_cast<int64_t>(jpeg_.output_components));
    std::vector<uint8_t> row(static_cast<size_t>(image.width * image.channels));
    if (!ReadRows(row.data(), &image)) return Failed();
    if (inks) image = FromInvertedInks(image);
    return DecodedFile{std::move(image), Orientation()};
  }

 private:
  struct Errors {
    jpeg_error_mgr manager;  // first: libjpeg knows this address only
    std::jmp_buf leave;
    bool damaged = false;
    char message[JMSG_LENGTH_MAX] = "";
  };

  static void OnError(j_common_ptr jpeg) {
    auto* const errors = reinterpret_cast<Errors*>(jpeg->err);
    errors->manager.format_message(jpeg, errors->message);
    std::longjmp(errors->leave, 1);
  }
  // Fails on warnings: libjpeg only warns of missing data, and paints it gray.
  static void OnMessage(j_common_ptr jpeg, int level) {
    if (level >= 0) return;
    auto* const errors = reinterpret_cast<Errors*>(jpeg->err);
    const int code = errors->manager.msg_code;
    if (code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER || code == JWRN_HUFF_BAD_CODE) {
      OnError(jpeg);
    }
  }
  static void OnProgress(j_common_ptr jpeg) {
    const auto* const reader = reinterpret_cast<j_decompress_ptr>(jpeg);
    if (reader->input_scan_number <= kMaxScans) return;
    auto* const errors = reinterpret_cast<Errors*>(jpeg->err);
    std::snprintf(errors->message, sizeof(errors->message), "more than %d scans", kMaxScans);
    std::longjmp(errors->leave, 1);
  }

  absl::Status Failed() const {
    return absl::DataLossError(absl::StrCat("the JPEG cannot be read: ", errors_.message));
  }

  bool ReadHeader() {
    if (setjmp(errors_.leave) != 0) return false;
    jpeg_create_decompress(&jpeg_);
    jpeg_.progress = &progress_;
    jpeg_mem_src(&jpeg_, reinterpret_cast<const unsigned char*>(content_.data()),
                 static_cast<unsigned long>(content_.size()));  // NOLINT(google-runtime-int)
    constexpr unsigned kLongestMarker = 0xffff;
    jpeg_save_markers(&jpeg_, JPEG_APP0 + 1, kLongestMarker);
    jpeg_read_header(&jpeg_, TRUE);
    return true;
  }

  int Orientation() const {
    for (auto* marker = jpeg_.marker_list; marker != nullptr; marker = marker->next) {
      absl::string_view content(reinterpret_cast<const char*>(marker->data), marker->data_length);
      if (absl::ConsumePrefix(&content, kExifMark)) return ExifOrientation(content);
    }
    return 1;
  }

  // Returns the largest power of two that leaves both sides long enough.
  unsigned Reduction(const DecodeOptions& options) const {
    if (options.min_height <= 0 || options.min_width <= 0) return 1;
    int64_t height = options.min_height;
    int64_t width = options.min_width;
    if (SwapsSides(Orientation())) std::swap(height, width);
    unsigned divisor = 8;
    while (divisor > 1 &&
           (jpeg_.image_height / divisor < height || jpeg_.image_width / divisor < width)) {
      divisor /= 2;
    }
    return divisor;
  }

  bool Start() {
    if (setjmp(errors_.leave) != 0) return false;
    return jpeg_start_decompress(&jpeg_) != 0;
  }

  bool ReadRows(uint8_t* row, Image* image) {
    if (setjmp(errors_.leave) != 0) return false;
    const auto size = static_cast<size_t>(image->width * image->channels);
    while (jpeg_.output_scanline < jpeg_.output_height) {
      uint16_t* const to = image->pixels.data() + jpeg_.output_scanline * size;
      jpeg_read_scanlines(&jpeg_, &row, 1);
      std::copy_n(row, size, to);
    }
    return true;
  }

  absl::string_view content_;
  jpeg_decompress_struct jpeg_ = {};
  jpeg_progress_mgr progress_ = {};
  Errors errors_ = {};
};

class PngReader {
 public:
  explicit PngReader(absl::string_view content) : rest_(content) {}
  ~PngReader() { png_destroy_read_struct(&png_, &info_, nullptr); }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;

  absl::StatusOr<DecodedFile> Read(const DecodeOptions& options) {
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, OnError, OnWarning);
    if (png_ != nullptr) info_ = png_create_info_struct(png_);
    if (info_ == nullptr) return absl::ResourceExhaustedError("no memory for reading a PNG");
    if (!ReadHeader(options.limits)) return Failed();
    const int64_t height = png_get_image_height(png_, info_);
    const int64_t width = png_get_image_width(png_, info_);
    KUR_RETURN_IF_ERROR(CheckExtent(height, width, options.limits));
    if (!Start()) return Failed();
    const bool is_deep = png_get_bit_depth(png_, info_) == 16;
    Image image = MakeImage(height, width, png_get_channels(png_, info_), is_deep ? 65535 : 255);
    const size_t row_bytes = png_get_rowbytes(png_, info_);
    std::vector<uint8_t> bytes(static_cast<size_t>(height) * row_bytes);
    std::vector<png_bytep> rows(static_cast<size_t>(height));
    for (size_t y = 0; y < rows.size(); ++y) rows[y] = bytes.data() + y * row_bytes;
    if (!ReadRows(rows.data())) return Failed();
    for (size_t i = 0; i < image.pixels.size(); ++i) {
      image.pixels[i] = is_deep ? static_cast<uint16_t>(bytes[2 * i] << 8 | bytes[2 * i + 1])
                                : uint16_t{bytes[i]};
    }
    return DecodedFile{std::move(image), Orientation()};
  }

 private:
  static void OnError(png_structp png, png_const_charp message) {
    auto* const reader = static_cast<PngReader*>(png_get_error_ptr(png));
    std::snprintf(reader->message_, sizeof(reader->message_), "%s", message);
    std::longjmp(reader->leave_, 1);
  }
  static void OnWarning(png_structp, png_const_charp) {}
  static void OnRead(png_structp png, png_bytep to, size_t size) {
    auto* const reader = static_cast<PngReader*>(png_get_io_ptr(png));
    if (size > reader->rest_.size()) png_error(png, "the file is cut off");
    std::memcpy(to, reader->rest_.data(), size);
    reader->rest_.remove_prefix(size);
  }

  absl::Status Failed() const {
    return absl::DataLossError(absl::StrCat("the PNG cannot be read: ", message_));
  }

  bool ReadHeader(const ImageLimits& limits) {
    if (setjmp(leave_) != 0) return false;
    // Texts, profiles and the like can be compressed, too, and are not used.
    png_set_chunk_malloc_max(png_, static_cast<png_alloc_size_t>(limits.max_pixels));
    png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_NEVER, nullptr, 0);
    png_set_read_fn(png_, this, OnRead);
    png_read_info(png_, info_);
    return true;
  }

  bool Start() {
    if (setjmp(leave_) != 0) return false;
    png_set_expand(png_);
    png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    return true;
  }

  bool ReadRows(png_bytepp rows) {
    if (setjmp(leave_) != 0) return false;
    png_read_image(png_, rows);
    return true;
  }

  // The tag may also follow the pixels. What is wrong there concerns none of them.
  int Orientation() {
    if (setjmp(leave_) == 0) png_read_end(png_, info_);
    png_bytep exif = nullptr;
    png_uint_32 size = 0;
    if (setjmp(leave_) != 0 || png_get_eXIf_1(png_, info_, &size, &exif) == 0) return 1;
    return ExifOrientation(absl::string_view(reinterpret_cast<const char*>(exif), size));
  }

  absl::string_view rest_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  std::jmp_buf leave_ = {};
  char message_[200] = "";
};

struct DemuxerCloser {
  void operator()(WebPDemuxer* demuxer) const { WebPDemuxDelete(demuxer); }
};

int WebpOrientation(const WebPData& content) {
  const std::unique_ptr<WebPDemuxer, DemuxerCloser> demuxer(WebPDemux(&content));
  WebPChunkIterator chunk;
  if (demuxer == nullptr || WebPDemuxGetChunk(demuxer.get(), "EXIF", 1, &chunk) == 0) return 1;
  absl::string_view exif(reinterpret_cast<const char*>(chunk.chunk.bytes), chunk.chunk.size);
  // Some programs write the mark of JPEG before it.
  absl::ConsumePrefix(&exif, kExifMark);
  const int orientation = ExifOrientation(exif);
  WebPDemuxReleaseChunkIterator(&chunk);
  return orientation;
}

absl::StatusOr<DecodedFile> ReadWebp(absl::string_view content, const DecodeOptions& options) {
  const WebPData data = {reinterpret_cast<const uint8_t*>(content.data()), content.size()};
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(data.bytes, data.size, &features) != VP8_STATUS_OK) {
    return absl::DataLossError("the WebP cannot be read");
  }
  if (features.has_animation != 0) {
    return absl::DataLossError("the WebP is an animation, which is no picture");
  }
  KUR_RETURN_IF_ERROR(CheckExtent(features.height, features.width, options.limits));
  DecodedFile file;
  file.image = MakeImage(features.height, features.width, features.has_alpha != 0 ? 4 : 3);
  std::vector<uint8_t> bytes(file.image.pixels.size());
  const auto stride = static_cast<int>(file.image.width * file.image.channels);
  auto* const decode = features.has_alpha != 0 ? WebPDecodeRGBAInto : WebPDecodeRGBInto;
  if (decode(data.bytes, data.size, bytes.data(), bytes.size(), stride) == nullptr) {
    return absl::DataLossError("the WebP cannot be read: it is damaged or cut off");
  }
  std::copy(bytes.begin(), bytes.end(), file.image.pixels.begin());
  file.orientation = WebpOrientation(data);
  return file;
}

bool IsWebp(absl::string_view content) {
  return absl::StartsWith(content, "RIFF") && content.size() >= 12 &&
         content.substr(8, 4) == "WEBP";
}

absl::StatusOr<DecodedFile> ReadFile(absl::string_view content, const DecodeOptions& options) {
  if (absl::StartsWith(content, "\xff\xd8")) return JpegReader(content).Read(options);
  if (absl::StartsWith(content, "\x89PNG\r\n\x1a\n")) return PngReader(content).Read(options);
  if (IsWebp(content)) return ReadWebp(content, options);
  return absl::DataLossError("the file is neither JPEG, PNG nor WebP");
}

}  // namespace

absl::StatusOr<Image> DecodeImage(absl::string_view content, const DecodeOptions& options) {
  if (static_cast<int64_t>(content.size()) > options.limits.max_file_bytes) {
    return absl::ResourceExhaustedError(absl::StrCat("the file has more than the ",
                                                     options.limits.max_file_bytes,
                                                     " bytes that are read of an image"));
  }
  KUR_ASSIGN_OR_RETURN(DecodedFile file, ReadFile(content, options));
  Image image = std::move(file.image);
  if (image.channels % 2 == 0) image = Opaque(image, options.background);
  if (options.channels != image.channels) {
    image = options.channels == 1 ? ToLuminance(image) : ToColor(image);
  }
  return Upright(std::move(image), file.orientation);
}

}  // namespace kur
