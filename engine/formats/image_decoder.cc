#include "engine/formats/image_decoder.h"

#include <csetjmp>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>

// libjpeg's header needs <cstdio> before it.
#include <jerror.h>
#include <jpeglib.h>
#include <png.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status.h"

namespace kur {
namespace {

// Each scan of a progressive JPEG decodes the whole picture: files with thousands of scans only
// exist to keep a reader busy.
constexpr int kMaxScans = 200;

absl::Status CheckExtent(int64_t height, int64_t width, const ImageLimits& limits) {
  if (height <= 0 || width <= 0) return absl::DataLossError("the image has no pixels");
  if (width <= limits.max_pixels / height) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat(
      "the image has ", width, " x ", height, " pixels; at most ", limits.max_pixels, " are read"));
}

Image MakeImage(int64_t height, int64_t width, int64_t channels) {
  Image image = {height, width, channels, {}};
  image.pixels.resize(static_cast<size_t>(height * width * channels));
  return image;
}

// Converts by ITU-R 601-2 in 16-bit fixed point, as Pillow does.
Image ToLuminance(const Image& color) {
  Image gray = MakeImage(color.height, color.width, 1);
  for (size_t i = 0; i < gray.pixels.size(); ++i) {
    const uint8_t* const pixel = &color.pixels[3 * i];
    gray.pixels[i] = static_cast<uint8_t>(
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
      color.pixels[3 * i + c] = static_cast<uint8_t>(inks.pixels[4 * i + c] * black / 255u);
    }
  }
  return color;
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

  absl::StatusOr<Image> Read(const DecodeOptions& options) {
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
    if (!ReadRows(&image)) return Failed();
    if (inks) image = FromInvertedInks(image);
    return options.channels == 1 && image.channels == 3 ? ToLuminance(image) : std::move(image);
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
    jpeg_read_header(&jpeg_, TRUE);
    return true;
  }

  // Returns the largest power of two that leaves both sides long enough.
  unsigned Reduction(const DecodeOptions& options) const {
    if (options.min_height <= 0 || options.min_width <= 0) return 1;
    unsigned divisor = 8;
    while (divisor > 1 && (jpeg_.image_height / divisor < options.min_height ||
                           jpeg_.image_width / divisor < options.min_width)) {
      divisor /= 2;
    }
    return divisor;
  }

  bool Start() {
    if (setjmp(errors_.leave) != 0) return false;
    return jpeg_start_decompress(&jpeg_) != 0;
  }

  bool ReadRows(Image* image) {
    if (setjmp(errors_.leave) != 0) return false;
    while (jpeg_.output_scanline < jpeg_.output_height) {
      JSAMPROW row = image->pixels.data() + static_cast<size_t>(jpeg_.output_scanline) *
                                                static_cast<size_t>(image->width * image->channels);
      jpeg_read_scanlines(&jpeg_, &row, 1);
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

  absl::StatusOr<Image> Read(const DecodeOptions& options) {
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, OnError, OnWarning);
    if (png_ != nullptr) info_ = png_create_info_struct(png_);
    if (info_ == nullptr) return absl::ResourceExhaustedError("no memory for reading a PNG");
    if (!ReadHeader(options.limits)) return Failed();
    const int64_t height = png_get_image_height(png_, info_);
    const int64_t width = png_get_image_width(png_, info_);
    KUR_RETURN_IF_ERROR(CheckExtent(height, width, options.limits));
    if (!Start()) return Failed();
    Image image = MakeImage(height, width, png_get_channels(png_, info_));
    std::vector<png_bytep> rows(static_cast<size_t>(height));
    for (size_t y = 0; y < rows.size(); ++y) {
      rows[y] = image.pixels.data() + y * static_cast<size_t>(width * image.channels);
    }
    if (!ReadRows(rows.data())) return Failed();
    if (options.channels == image.channels) return image;
    return options.channels == 1 ? ToLuminance(image) : Repeat(image);
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
    png_set_strip_16(png_);
    png_set_strip_alpha(png_);
    png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    return true;
  }

  bool ReadRows(png_bytepp rows) {
    if (setjmp(leave_) != 0) return false;
    png_read_image(png_, rows);
    return true;
  }

  static Image Repeat(const Image& gray) {
    Image color = MakeImage(gray.height, gray.width, 3);
    for (size_t i = 0; i < color.pixels.size(); ++i) color.pixels[i] = gray.pixels[i / 3];
    return color;
  }

  absl::string_view rest_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  std::jmp_buf leave_ = {};
  char message_[200] = "";
};

}  // namespace

absl::StatusOr<Image> DecodeImage(absl::string_view content, const DecodeOptions& options) {
  if (static_cast<int64_t>(content.size()) > options.limits.max_file_bytes) {
    return absl::ResourceExhaustedError(absl::StrCat("the file has more than the ",
                                                     options.limits.max_file_bytes,
                                                     " bytes that are read of an image"));
  }
  if (absl::StartsWith(content, "\xff\xd8")) return JpegReader(content).Read(options);
  if (absl::StartsWith(content, "\x89PNG\r\n\x1a\n")) return PngReader(content).Read(options);
  return absl::DataLossError("the file is neither JPEG nor PNG");
}

}  // namespace kur
