#include "client/output/data_text.h"

#include <sstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/test_support.h"

namespace kur::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

v1::Picture Checkers() {
  v1::Picture picture;
  picture.set_height(3);
  picture.set_width(2);
  picture.set_channels(1);
  picture.set_pixels(std::string("\x00\xff\x00\xff\xff\x00", 6));
  return picture;
}

v1::DataInspected Digits() {
  v1::DataInspected data;
  data.set_section("train");
  data.set_samples(60000);
  v1::SourceInspected* images = data.add_sources();
  images->set_name("images");
  images->set_is_input(true);
  for (const int extent : {28, 28, 1}) images->add_shape(extent);
  images->set_values(v1::SourceInspected::VALUES_REAL);
  images->set_maximum(1);
  v1::SamplePreview* picture = images->add_samples();
  picture->set_index(1234);
  *picture->mutable_picture() = Checkers();
  v1::SourceInspected* labels = data.add_sources();
  labels->set_name("labels");
  labels->set_is_truth(true);
  labels->add_shape(2);
  labels->set_values(v1::SourceInspected::VALUES_ONE_HOT);
  for (const auto& [name, count] : {std::pair("cat", 20000), std::pair("dog", 40000)}) {
    v1::ClassCount* one = labels->add_classes();
    one->set_name(name);
    one->set_count(count);
  }
  labels->add_samples()->set_text("dog");
  return data;
}

class DataTextTest : public testing::Test {
 protected:
  std::string Render(const v1::DataInspected& data) const { return RenderData(data, terminal_); }

  std::ostringstream stream_;
  Terminal terminal_{stream_, PlainFeatures()};
};

TEST_F(DataTextTest, ShowsSourcesClassesAndSamples) {
  EXPECT_EQ(Render(Digits()),
            "train: 60,000 samples\n"
            "SOURCE  USE    SHAPE        VALUES   MINIMUM  MAXIMUM  MEAN  DEVIATION\n"
            "images  input  28 x 28 x 1  numbers        0    1.000     0          0\n"
            "labels  truth  2            one-hot        0        0     0          0\n"
            "\n"
            "CLASS OF labels   COUNT  SHARE  \n"
            "dog              40,000    66%  ########################\n"
            "cat              20,000    33%  ############------------\n"
            "\n"
            " @\n"
            "@ \n"
            "1234: dog\n");
}

TEST_F(DataTextTest, ListsSamplesThatAreNoPictures) {
  v1::DataInspected data;
  data.set_section("validate");
  data.set_set("clean");
  data.set_samples(2);
  v1::SourceInspected* source = data.add_sources();
  source->set_name("x");
  source->add_shape(-1);
  source->add_shape(4);
  source->set_shortest(2);
  source->set_longest(9);
  v1::SamplePreview* sample = source->add_samples();
  sample->add_shape(2);
  sample->add_shape(4);
  for (const float value : {0.5F, 1.0F, 2.0F, 3.0F, 4.0F, 5.0F, 6.0F, 7.0F}) {
    sample->add_values(value);
  }
  const std::string text = Render(data);
  EXPECT_THAT(text, HasSubstr("validate clean: 2 samples"));
  EXPECT_THAT(text, HasSubstr("x       unused  2-9 x 4"));
  EXPECT_THAT(text, HasSubstr("     0  0.5000 1.000 2.000 3.000 4.000 5.000 ..."));
}

TEST_F(DataTextTest, EndsWithWhatIsWrong) {
  v1::DataInspected data = Digits();
  EXPECT_FALSE(HasErrors(data));
  v1::LogLine* odd = data.add_findings();
  odd->set_level(v1::LogLine::LEVEL_WARNING);
  odd->set_text("x: every value is 3");
  EXPECT_FALSE(HasErrors(data));
  v1::LogLine* wrong = data.add_findings();
  wrong->set_level(v1::LogLine::LEVEL_ERROR);
  wrong->set_text("label \x1b[2J out of range");
  EXPECT_TRUE(HasErrors(data));
  EXPECT_THAT(Render(data), testing::EndsWith("\nwarning: x: every value is 3\n"
                                              "error: label \\x1b[2J out of range\n"));
}

TEST_F(DataTextTest, NamesTheRarestOfManyClasses) {
  v1::DataInspected data = Digits();
  v1::SourceInspected* labels = data.mutable_sources(1);
  for (int i = 0; i < 30; ++i) {
    v1::ClassCount* one = labels->add_classes();
    one->set_name("class " + std::to_string(i));
    one->set_count(100 - i);
  }
  EXPECT_THAT(Render(data), HasSubstr("and 12 more; the rarest, class 29, 71 times\n"));
}

TEST_F(DataTextTest, SharesAreBarsInColorToo) {
  Terminal::Features features;
  features.color = true;
  features.unicode = true;
  const std::string text = RenderData(Digits(), Terminal(stream_, features));
  EXPECT_THAT(text, HasSubstr("33%  \x1b[32m━━━━━━━━━━━━────────────\x1b[0m"));
  EXPECT_EQ(text.find("\\x1b"), std::string::npos) << "escape codes are no text";
}

TEST_F(DataTextTest, DrawsTwoPixelsACharacterInColors) {
  Terminal::Features features;
  features.color = true;
  features.unicode = true;
  EXPECT_THAT(DrawPicture(Checkers(), Terminal(stream_, features)),
              ElementsAre("\x1b[38;5;232;48;5;232m▀\x1b[38;5;255;48;5;255m▀\x1b[0m",
                          "\x1b[38;5;255;48;5;255m▀\x1b[38;5;232;48;5;232m▀\x1b[0m"));
}

// What a server sends is not trusted.
TEST_F(DataTextTest, LeavesBrokenPicturesOut) {
  v1::Picture picture = Checkers();
  picture.set_height(1 << 30);
  EXPECT_THAT(DrawPicture(picture, terminal_), testing::IsEmpty());
  v1::DataInspected data = Digits();
  *data.mutable_sources(0)->mutable_samples(0)->mutable_picture() = picture;
  EXPECT_THAT(Render(data), Not(HasSubstr("@")));
}

}  // namespace
}  // namespace kur::client
