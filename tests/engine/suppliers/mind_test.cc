// The supplier mind.

#include "engine/formats/byte_input.h"
#include "engine/formats/npy_reader.h"
#include "tests/engine/formats/tar_test_util.h"
#include "tests/engine/suppliers/supplier_test_util.h"

namespace kur {
namespace {

using testing::ElementsAre;
using testing::Key;
using testing::UnorderedElementsAre;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

constexpr char kLines[] =
    "{\"uuid\": \"a\", \"category_label\": 5, \"precise_label\": 71, \"subject\": {\"age\": "
    "null}}\n"
    "{\"uuid\": \"b\", \"category_label\": 0, \"precise_label\": 3, \"subject\": {\"age\": 4}}\n";

class MindTest : public SupplierTest {
 protected:
  MindTest() {
    dir_.Write("set/lines.jsonl", kLines);
    dir_.Write("set/.hidden.jsonl", "no lines");
    dir_.Write("set/images/a.png", image_);
    dir_.Write("set/images/b.png", image_);
  }

  // 29 wide, 21 high, in color; as Pillow reads it in gray.
  const std::string image_ = ReadFixture("images/photo.png");
  const std::string gray_ = ReadFixture("images/photo.png.1.npy");
};

TEST_F(MindTest, ImagesAreTransposedAndLabelsAreNumbers) {
  const auto sources = Open("mind", Value("set"));
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_THAT(*sources, UnorderedElementsAre(Key("brain_probe_image"), Key("category_label"),
                                             Key("precise_label")));
  const Source& images = *sources->at("brain_probe_image");
  EXPECT_THAT(images.shape(), ElementsAre(29, 21));
  EXPECT_EQ(images.size(), 2);
  const auto gray = ReadNpy(*ByteInput::FromMemory(gray_));
  ASSERT_TRUE(gray.ok()) << gray.status();
  std::vector<float> expected;
  for (int64_t x = 0; x < 29; ++x) {
    for (int64_t y = 0; y < 21; ++y) {
      expected.push_back(static_cast<float>(gray->At(y * 29 + x)) / 255);
    }
  }
  EXPECT_THAT(Gathered(images, {1}), testing::Pointwise(testing::FloatEq(), expected));
  EXPECT_THAT(Gathered(*sources->at("category_label"), {0, 1}), ElementsAre(5, 0));
  EXPECT_THAT(Gathered(*sources->at("precise_label"), {0, 1}), ElementsAre(71, 3));
}

TEST_F(MindTest, AnArchiveIsReadAsAFolderIs) {
  dir_.Write("set.tar", TarMember("./mind/lines.jsonl", kLines) +
                            TarMember("mind/images/b.png", image_) +
                            TarMember("mind/images/a.png", image_) + TarEnd());
  const auto sources = Open("mind", Value("set.tar"));
  ASSERT_TRUE(sources.ok()) << sources.status();
  const auto folder = Open("mind", Value("set"));
  for (const auto& [name, source] : *folder) {
    EXPECT_EQ(Gathered(*sources->at(name), {0, 1}), Gathered(*source, {0, 1})) << name;
  }
}

TEST_F(MindTest, APreciseLabelIsNotNeeded) {
  dir_.Write("set/lines.jsonl", "{\"uuid\": \"a\", \"category_label\": 5}\n");
  const auto sources = Open("mind", Value("set"));
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_THAT(*sources, UnorderedElementsAre(Key("brain_probe_image"), Key("category_label")));
}

TEST_F(MindTest, MistakesHaveTheirPlace) {
  const std::string first = "{\"uuid\": \"a\", \"category_label\": 5}\n";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "set/lines.jsonl: the file has no lines"},
      {first + "{\"category_label\": 5}", "set/lines.jsonl:2: the line has no 'uuid'"},
      {first + "{\"uuid\": \"\", \"category_label\": 5}", "lines.jsonl:2: the line has no 'uuid'"},
      {first + "{\"uuid\": \"b\"}", "lines.jsonl:2: the line has no number 'category_label'"},
      {first + "{\"uuid\": \"b\", \"category_label\": \"x\"}",
       "key 'category_label': it holds a string"},
      {first + "{\"uuid\": \"b\", \"category_label\": [1]}",
       "key 'category_label': the value is a list"},
      {first + "{\"uuid\": null, \"category_label\": 1}", "key 'uuid': it holds null"},
      {first + "{\"uuid\": \"b\", \"category_label\": 1, \"precise_label\": 2}",
       "lines.jsonl:2: the line has a 'precise_label', and those before it have none"},
      {kLines + first,
       "lines.jsonl:3: the line has no 'precise_label', and those before it have one"},
  };
  for (const auto& [lines, error] : cases) {
    dir_.Write("set/lines.jsonl", lines);
    EXPECT_THAT(Open("mind", Value("set")), FailsWith(kInvalid, error)) << lines;
  }
}

TEST_F(MindTest, ThereMustBeOneFileOfLines) {
  dir_.Write("set/more.jsonl", kLines);
  EXPECT_THAT(Open("mind", Value("set")),
              FailsWith(kInvalid,
                        "set must hold one .jsonl that names its images, and holds "
                        "lines.jsonl, more.jsonl"));
  EXPECT_THAT(Open("mind", Value("set/images")),
              FailsWith(kInvalid, "set/images holds no .jsonl that names its images"));
  dir_.Write("set.tar", TarMember("images/a.png", image_) + TarEnd());
  EXPECT_THAT(Open("mind", Value("set.tar")),
              FailsWith(kInvalid, "set.tar holds no .jsonl that names its images"));
}

TEST_F(MindTest, NamesLeadNowhereElse) {
  dir_.Write("set/lines.jsonl", "{\"uuid\": \"c\", \"category_label\": 5}\n");
  EXPECT_THAT(Open("mind", Value("set")),
              FailsWith(kInvalid, "train.data[0].mind: there is no set/images/c.png"));
  dir_.Write("set/lines.jsonl", "{\"uuid\": \"../../../x\", \"category_label\": 5}\n");
  EXPECT_FALSE(Open("mind", Value("set")).ok());
}

TEST_F(MindTest, AWholeNumberCanBeAName) {
  dir_.Write("set/images/12345678.png", image_);
  dir_.Write("set/lines.jsonl", "{\"uuid\": 12345678, \"category_label\": 5}\n");
  const auto sources = Open("mind", Value("set"));
  EXPECT_TRUE(sources.ok()) << sources.status();
}

}  // namespace
}  // namespace kur
