// The supplier images. Expected values are Pillow's: see tests/reference/image_cases.py.

#include <cmath>

#include "engine/data/classified_files.h"
#include "engine/data/images/image_files.h"
#include "engine/data/images/image_source.h"
#include "engine/formats/image_decoder.h"
#include "engine/formats/image_resize.h"
#include "tests/engine/formats/image_test_util.h"
#include "tests/engine/formats/tar_test_util.h"
#include "tests/engine/suppliers/supplier_test_util.h"

namespace kur {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Key;
using testing::UnorderedElementsAre;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kDamaged = absl::StatusCode::kDataLoss;

class ImagesTest : public SupplierTest {
 protected:
  ImagesTest() {
    dir_.Write("set/no/b.png", ImageFile("photo.png"));
    dir_.Write("set/no/README", "no picture");
    dir_.Write("set/yes/a.PNG", ImageFile("grey.png"));
    dir_.Write("set/more/yes/c.jpeg", ImageFile("colour.jpg"));
  }

  static std::vector<float> Scaled(const Array& pixels) {
    std::vector<float> values;
    for (int64_t i = 0; i < pixels.count(); ++i) {
      values.push_back(static_cast<float>(pixels.At(i)) * (1.0f / 255));
    }
    return values;
  }

  static absl::StatusOr<std::vector<float>> Gather(const SourceMap& sources,
                                                   const std::vector<int64_t>& indices) {
    const Source& images = *sources.at("images");
    const auto count = static_cast<int64_t>(indices.size());
    std::vector<float> to(static_cast<size_t>(count * NumElements(images.shape())));
    const absl::Status gathered =
        images.Gather(indices.data(), count, images.shape()[0], to.data());
    if (!gathered.ok()) return gathered;
    return to;
  }

  Value Table(const std::string& name, const std::string& content) {
    dir_.Write(name, content);
    return MakeDict({{"path", Value("set")}, {"labels", Value(name)}});
  }
};

TEST_F(ImagesTest, FoldersAreClassesInTheOrderOfTheirNames) {
  const auto sources = Open("images", Value("set"));
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_THAT(*sources, UnorderedElementsAre(Key("images"), Key("labels")));
  const Source& images = *sources->at("images");
  EXPECT_THAT(images.shape(), ElementsAre(21, 29, 3));
  EXPECT_EQ(images.size(), 3);
  // more/yes/c, no/b, yes/a
  EXPECT_THAT(Gathered(*sources->at("labels"), {0, 1, 2}), ElementsAre(0, 1, 1, 0, 0, 1));
  EXPECT_THAT(sources->at("labels")->symbols().names, ElementsAre("no", "yes"));
  EXPECT_THAT(Gathered(images, {1}),
              testing::Pointwise(testing::FloatEq(), Scaled(Expected("photo.png.3"))));
  EXPECT_THAT(Gathered(images, {2}),
              testing::Pointwise(testing::FloatEq(), Scaled(Expected("grey.png.3"))));
  // The second batch comes from the cache.
  EXPECT_EQ(Gathered(images, {1, 0}), Gathered(images, {1, 0}));
}

TEST_F(ImagesTest, ChannelsSizeAndScaleAreAsAskedFor) {
  const auto sources =
      Open("images", MakeDict({{"path", Value("set")},
                               {"size", Value(Value::List{Value(int64_t{4}), Value(int64_t{6})})},
                               {"channels", Value(int64_t{1})},
                               {"mean", Value(0.5)},
                               {"std", Value(0.25)}}));
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_THAT(sources->at("images")->shape(), ElementsAre(4, 6, 1));
  const Image gray = Resize(*Decode(ImageFile("photo.png"), 1), 4, 6, ImageFit::kCrop);
  const std::vector<float> seen = Gathered(*sources->at("images"), {1});
  for (size_t i = 0; i < seen.size(); ++i) {
    EXPECT_NEAR(seen[i], (static_cast<float>(gray.pixels[i]) / 255 - 0.5f) / 0.25f, 1e-5);
  }
}

TEST_F(ImagesTest, OtherFilesAreToldHiddenOnesAreNot) {
  for (const char* name : {"set/yes/Thumbs.db", "set/.cache/x.png", "set/no/._b.png",
                           "set/no/notes.txt", "set/yes/a.gif"}) {
    dir_.Write(name, "nothing that matters");
  }
  const auto spec = Parse("images", Value("set"));
  const PathResolver paths = Paths();
  OpenContext told(paths);
  std::vector<std::string> texts;
  told.tell = [&](const std::string& text) { texts.push_back(text); };
  const auto sources = OpenSupplier(*spec, told);
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_EQ(sources->at("images")->size(), 3);
  EXPECT_THAT(texts,
              ElementsAre("set: 3 other files are left out: no/README, no/notes.txt, yes/a.gif"));
}

TEST_F(ImagesTest, SixteenBitsTransparencyAndBarsReachTheModel) {
  dir_.Write("deep/x/deep-grey.png", ImageFile("deep-grey.png"));
  dir_.Write("deep/y/deep-grey.png", ImageFile("deep-grey.png"));
  const auto deep = Open(
      "images",
      MakeDict({{"path", Value("deep")}, {"channels", Value(int64_t{1})}, {"mean", Value(0.5)}}));
  ASSERT_TRUE(deep.ok()) << deep.status();
  const Array expected = Expected("deep-grey.png.1");
  const std::vector<float> seen = Gathered(*deep->at("images"), {0});
  EXPECT_EQ(Gathered(*deep->at("images"), {0}), seen);
  for (size_t i = 0; i < seen.size(); ++i) {
    EXPECT_NEAR(seen[i], expected.At(static_cast<int64_t>(i)) / 65535 - 0.5, 1e-6);
  }
  dir_.Write("veiled/x/t.png", ImageFile("transparent.png"));
  dir_.Write("veiled/y/t.png", ImageFile("transparent.png"));
  const Value green(Value::List{Value(40 / 255.0), Value(200 / 255.0), Value(120 / 255.0)});
  const auto veiled = Open("images", MakeDict({{"path", Value("veiled")}, {"background", green}}));
  ASSERT_TRUE(veiled.ok()) << veiled.status();
  const std::vector<float> over = Scaled(Expected("transparent.png.green"));
  const std::vector<float> values = Gathered(*veiled->at("images"), {0});
  for (size_t i = 0; i < over.size(); ++i) EXPECT_NEAR(values[i], over[i], 1.01 / 255);
  const auto barred = Open("images", MakeDict({{"path", Value("veiled")},
                                               {"size", Value(int64_t{40})},
                                               {"fit", Value("pad")},
                                               {"background", green}}));
  ASSERT_TRUE(barred.ok()) << barred.status();
  const std::vector<float> corner = Gathered(*barred->at("images"), {0});
  EXPECT_NEAR(corner[1], 200 / 255.0, 1e-6);
}

TEST_F(ImagesTest, EveryChannelHasItsScale) {
  const Value mean(Value::List{Value(0.1), Value(0.2), Value(0.3)});
  const auto sources = Open("images", MakeDict({{"path", Value("set")}, {"mean", mean}}));
  ASSERT_TRUE(sources.ok()) << sources.status();
  const std::vector<float> seen = Gathered(*sources->at("images"), {1});
  const std::vector<float> plain = Scaled(Expected("photo.png.3"));
  for (size_t i = 0; i < seen.size(); ++i) {
    EXPECT_NEAR(seen[i], plain[i] - 0.1f * static_cast<float>(i % 3 + 1), 1e-5);
  }
}

TEST_F(ImagesTest, ListedClassesHaveTheirOrderAndOtherFoldersAreLeftOut) {
  dir_.Write("set/noise/n.png", ImageFile("bits.png"));
  const Value classes(Value::List{Value("yes"), Value("no")});
  const auto sources = Open("images", MakeDict({{"path", Value("set")}, {"classes", classes}}));
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_THAT(Gathered(*sources->at("labels"), {0, 1, 2}), ElementsAre(1, 0, 0, 1, 1, 0));
  const Value wrong(Value::List{Value("yess")});
  EXPECT_THAT(Open("images", MakeDict({{"path", Value("set")}, {"classes", wrong}})),
              FailsWith(kInvalid, "there are no images in a folder 'yess'; did you mean 'yes'?"));
}

TEST_F(ImagesTest, ATableNamesFilesAndClasses) {
  const auto sources =
      Open("images", Table("t.csv", "file,label\nno/b.png,10\nyes/a.PNG,9\n\"no/b.png\",10\n"));
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_THAT(sources->at("labels")->symbols().names, ElementsAre("9", "10"));
  EXPECT_THAT(Gathered(*sources->at("labels"), {0, 1, 2}), ElementsAre(0, 1, 1, 0, 0, 1));
  EXPECT_EQ(Gathered(*sources->at("images"), {0}), Gathered(*sources->at("images"), {2}));
}

TEST_F(ImagesTest, ATableOfJsonLinesWithOtherNames) {
  dir_.Write("t.jsonl",
             "{\"photo\": \"no/b.png\", \"kind\": \"x\", \"box\": [1, 2]}\n"
             "{\"photo\": \"yes/a.PNG\", \"kind\": \"a\"}\n");
  const auto sources = Open("images", MakeDict({{"path", Value("set")},
                                                {"labels", Value("t.jsonl")},
                                                {"file_column", Value("photo")},
                                                {"label_column", Value("kind")}}));
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_THAT(sources->at("labels")->symbols().names, ElementsAre("a", "x"));
  EXPECT_THAT(Gathered(*sources->at("labels"), {0, 1}), ElementsAre(0, 1, 1, 0));
}

TEST_F(ImagesTest, ATableNeedNotTellClasses) {
  const auto sources = Open("images", Table("t.csv", "file;age\nno/b.png;7\n"));
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_THAT(*sources, UnorderedElementsAre(Key("images")));
}

TEST_F(ImagesTest, MistakesInATableHaveTheirPlace) {
  EXPECT_THAT(
      Open("images", Table("t.csv", "name,label\na,b\n")),
      FailsWith(kInvalid, "images.labels: t.csv:1: there is no column 'file', only name, label"));
  EXPECT_THAT(Open("images", Table("t.csv", "file,label\nno/b.png,x\nyes/a.PNG,\n")),
              FailsWith(kInvalid, "t.csv:3: the row has nothing in column 'label'"));
  EXPECT_THAT(Open("images", Table("t.csv", "file,label\nno/b.png\n")),
              FailsWith(kInvalid, "t.csv:2: the row has 1 cells, the header 2"));
  EXPECT_THAT(Open("images", Table("t.csv", "file,label\n")),
              FailsWith(kInvalid, "t.csv: the table has no rows"));
  EXPECT_THAT(Open("images", Table("t.csv", "file,label\nno/c.png,x\n")),
              FailsWith(kInvalid, "there is no set/no/c.png, which the table names"));
  EXPECT_THAT(Open("images", Table("t.jsonl", "{\"label\": 1}\n")),
              FailsWith(kInvalid, "t.jsonl:1: the row has nothing in column 'file'"));
  EXPECT_THAT(Open("images", Table("t.jsonl", "{\"file\": [1]}\n")),
              FailsWith(kInvalid, "t.jsonl:1: key 'file': the value is a list"));
}

TEST_F(ImagesTest, ATableLeadsNowhereElse) {
  dir_.Write("secret.png", ImageFile("photo.png"));
  dir_.Write("elsewhere/home/x", "");
  EXPECT_FALSE(Open("images", Table("t.csv", "file\n../../secret.png\n")).ok());
  EXPECT_THAT(Open("images", Table("t.csv", "file\n/etc/passwd\n")),
              FailsWith(kInvalid, "outside of what jobs may read"));
}

TEST_F(ImagesTest, AnArchiveIsReadAsAFolderIs) {
  dir_.Write("set.tar", TarMember("./x/b.png", ImageFile("photo.png")) +
                            TarMember("x/notes.txt", "text") +
                            TarMember("../y/evil.png", ImageFile("photo.png")) +
                            TarMember("y/a.png", ImageFile("grey.png")) + TarEnd());
  const auto sources = Open("images", Value("set.tar"));
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_EQ(sources->at("images")->size(), 2);
  EXPECT_THAT(sources->at("labels")->symbols().names, ElementsAre("x", "y"));
  dir_.Write("t.csv", "file,label\ny/a.png,1\nx/b.png,2\n");
  const auto listed =
      Open("images", MakeDict({{"path", Value("set.tar")}, {"labels", Value("t.csv")}}));
  ASSERT_TRUE(listed.ok()) << listed.status();
  EXPECT_EQ(Gathered(*listed->at("images"), {0}), Gathered(*sources->at("images"), {1}));
  dir_.Write("t.csv", "file,label\ny/b.png,1\n");
  EXPECT_THAT(Open("images", MakeDict({{"path", Value("set.tar")}, {"labels", Value("t.csv")}})),
              FailsWith(kInvalid, "set.tar holds no image 'y/b.png', which the table names"));
}

TEST_F(ImagesTest, ImagesThatDifferNeedASize) {
  dir_.Write("set/no/z.png", ImageFile("deep.png"));
  const auto sources = Open("images", Value("set"));
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_THAT(Gather(*sources, {2}),
              FailsWith(kInvalid,
                        "set/no/z.png has 5 x 4 pixels, set/more/yes/c.jpeg 21 x 29; say which "
                        "size they shall have, as in size: [21, 29]"));
}

TEST_F(ImagesTest, AnImageThatCannotBeReadIsNamed) {
  dir_.Write("set/yes/d.png", ImageFile("photo.png").substr(0, 200));
  const auto sources = Open("images", Value("set"));
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_THAT(Gather(*sources, {0, 3}),
              FailsWith(kDamaged, "set/yes/d.png: the PNG cannot be read: the file is cut off"));
}

TEST_F(ImagesTest, WhatHoldsNoImagesIsRefused) {
  dir_.Write("empty/x/readme.txt", "");
  EXPECT_THAT(Open("images", Value("empty")),
              FailsWith(kInvalid,
                        "train.data[0].images: empty: holds no .jpg, .jpeg, .png or .webp; 1 "
                        "other file is left out: x/readme.txt"));
  dir_.Write("set/lost.png", ImageFile("photo.png"));
  EXPECT_THAT(Open("images", Value("set")),
              FailsWith(kInvalid, "set: the image lost.png lies in no folder"));
}

TEST_F(ImagesTest, KeysThatMakeNoSenseAreReported) {
  const auto refuse = [&](std::initializer_list<std::pair<const char*, Value>> entries) {
    EXPECT_EQ(Parse("images", MakeDict(entries)), nullptr);
    return errors_;
  };
  const Value path("set");
  EXPECT_THAT(refuse({{"path", path}, {"size", Value(int64_t{0})}}), HasSubstr("each from 1 to"));
  EXPECT_THAT(refuse({{"path", path}, {"channels", Value(int64_t{2})}}), HasSubstr("1 or 3"));
  EXPECT_THAT(refuse({{"path", path}, {"std", Value(0.0)}}), HasSubstr("greater than 0"));
  EXPECT_THAT(refuse({{"path", path}, {"mean", Value(Value::List{Value(0.1), Value(0.2)})}}),
              HasSubstr("there are 2 values for 3 channels"));
  EXPECT_THAT(refuse({{"path", path}, {"label_column", Value("x")}}), HasSubstr("name it with"));
  const Value twice(Value::List{Value("a"), Value("a")});
  EXPECT_THAT(refuse({{"path", path}, {"classes", twice}}), HasSubstr("is there twice"));
}

// Counts how often an image is read.
class CountedFiles : public ImageFiles {
 public:
  explicit CountedFiles(std::string content) : content_(std::move(content)) {}
  int64_t size() const override { return 4; }
  std::string Name(int64_t i) const override { return absl::StrCat("image ", i); }
  absl::StatusOr<std::string> Read(int64_t, int64_t) const override {
    ++reads_;
    return content_;
  }
  int reads() const { return reads_; }

 private:
  std::string content_;
  mutable std::atomic<int> reads_{0};
};

TEST(ImageSourceTest, KeepsWhatThereIsRoomFor) {
  const auto files = std::make_shared<CountedFiles>(ImageFile("photo.png"));
  ImageSource::Options options;
  options.height = options.width = 4;
  options.threads = 2;
  options.max_cached_bytes = 2 * 4 * 4 * 3 + 1;
  const auto source = ImageSource::Create(files, options);
  ASSERT_TRUE(source.ok()) << source.status();
  const std::vector<float> once = Gathered(**source, {0, 1, 2, 3});
  EXPECT_EQ(files->reads(), 4);
  EXPECT_EQ(Gathered(**source, {0, 1, 2, 3}), once);
  EXPECT_EQ(files->reads(), 6);
}

TEST_F(ImagesTest, LinksInAnArchiveAreTheFilesThatTheyLeadTo) {
  const auto link = [](const std::string& name, char type, const std::string& target) {
    return TarMember(name, "", type, std::string::npos, target);
  };
  dir_.Write("set.tar", TarMember("set/a/1.png", ImageFile("photo.png")) +
                            link("set/b/2.png", '1', "set/a/1.png") +
                            link("set/b/3.png", '2', "../b/2.png") +
                            link("set/b/4.png", '2', "nowhere.png") + TarEnd());
  const auto spec = Parse("images", Value("set.tar"));
  const PathResolver paths = Paths();
  OpenContext told(paths);
  std::vector<std::string> texts;
  told.tell = [&](const std::string& text) { texts.push_back(text); };
  const auto sources = OpenSupplier(*spec, told);
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_THAT(Gathered(*sources->at("labels"), {0, 1, 2}), ElementsAre(1, 0, 0, 1, 0, 1));
  EXPECT_EQ(Gathered(*sources->at("images"), {0}), Gathered(*sources->at("images"), {2}));
  EXPECT_THAT(texts, ElementsAre("set.tar: 1 other file is left out: set/b/4.png"));
}

}  // namespace
}  // namespace kur
