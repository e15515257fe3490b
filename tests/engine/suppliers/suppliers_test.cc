#include <algorithm>

#include "absl/strings/ascii.h"
#include "engine/base/sha256.h"
#include "engine/data/array_source.h"
#include "engine/formats/idx.h"
#include "engine/formats/pickle/pickle_value.h"
#include "engine/formats/pickle/pickle_writer.h"
#include "engine/formats/tar_reader.h"
#include "tests/engine/suppliers/supplier_test_util.h"

namespace kur {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kFashion[] = "/usr/share/datasets/fashion-mnist";

class SuppliersTest : public SupplierTest {
 protected:
  // Writes 3 images of 2 x 2 and their labels.
  void WriteMnist(const std::vector<uint8_t>& labels = {2, 0, 9}) {
    dir_.Write("images.idx", *FormatIdx(*Array::FromValues<uint8_t>(
                                 {3, 2, 2}, {0, 255, 0, 255, 51, 51, 51, 51, 0, 0, 0, 204})));
    const auto size = static_cast<int64_t>(labels.size());
    dir_.Write("labels.idx", *FormatIdx(*Array::FromValues<uint8_t>({size}, labels)));
  }
};

const Value kSmallMnist =
    MakeDict({{"images", Value("images.idx")}, {"labels", Value("labels.idx")}});

TEST_F(SuppliersTest, TheKindsAreRegisteredTwiceOverUnderOneName) {
  const auto all =
      ElementsAre("audio_folder", "cifar", "csv", "images", "jsonl", "mind", "mnist", "npy", "npz",
                  "numpy_dict", "pickle", "safetensors", "speech_recognition", "synthetic", "text");
  EXPECT_THAT(Registry<SupplierKind>::Get().Names(), all);
  EXPECT_THAT(Registry<SupplierOpener>::Get().Names(), all);
}

TEST_F(SuppliersTest, MnistIsScaledAndCentred) {
  WriteMnist();
  const auto sources = Open("mnist", kSmallMnist);
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_THAT(sources->at("images")->shape(), ElementsAre(2, 2, 1));
  EXPECT_EQ(sources->at("images")->size(), 3);
  const float mean = (0 + 255 + 0 + 255 + 4 * 51 + 204) / 12.0f / 255;
  EXPECT_THAT(Sample(*sources, "images", 0),
              ElementsAre(testing::FloatNear(-mean, 1e-6f), testing::FloatNear(1 - mean, 1e-6f),
                          testing::FloatNear(-mean, 1e-6f), testing::FloatNear(1 - mean, 1e-6f)));
  EXPECT_THAT(Sample(*sources, "labels", 2), ElementsAre(0, 0, 0, 0, 0, 0, 0, 0, 0, 1));
}

TEST_F(SuppliersTest, FashionMnistAsDebianHasIt) {
  const auto package = [](const std::string& name) {
    return Value(std::string(kFashion) + "/" + name);
  };
  const Value value = MakeDict({{"images", package("train-images-idx3-ubyte.gz")},
                                {"labels", package("train-labels-idx1-ubyte.gz")}});
  ASSERT_TRUE(IsDirectory(kFashion)) << "deploy/install-deps.sh installs dataset-fashion-mnist";
  const auto sources = Open("mnist", value);
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_EQ(sources->at("images")->size(), 60'000);
  EXPECT_THAT(sources->at("images")->shape(), ElementsAre(28, 28, 1));
  EXPECT_EQ(sources->at("labels")->size(), 60'000);
  std::vector<double> classes(10);
  double sum = 0;
  for (int64_t i = 0; i < 60'000; ++i) {
    const auto label = Sample(*sources, "labels", i);
    for (size_t c = 0; c < 10; ++c) classes[c] += label[c];
    for (const float pixel : Sample(*sources, "images", i)) sum += pixel;
  }
  EXPECT_THAT(classes, testing::Each(6'000));
  EXPECT_NEAR(sum / (60'000.0 * 28 * 28), 0, 1e-6);
}

TEST_F(SuppliersTest, SpecsSayWhatIsKnownWithoutOpeningAnything) {
  const auto mnist = Parse("mnist", kSmallMnist);
  ASSERT_NE(mnist, nullptr);
  EXPECT_EQ(mnist->kind(), "mnist");
  EXPECT_THAT(mnist->KnownShapes().at("images"), ElementsAre(kUnknown, kUnknown, 1));
  const auto customary = Parse("mnist", MakeDict({{"images", Value("x/t10k-images-idx3-ubyte.gz")},
                                                  {"labels", Value("labels.gz")}}));
  ASSERT_NE(customary, nullptr) << errors_;
  EXPECT_THAT(customary->KnownShapes().at("images"), ElementsAre(28, 28, 1));
  ASSERT_EQ(mnist->Files().size(), 2u);
  EXPECT_EQ(mnist->Files()[1].path, "labels.idx");
  EXPECT_EQ(mnist->Files()[1].key, "train.data[0].mnist.labels");
  EXPECT_EQ(mnist->Files()[1].location.line, 2);
  const auto cifar = Parse(
      "cifar", MakeDict({{"url", Value("http://x.org/c.tar.gz?v=1")}, {"path", Value("~/kur")}}));
  ASSERT_NE(cifar, nullptr) << errors_;
  EXPECT_THAT(cifar->KnownShapes().at("images"), ElementsAre(32, 32, 3));
  EXPECT_EQ(cifar->Files()[0].path, "~/kur/c.tar.gz");
}

TEST_F(SuppliersTest, SpecsRefuseWhatTheyDoNotKnow) {
  EXPECT_EQ(Parse("mnist", MakeDict({{"images", Value("a")}})), nullptr);
  EXPECT_THAT(errors_, HasSubstr("missing key 'labels'"));
  EXPECT_EQ(Parse("mnist",
                  MakeDict({{"images", MakeDict({{"sum", Value("x")}})}, {"labels", Value("b")}})),
            nullptr);
  EXPECT_THAT(errors_, HasSubstr("unknown key \"sum\""));
  EXPECT_EQ(Parse("cifar", MakeDict({})), nullptr);
  EXPECT_THAT(errors_, HasSubstr("needs the path of a file, or a url"));
  EXPECT_EQ(Parse("cifar", MakeDict({{"path", Value("a")}, {"checksum", Value("12")}})), nullptr);
  EXPECT_THAT(errors_, HasSubstr("64 hexadecimal digits"));
  EXPECT_EQ(Parse("cifar", MakeDict({{"path", Value("a")}, {"parts", Value(6)}})), nullptr);
  EXPECT_THAT(errors_, HasSubstr("expected 1, 2, 3, 4, 5 or test, got 6"));
  EXPECT_EQ(Parse("cifar", MakeDict({{"path", Value("a")},
                                     {"parts", Value(Value::List{Value(1), Value(1)})}})),
            nullptr);
  EXPECT_THAT(errors_, HasSubstr("part 1 is listed twice"));
}

TEST_F(SuppliersTest, AFileIsFoundInTheFolderByTheNameInItsUrl) {
  WriteMnist();
  dir_.Write("home/kur/images.idx", ReadFile(dir_.File("images.idx")));
  const auto sources =
      Open("mnist", MakeDict({{"images", MakeDict({{"url", Value("http://x.org/d/images.idx")}})},
                              {"labels", Value("labels.idx")}}));
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_EQ(sources->at("images")->size(), 3);
}

TEST_F(SuppliersTest, AMissingFileIsSaidToBeMissingWhereTheKurfileNamesIt) {
  WriteMnist();
  EXPECT_THAT(
      Open("mnist", MakeDict({{"images", Value("nothing.idx")}, {"labels", Value("labels.idx")}})),
      FailsWith(absl::StatusCode::kInvalidArgument,
                "test.yml:1:3: error: train.data[0].mnist.images: no such file: "
                "nothing.idx"));
  EXPECT_THAT(Open("mnist", MakeDict({{"images", MakeDict({{"url", Value("http://x.org/images.gz")},
                                                           {"path", Value("data")}})},
                                      {"labels", Value("labels.idx")}})),
              FailsWith(absl::StatusCode::kInvalidArgument,
                        "there is neither the file data/images.gz nor the file data"));
}

TEST_F(SuppliersTest, PathsStayWhereTheyMayBe) {
  WriteMnist();
  EXPECT_THAT(Open("mnist",
                   MakeDict({{"images", Value("../images.idx")}, {"labels", Value("labels.idx")}})),
              FailsWith(absl::StatusCode::kInvalidArgument, "leads outside"));
  EXPECT_THAT(
      Open("mnist", MakeDict({{"images", Value("/etc/passwd")}, {"labels", Value("labels.idx")}})),
      FailsWith(absl::StatusCode::kInvalidArgument, "outside of what jobs may read"));
}

TEST_F(SuppliersTest, TheChecksumIsChecked) {
  WriteMnist();
  const std::string right = Sha256Hex(ReadFile(dir_.File("images.idx")));
  const auto with_checksum = [](const std::string& checksum) {
    return MakeDict(
        {{"images", MakeDict({{"path", Value("images.idx")}, {"checksum", Value(checksum)}})},
         {"labels", Value("labels.idx")}});
  };
  EXPECT_TRUE(Open("mnist", with_checksum(absl::AsciiStrToUpper(right))).ok());
  const std::string wrong(64, 'a');
  EXPECT_THAT(
      Open("mnist", with_checksum(wrong)),
      FailsWith(absl::StatusCode::kInvalidArgument,
                "images.idx has the wrong checksum: expected " + wrong + ", found " + right));
}

TEST_F(SuppliersTest, DamagedMnistIsDescribed) {
  WriteMnist({2, 0, 10});
  EXPECT_THAT(Open("mnist", kSmallMnist),
              FailsWith(absl::StatusCode::kInvalidArgument,
                        "labels.idx: sample 2 has the label 10; labels are integers from 0 to 9"));
  WriteMnist({2, 0});
  EXPECT_THAT(Open("mnist", kSmallMnist),
              FailsWith(absl::StatusCode::kInvalidArgument,
                        "the source 'labels' has 2 samples, but the source 'images'"));
  WriteMnist();
  dir_.Write("images.idx", ReadFile(dir_.File("images.idx")).substr(0, 20));
  EXPECT_THAT(Open("mnist", kSmallMnist),
              FailsWith(absl::StatusCode::kInvalidArgument,
                        "images.idx: at offset 16: the header promises 12 bytes of data, but the "
                        "file cannot hold more than 4"));
  dir_.Write("images.idx", ReadFile(dir_.File("labels.idx")));
  EXPECT_THAT(Open("mnist", kSmallMnist),
              FailsWith(absl::StatusCode::kInvalidArgument, "expected images along 3 axes"));
}

// Computes the formula of data_fixtures.py.
float CifarByte(int part, int image, int plane_index) {
  return static_cast<float>((plane_index * 7 + part * 31 + image * 5) % 251);
}

class CifarTest : public SuppliersTest {
 protected:
  CifarTest() { dir_.Write("cifar.tar.gz", ReadFixture("cifar.tar.gz")); }

  absl::StatusOr<SourceMap> OpenParts(const std::string& path, Value::List parts) {
    if (parts.empty()) return Open("cifar", MakeDict({{"path", Value(path)}}));
    return Open("cifar", MakeDict({{"path", Value(path)}, {"parts", Value(std::move(parts))}}));
  }

  // What the model must see of an image: every part is `parts`, three images each.
  static void ExpectImage(const SourceMap& sources, const std::vector<int>& parts, size_t index) {
    const auto sample = Sample(sources, "images", static_cast<int64_t>(index));
    for (int i = 0; i < 32 * 32; ++i) {
      for (int channel = 0; channel < 3; ++channel) {
        double mean = 0;
        for (const int part : parts) {
          for (int image = 0; image < 3; ++image)
            mean += CifarByte(part, image, channel * 1024 + i);
        }
        mean /= 3.0 * static_cast<double>(parts.size());
        const double byte =
            CifarByte(parts[index / 3], static_cast<int>(index % 3), channel * 1024 + i);
        ASSERT_NEAR(sample[static_cast<size_t>(i * 3 + channel)], (byte - mean) / 255, 1e-6);
      }
    }
    const int label = (parts[index / 3] + static_cast<int>(index % 3)) % 10;
    EXPECT_EQ(Sample(sources, "labels", static_cast<int64_t>(index))[static_cast<size_t>(label)],
              1);
  }
};

TEST_F(CifarTest, ReadsTheArchive) {
  const auto sources = OpenParts("cifar.tar.gz", {});
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_EQ(sources->at("images")->size(), 18);
  EXPECT_THAT(sources->at("images")->shape(), ElementsAre(32, 32, 3));
  for (const size_t index : {0, 4, 17}) ExpectImage(*sources, {1, 2, 3, 4, 5, 6}, index);
}

TEST_F(CifarTest, LoadsThePartsInTheOrderAsked) {
  const auto sources = OpenParts("cifar.tar.gz", {Value(4), Value("test"), Value(1)});
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_EQ(sources->at("images")->size(), 9);
  for (size_t index = 0; index < 9; ++index) ExpectImage(*sources, {4, 6, 1}, index);
}

TEST_F(CifarTest, ReadsTheUnpackedDirectory) {
  const auto reader = TarReader::Open(dir_.File("cifar.tar.gz"));
  ASSERT_TRUE(reader.ok());
  while (true) {
    const auto member = (*reader)->Next();
    ASSERT_TRUE(member.ok());
    if (!member->has_value()) break;
    dir_.Write("unpacked/" + (*member)->name, *(*reader)->ReadContent());
  }
  for (const std::string path : {"unpacked", "unpacked/cifar-10-batches-py"}) {
    const auto sources = OpenParts(path, {Value(2), Value(3)});
    ASSERT_TRUE(sources.ok()) << sources.status();
    ExpectImage(*sources, {2, 3}, 4);
  }
  std::filesystem::remove(dir_.File("unpacked/cifar-10-batches-py/test_batch"));
  EXPECT_THAT(OpenParts("unpacked", {}),
              FailsWith(absl::StatusCode::kInvalidArgument, "unpacked lacks test_batch"));
}

TEST_F(CifarTest, ADirectoryOfLinksLeadsNowhereElse) {
  std::filesystem::create_directories(dir_.File("links"));
  std::filesystem::create_symlink("/etc/passwd", dir_.File("links/data_batch_1"));
  EXPECT_THAT(OpenParts("links", {Value(1)}),
              FailsWith(absl::StatusCode::kInvalidArgument, "leads outside"));
}

TEST_F(CifarTest, WhatIsNotCifarIsDescribed) {
  dir_.Write("other.tar", "not an archive");
  EXPECT_THAT(OpenParts("other.tar", {}),
              FailsWith(absl::StatusCode::kInvalidArgument, "other.tar: cannot read the archive"));
  const std::string archive = ReadFixture("cifar.tar.gz");
  dir_.Write("cut.tar.gz", archive.substr(0, archive.size() / 2));
  EXPECT_THAT(OpenParts("cut.tar.gz", {}),
              FailsWith(absl::StatusCode::kInvalidArgument, "cut.tar.gz"));
  dir_.Write("bad/data_batch_1", FormatPickle(PickleValue::MakeDict({})));
  EXPECT_THAT(OpenParts("bad", {Value(1)}),
              FailsWith(absl::StatusCode::kInvalidArgument, "'data' and 'labels'"));
}

class PickleTest : public SuppliersTest {
 protected:
  absl::StatusOr<SourceMap> OpenPickle(const PickleValue& value) {
    dir_.Write("data.pkl", FormatPickle(value));
    return Open("pickle", Value("data.pkl"));
  }
};

PickleValue Numbers(std::vector<double> numbers) {
  PickleValue::List list;
  for (const double number : numbers) list.emplace_back(number);
  return PickleValue::MakeList(list);
}

TEST_F(PickleTest, EveryKeyIsASource) {
  const auto sources = OpenPickle(PickleValue::MakeDict(
      {{PickleValue("point"), PickleValue(*Array::FromValues<double>({2, 2}, {1, 2, 3, 4}))},
       {PickleValue("above"), Numbers({1, 0})},
       {PickleValue("box"),
        PickleValue::MakeList(
            {PickleValue(*Array::FromValues<int8_t>({3}, {1, 2, 3})), Numbers({4, 5, 6})})}}));
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_THAT(sources->at("above")->shape(), ElementsAre(1));
  EXPECT_THAT(Sample(*sources, "point", 1), ElementsAre(3, 4));
  EXPECT_THAT(Sample(*sources, "above", 0), ElementsAre(1));
  EXPECT_THAT(Sample(*sources, "box", 0), ElementsAre(1, 2, 3));
  EXPECT_THAT(Sample(*sources, "box", 1), ElementsAre(4, 5, 6));
}

TEST_F(PickleTest, RefusesWhatIsNoDictionaryOfColumns) {
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(OpenPickle(Numbers({1})), FailsWith(kInvalid, "must hold a dictionary of arrays"));
  EXPECT_THAT(OpenPickle(PickleValue::MakeDict({})), FailsWith(kInvalid, "is empty"));
  EXPECT_THAT(OpenPickle(PickleValue::MakeDict({{PickleValue(int64_t{1}), Numbers({1})}})),
              FailsWith(kInvalid, "must be strings, not int"));
  const auto column = [](PickleValue value) {
    return PickleValue::MakeDict({{PickleValue("x"), std::move(value)}});
  };
  EXPECT_THAT(OpenPickle(column(PickleValue("text"))),
              FailsWith(kInvalid, "data.pkl: key 'x': it holds a str"));
  EXPECT_THAT(OpenPickle(column(PickleValue(1.0))), FailsWith(kInvalid, "a single number"));
  EXPECT_THAT(OpenPickle(column(PickleValue::MakeList({Numbers({1}), PickleValue(2.0)}))),
              FailsWith(kInvalid, "differ in length or depth"));
  EXPECT_THAT(OpenPickle(column(PickleValue::MakeList({PickleValue(2.0), Numbers({1})}))),
              FailsWith(kInvalid, "differ in length or depth"));
  EXPECT_THAT(OpenPickle(PickleValue::MakeDict(
                  {{PickleValue("x"), Numbers({1, 2})}, {PickleValue("y"), Numbers({1})}})),
              FailsWith(kInvalid, "the source 'y' has 1 samples, but the source 'x'"));
}

TEST_F(PickleTest, ListsThatUnfoldToFarMoreThanTheFileAreRefused) {
  std::string pickle = "}X\x01" + std::string(3, '\0') +
                       "x](K\x01K\x01K\x01K\x01"
                       "e";
  for (int i = 0; i < 20; ++i)
    pickle +=
        "q\x01"
        "0](h\x01h\x01h\x01h\x01"
        "e";
  dir_.Write("data.pkl", pickle + "s.");
  EXPECT_THAT(Open("pickle", Value("data.pkl")),
              FailsWith(absl::StatusCode::kInvalidArgument, "unfold to more than 1048576 numbers"));
}

TEST_F(PickleTest, RunsNothing) {
  dir_.Write("data.pkl", "cos\nsystem\n(S'touch " + dir_.File("owned") + "'\ntR.");
  EXPECT_THAT(Open("pickle", Value("data.pkl")),
              FailsWith(absl::StatusCode::kInvalidArgument, "the pickle names os.system"));
  EXPECT_FALSE(Exists(dir_.File("owned")));
}

TEST_F(PickleTest, SuppliersArePutTogether) {
  dir_.Write("a.pkl", FormatPickle(PickleValue::MakeDict({{PickleValue("a"), Numbers({1, 2})}})));
  dir_.Write("b.pkl", FormatPickle(PickleValue::MakeDict({{PickleValue("b"), Numbers({3, 4})}})));
  dir_.Write("c.pkl", FormatPickle(PickleValue::MakeDict({{PickleValue("c"), Numbers({3})}})));
  const auto a = Parse("pickle", Value("a.pkl"));
  const auto b = Parse("pickle", Value("b.pkl"));
  const auto c = Parse("pickle", Value("c.pkl"));
  const auto both = OpenSuppliers({a, b}, Paths());
  ASSERT_TRUE(both.ok()) << both.status();
  EXPECT_EQ(both->size(), 2u);
  EXPECT_THAT(OpenSuppliers({a, c}, Paths()),
              FailsWith(absl::StatusCode::kInvalidArgument,
                        "the source 'c' has 1 samples, but the source 'a' of "
                        "train.data[0].pickle has 2"));
}

}  // namespace
}  // namespace kur
