// What reads and resizes images. Expected values are Pillow's: see tests/reference/image_cases.py.

#include "engine/formats/image_decoder.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "engine/formats/exif_orientation.h"
#include "engine/formats/image_resize.h"
#include "tests/engine/formats/image_test_util.h"

namespace kur {
namespace {

constexpr auto kDamaged = absl::StatusCode::kDataLoss;

TEST(DecodeImageTest, GivesWhatPillowGives) {
  const std::map<std::string, int> tolerances = {
      {"photo.png", 0},        {"grey.png", 0},        {"palette.png", 0}, {"bits.png", 0},
      {"colour.jpg", 1},       {"grey.jpg", 1},        {"large.jpg", 1},   {"progressive.jpg", 1},
      {"inks.jpg", 2},         {"transparent.png", 1}, {"veiled.png", 1},  {"hole.png", 0},
      {"transparent.webp", 1}, {"photo.webp", 0},      {"lossy.webp", 2},  {"held.webp", 0}};
  for (const auto& [name, tolerance] : tolerances) {
    for (const int64_t channels : {3, 1}) {
      const auto image = Decode(ImageFile(name), channels);
      ASSERT_TRUE(image.ok()) << name << ": " << image.status();
      EXPECT_LE(Difference(*image, Expected(absl::StrCat(name, ".", channels))), tolerance)
          << name << ", " << channels << " channels";
    }
  }
}

TEST(DecodeImageTest, PicturesStandAsTheirExifSays) {
  for (int orientation = 2; orientation <= 8; ++orientation) {
    const std::string name = absl::StrCat("held-", orientation, ".png");
    for (const int64_t channels : {3, 1}) {
      const auto image = Decode(ImageFile(name), channels);
      ASSERT_TRUE(image.ok()) << name << ": " << image.status();
      EXPECT_EQ(Difference(*image, Expected(absl::StrCat(name, ".", channels))), 0) << name;
    }
  }
  const auto image = Decode(ImageFile("held.jpg"));
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_LE(Difference(*image, Expected("held.jpg.3")), 1);
  // It is 48 x 32 as it lies, and decoded at half its size where that is enough.
  DecodeOptions options;
  options.min_height = 24;
  options.min_width = 16;
  const auto half = DecodeImage(ImageFile("held.jpg"), options);
  ASSERT_TRUE(half.ok()) << half.status();
  EXPECT_EQ(half->height, 24);
  EXPECT_EQ(half->width, 16);
}

TEST(DecodeImageTest, AnOrientationThatCannotBeReadIsNone) {
  EXPECT_EQ(ExifOrientation(""), 1);
  EXPECT_EQ(ExifOrientation("II*"), 1);
  // One entry: the tag, its type (SHORT), its count and its value.
  const std::string good("II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0", 22);
  EXPECT_EQ(ExifOrientation(good), 6);
  for (size_t size = 0; size + 2 < good.size(); ++size) {
    EXPECT_EQ(ExifOrientation(absl::string_view(good).substr(0, size)), 1) << size;
  }
  std::string other = good;
  other[18] = 9;  // no such orientation
  EXPECT_EQ(ExifOrientation(other), 1);
  other = good;
  other[4] = '\xff';  // a directory beyond the end
  EXPECT_EQ(ExifOrientation(other), 1);
}

TEST(DecodeImageTest, SixteenBitsAreKept) {
  const std::map<std::string, int64_t> files = {
      {"deep.png", 3}, {"deep-grey.png", 1}, {"deep-veiled.png", 3}};
  for (const auto& [name, channels] : files) {
    const auto image = Decode(ImageFile(name), channels);
    ASSERT_TRUE(image.ok()) << image.status();
    EXPECT_EQ(image->white, 65535);
    EXPECT_LE(Difference(*image, Expected(absl::StrCat(name, ".", channels))),
              name == "deep-veiled.png" ? 1 : 0)
        << name;
  }
}

TEST(DecodeImageTest, TheBackgroundShowsWhereAPictureIsTransparent) {
  DecodeOptions options;
  options.background = {40 / 255.0f, 200 / 255.0f, 120 / 255.0f};
  const auto image = DecodeImage(ImageFile("transparent.png"), options);
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_LE(Difference(*image, Expected("transparent.png.green")), 1);
}

TEST(DecodeImageTest, AnAnimationIsNoPicture) {
  EXPECT_THAT(Decode(ImageFile("animated.webp")), FailsWith(kDamaged, "animation"));
}

TEST(DecodeImageTest, ALargeJpegIsDecodedAtAFractionOfItsSize) {
  DecodeOptions options;
  options.min_height = 16;
  options.min_width = 24;
  const auto image = DecodeImage(ImageFile("large.jpg"), options);
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_EQ(image->height, 16);
  EXPECT_EQ(image->width, 24);
  options.min_height = 17;
  EXPECT_EQ(DecodeImage(ImageFile("large.jpg"), options)->height, 32);
  // Both decode to the same picture.
  const auto whole = Decode(ImageFile("large.jpg"));
  const Image reduced = Resize(*whole, 16, 24, ImageFit::kStretch);
  double sum = 0;
  for (size_t i = 0; i < reduced.pixels.size(); ++i) {
    sum += std::abs(reduced.pixels[i] - image->pixels[i]);
  }
  EXPECT_LT(sum / static_cast<double>(reduced.pixels.size()), 8);
}

TEST(DecodeImageTest, WhatIsNoImageIsRefused) {
  EXPECT_THAT(Decode(""), FailsWith(kDamaged, "neither JPEG, PNG nor WebP"));
  EXPECT_THAT(Decode("GIF89a"), FailsWith(kDamaged, "neither JPEG, PNG nor WebP"));
  EXPECT_THAT(Decode("\xff\xd8"), FailsWith(kDamaged, "the JPEG cannot be read"));
  EXPECT_THAT(Decode(std::string("\x89PNG\r\n\x1a\n", 8)),
              FailsWith(kDamaged, "the file is cut off"));
}

TEST(DecodeImageTest, WhatIsCutOffIsRefusedAtEveryByte) {
  for (const char* name : {"colour.jpg", "progressive.jpg", "inks.jpg", "photo.png"}) {
    const std::string whole = ImageFile(name);
    // The last bytes hold nothing of the picture.
    for (size_t size = 0; size + 30 < whole.size(); ++size) {
      EXPECT_EQ(Decode(whole.substr(0, size)).status().code(), kDamaged) << name << ", " << size;
    }
  }
}

TEST(DecodeImageTest, DamageIsFound) {
  std::string png = ImageFile("photo.png");
  png[png.size() / 2] = static_cast<char>(png[png.size() / 2] ^ 1);
  EXPECT_THAT(Decode(png), FailsWith(kDamaged, "the PNG cannot be read"));
}

TEST(DecodeImageTest, AHeaderCannotAskForMuch) {
  DecodeOptions options;
  options.limits.max_pixels = 29 * 21 - 1;
  constexpr auto kExhausted = absl::StatusCode::kResourceExhausted;
  for (const char* name : {"photo.png", "colour.jpg"}) {
    EXPECT_THAT(DecodeImage(ImageFile(name), options),
                FailsWith(kExhausted, "the image has 29 x 21 pixels; at most 608 are read"));
  }
  options.limits.max_file_bytes = 100;
  EXPECT_THAT(DecodeImage(ImageFile("photo.png"), options), FailsWith(kExhausted, "the 100 bytes"));
}

TEST(ResizeImageTest, GivesWhatPillowGives) {
  const Image photo = *Decode(ImageFile("photo.png"));
  const std::map<std::string, ImageFit> fits = {
      {"stretch", ImageFit::kStretch}, {"crop", ImageFit::kCrop}, {"pad", ImageFit::kPad}};
  for (const auto& [name, fit] : fits) {
    EXPECT_LE(Difference(Resize(photo, 12, 16, fit), Expected("photo." + name)), 1) << name;
    EXPECT_LE(Difference(Resize(photo, 40, 32, fit), Expected("photo.up." + name)), 1) << name;
  }
}

TEST(ResizeImageTest, ExtremesKeepTheirColour) {
  const Image line = {1, 1000, 1, std::vector<uint16_t>(1000, 77)};
  for (const ImageFit fit : {ImageFit::kCrop, ImageFit::kStretch}) {
    EXPECT_EQ(Resize(line, 3, 2, fit).pixels, std::vector<uint16_t>(6, 77));
  }
  EXPECT_EQ(Resize(line, 3, 2, ImageFit::kPad).pixels, (std::vector<uint16_t>{0, 0, 77, 77, 0, 0}));
}

}  // namespace
}  // namespace kur
