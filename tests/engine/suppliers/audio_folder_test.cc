// The supplier audio_folder.

#include <cmath>

#include "tests/engine/formats/tar_test_util.h"
#include "tests/engine/formats/wav_test_util.h"
#include "tests/engine/suppliers/supplier_test_util.h"

namespace kur {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Key;
using testing::UnorderedElementsAre;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

class AudioFolderTest : public SupplierTest {
 protected:
  // Returns a tone of 100 ms plus a multiple of 10 ms.
  static std::string Tone(int length) {
    std::vector<int16_t> samples;
    for (int k = 0; k < 800 + 80 * length; ++k) {
      samples.push_back(static_cast<int16_t>(3000 * std::sin(0.05 * k * (1 + length)) + k % 7));
    }
    return Wav({}, samples);
  }

  void WriteCommands() {
    dir_.Write("set/yes/b.wav", Tone(1));
    dir_.Write("set/no/a.wav", Tone(2));
    dir_.Write("set/more/yes/c.wav", Tone(3));
    dir_.Write("set/no/README", "nothing to hear");
  }

  absl::StatusOr<SourceMap> OpenClasses(const std::string& path,
                                        const std::vector<std::string>& classes) {
    Value::List list;
    for (const std::string& name : classes) list.emplace_back(name);
    return Open("audio_folder", MakeDict({{"path", Value(path)}, {"classes", Value(list)}}));
  }
};

TEST_F(AudioFolderTest, FoldersAreClassesInTheOrderOfTheirNames) {
  WriteCommands();
  const auto sources = Open("audio_folder", Value("set"));
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_THAT(*sources, UnorderedElementsAre(Key("audio"), Key("audio_length"), Key("labels")));
  EXPECT_THAT(sources->at("audio")->shape(), ElementsAre(kUnknown, 81));
  // more/yes/c, no/a, yes/b
  EXPECT_THAT(Gathered(*sources->at("audio_length"), {0, 1, 2}), ElementsAre(12, 11, 10));
  EXPECT_THAT(Gathered(*sources->at("labels"), {0, 1, 2}), ElementsAre(0, 1, 1, 0, 0, 1));
  EXPECT_EQ(Gathered(*sources->at("audio"), {2}).size(), 10U * 81);
}

TEST_F(AudioFolderTest, ListedClassesHaveTheirOrderAndOtherFoldersAreLeftOut) {
  WriteCommands();
  dir_.Write("set/noise/n.wav", Tone(4));
  const auto sources = OpenClasses("set", {"yes", "no"});
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_EQ(sources->at("audio")->size(), 3);
  EXPECT_THAT(Gathered(*sources->at("labels"), {0, 1, 2}), ElementsAre(1, 0, 0, 1, 1, 0));
  EXPECT_THAT(
      OpenClasses("set", {"yes", "noo"}),
      FailsWith(kInvalid, "set: there are no recordings in a folder 'noo'; did you mean 'no'?"));
}

TEST_F(AudioFolderTest, AnArchiveIsReadAsAFolderIs) {
  WriteCommands();
  dir_.Write("set.tar", TarMember("commands/yes/b.wav", Tone(1)) +
                            TarMember("./commands/no/a.wav", Tone(2)) +
                            TarMember("commands/more/yes/c.wav", Tone(3)) +
                            TarMember("commands/README", "nothing") + TarEnd());
  const auto folder = Open("audio_folder", Value("set"));
  const auto archive = Open("audio_folder", Value("set.tar"));
  ASSERT_TRUE(folder.ok()) << folder.status();
  ASSERT_TRUE(archive.ok()) << archive.status();
  for (const char* name : {"audio", "audio_length", "labels"}) {
    EXPECT_EQ(Gathered(*folder->at(name), {0, 1, 2}), Gathered(*archive->at(name), {0, 1, 2}));
  }
}

TEST_F(AudioFolderTest, ARecordingInTwoFormatsCountsOnce) {
  WriteCommands();
  dir_.Write("set/no/a.flac", "the .wav is read");
  const auto sources = Open("audio_folder", Value("set"));
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_EQ(sources->at("audio")->size(), 3);
}

TEST_F(AudioFolderTest, RecordingsOfAnotherRateAreConverted) {
  WriteCommands();
  WavHeader header;
  header.rate = 16000;
  std::vector<int16_t> samples;
  for (int k = 0; k < 3200; ++k) samples.push_back(static_cast<int16_t>(3000 * std::sin(0.05 * k)));
  dir_.Write("set/no/fast.WAV", Wav(header, samples));
  const auto sources = Open("audio_folder", Value("set"));
  ASSERT_TRUE(sources.ok()) << sources.status();
  // more/yes/c, no/a, no/fast, yes/b: most have 8 kHz, and so 81 features.
  EXPECT_THAT(sources->at("audio")->shape(), ElementsAre(kUnknown, 81));
  EXPECT_THAT(Gathered(*sources->at("audio_length"), {0, 1, 2, 3}), ElementsAre(12, 11, 19, 10));
  const auto listed = Open(
      "audio_folder", MakeDict({{"path", Value("set")}, {"sampling_rate", Value(int64_t{16000})}}));
  ASSERT_TRUE(listed.ok()) << listed.status();
  EXPECT_THAT(listed->at("audio")->shape(), ElementsAre(kUnknown, 161));
  EXPECT_THAT(Gathered(*listed->at("audio_length"), {2}), ElementsAre(19));
}

TEST_F(AudioFolderTest, TheRateOfTheTrainingIsTheModels) {
  WriteCommands();
  const PathResolver paths = Paths();
  OpenContext context(paths);
  const auto spec = Parse("audio_folder", Value("set"));
  ASSERT_TRUE(OpenSupplier(*spec, context).ok());
  context.model->StopLearning();
  WavHeader header;
  header.rate = 16000;
  dir_.Write("other/yes/a.wav", Wav(header, std::vector<int16_t>(3200, 100)));
  dir_.Write("other/no/b.wav", Wav(header, std::vector<int16_t>(3200, -100)));
  const auto other = OpenSupplier(*Parse("audio_folder", Value("other")), context);
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_THAT(other->at("audio")->shape(), ElementsAre(kUnknown, 81));
  const auto listed =
      Parse("audio_folder",
            MakeDict({{"path", Value("other")}, {"sampling_rate", Value(int64_t{16000})}}));
  EXPECT_THAT(OpenSupplier(*listed, context),
              FailsWith(kInvalid, "sampling_rate is 16000, but the training data has 8000"));
}

TEST_F(AudioFolderTest, SaysWhatIsMissing) {
  dir_.Write("empty/yes/a.txt", "");
  EXPECT_THAT(
      Open("audio_folder", Value("empty")),
      FailsWith(kInvalid,
                "train.data[0].audio_folder: empty: holds no .wav, .mp3, .flac, .ogg or .sph; "
                "1 other file is left out: yes/a.txt"));
  WriteCommands();
  dir_.Write("set/lost.wav", Tone(1));
  EXPECT_THAT(
      Open("audio_folder", Value("set")),
      FailsWith(kInvalid, "set: the recording lost lies in no folder that names its class"));
}

TEST_F(AudioFolderTest, SpecsSayWhatIsKnown) {
  const auto spec =
      Parse("audio_folder", MakeDict({{"path", Value("set")},
                                      {"type", Value("mfcc")},
                                      {"classes", Value(Value::List{Value("a"), Value("b")})}}));
  ASSERT_NE(spec, nullptr) << errors_;
  EXPECT_THAT(spec->KnownShapes().at("audio"), ElementsAre(kUnknown, 13));
  EXPECT_THAT(spec->KnownShapes().at("labels"), ElementsAre(2));
  EXPECT_EQ(
      Parse("audio_folder", MakeDict({{"path", Value("set")},
                                      {"classes", Value(Value::List{Value("a"), Value("a")})}})),
      nullptr);
  EXPECT_THAT(errors_, HasSubstr("audio_folder.classes: the class 'a' is there twice"));
}

}  // namespace
}  // namespace kur
