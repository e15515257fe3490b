#include "engine/data/speech/speech_corpus.h"

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "tests/engine/formats/tar_test_util.h"
#include "tests/engine/formats/wav_test_util.h"
#include "tests/engine/suppliers/supplier_test_util.h"

namespace kur {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

std::string Line(const std::string& uuid, double duration, const std::string& text) {
  return absl::StrCat("{\"uuid\": \"", uuid, "\", \"duration_s\": ", duration, ", \"text\": \"",
                      text, "\"}\n");
}

class SpeechCorpusTest : public testing::Test {
 protected:
  PathResolver Paths() const { return PathResolver({dir_.path(), dir_.path() + "/home", {}, {}}); }

  absl::StatusOr<SpeechCorpus> OpenCorpus(const std::string& path) {
    options_.warn = [this](const std::string& text) { warnings_.push_back(text); };
    return OpenSpeechCorpus(dir_.File(path), path, Paths(), options_);
  }

  absl::StatusOr<SpeechCorpus> OpenLines(const std::string& lines) {
    dir_.Write("data.jsonl", lines);
    return OpenCorpus("data.jsonl");
  }

  // Returns the number of samples of a recording, or the error.
  static std::string Length(const SpeechCorpus& corpus, size_t index) {
    const auto recording = corpus.audio->Read(corpus.names[index], {});
    return recording.ok() ? absl::StrCat(recording->samples.size())
                          : std::string(recording.status().message());
  }

  const std::string wav_ = Wav({}, std::vector<int16_t>(40));
  TemporaryDirectory dir_;
  SpeechCorpusOptions options_;
  std::vector<std::string> warnings_;
};

TEST_F(SpeechCorpusTest, RecordingsLieBesideTheMetadata) {
  dir_.Write("set/inner/data.jsonl", Line("a", 1, "one") + Line("b/c", 2.5, "two") + "\n");
  dir_.Write("set/inner/audio/a.wav", wav_);
  dir_.Write("set/inner/audio/b/c.flac", ReadFixture("audio/8k.flac"));
  for (const char* path : {"set", "set/inner", "set/inner/data.jsonl"}) {
    SCOPED_TRACE(path);
    const auto corpus = OpenCorpus(path);
    ASSERT_TRUE(corpus.ok()) << corpus.status();
    EXPECT_THAT(corpus->names, ElementsAre("a", "b/c"));
    EXPECT_THAT(corpus->durations, ElementsAre(1, 2.5));
    ASSERT_THAT(corpus->transcripts, SizeIs(1));
    EXPECT_THAT(corpus->transcripts[0].Elements(), ElementsAre("e", "n", "o", "t", "w"));
    EXPECT_EQ(Length(*corpus, 0), "40");
    EXPECT_EQ(Length(*corpus, 1), "800");
  }
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(SpeechCorpusTest, AnArchiveIsReadAsItIs) {
  dir_.Write("a.tar", TarMember("./set/audio/a.wav", wav_) + TarMember("./set/._x.jsonl", "junk") +
                          TarMember("set/x.jsonl", Line("a", 1, "one") + Line("b", 1, "two")) +
                          TarMember("set/audio/b.mp3", "junk") + TarMember("b.wav", wav_) +
                          TarMember("../../set/audio/b.wav", wav_) + TarEnd());
  const auto corpus = OpenCorpus("a.tar");
  ASSERT_TRUE(corpus.ok()) << corpus.status();
  EXPECT_EQ(corpus->size(), 2);
  EXPECT_EQ(Length(*corpus, 0), "40");
  EXPECT_EQ(Length(*corpus, 1),
            "a.tar: set/audio/b.mp3: is neither WAV, FLAC, MP3, Ogg nor NIST SPHERE");
}

TEST_F(SpeechCorpusTest, TheFirstExtensionWins) {
  dir_.Write("data.jsonl", Line("a", 1, "x") + Line("none", 1, "x"));
  dir_.Write("audio/a.wav", wav_);
  dir_.Write("audio/a.flac", ReadFixture("audio/8k.flac"));
  const auto corpus = OpenCorpus("data.jsonl");
  ASSERT_TRUE(corpus.ok());
  EXPECT_EQ(Length(*corpus, 0), "40");
  EXPECT_EQ(Length(*corpus, 1), "there is no ./audio/none.wav, .mp3, .flac, .ogg or .sph");
}

TEST_F(SpeechCorpusTest, OuterFoldersAndEarlierNamesComeFirst) {
  dir_.Write("set/a/x.jsonl", Line("a", 1, "inner"));
  dir_.Write("set/z.jsonl", Line("z", 1, "last"));
  dir_.Write("set/y.jsonl", Line("y", 1, "first"));
  dir_.Write("set/.b.jsonl", Line("b", 1, "hidden"));
  EXPECT_THAT(OpenCorpus("set")->names, ElementsAre("y"));
}

TEST_F(SpeechCorpusTest, WithoutMetadataThereIsNoCorpus) {
  dir_.Write("set/audio/a.wav", wav_);
  EXPECT_THAT(OpenCorpus("set"), FailsWith(kInvalid, "set holds no *.jsonl"));
  dir_.Write("a.tar", TarMember("audio/a.wav", wav_) + TarEnd());
  EXPECT_THAT(OpenCorpus("a.tar"), FailsWith(kInvalid, "a.tar holds no *.jsonl"));
  dir_.Write("b.tar", "no archive");
  EXPECT_THAT(OpenCorpus("b.tar"), FailsWith(absl::StatusCode::kDataLoss, "b.tar"));
}

TEST_F(SpeechCorpusTest, PathsDoNotLeadOutside) {
  dir_.Write("data.jsonl", Line("../../x", 1, "x") + Line("/etc/x", 1, "x") + Line("link", 1, "x"));
  std::filesystem::create_directory(dir_.File("audio"));
  std::filesystem::create_symlink(FixturePath("audio/8k.wav"), dir_.File("audio/link.wav"));
  const auto corpus = OpenCorpus("data.jsonl");
  ASSERT_TRUE(corpus.ok());
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(corpus->audio->Read(corpus->names[i], {}).status().code(),
              absl::StatusCode::kPermissionDenied)
        << i << Length(*corpus, i);
  }
}

TEST_F(SpeechCorpusTest, DurationsAreKeptWithinTheirBounds) {
  const std::string lines =
      Line("a", 0.5, "a") + Line("b", 1, "b") + Line("c", 3, "c") + Line("d", 3.01, "d");
  options_.min_duration = 1;
  options_.max_duration = 3;
  const auto corpus = OpenLines(lines);
  ASSERT_TRUE(corpus.ok()) << corpus.status();
  EXPECT_THAT(corpus->names, ElementsAre("b", "c"));
  EXPECT_THAT(corpus->transcripts[0].Elements(), ElementsAre("b", "c"));
  options_.min_duration = 10;
  EXPECT_THAT(OpenLines(lines), FailsWith(kInvalid, "4 utterances were found, of which none"));
}

TEST_F(SpeechCorpusTest, BadLinesAreLeftOutWithAWarning) {
  const std::string good = Line("a", 1, "x");
  for (const auto& [line, problem] : std::vector<std::pair<std::string, std::string>>{
           {"{", "is no JSON dictionary"},
           {"[1]", "is no JSON dictionary"},
           {"{\"text\": \"\xff\"}", "is no JSON dictionary"},
           {std::string(1 << 20, '['), "is no JSON dictionary"},
           {std::string((1 << 20) + 1, 'x'), "is longer than 1 MiB"},
           {R"({"duration_s": 1, "text": "x"})", "has no 'uuid'"},
           {R"({"uuid": "", "duration_s": 1, "text": "x"})", "has no 'uuid'"},
           {R"({"uuid": "a", "text": "x"})", "has no number 'duration_s'"},
           {R"({"uuid": "a", "duration_s": "1", "text": "x"})", "has no number 'duration_s'"},
           {R"({"uuid": "a", "duration_s": 1})", "has no 'text' that is a string"},
           {R"({"uuid": "a", "duration_s": 1, "text": 3})", "has no 'text' that is a string"},
           {R"({"uuid": "a", "duration_s": 1, "text": ["x", 3]})", "has no 'text' that is"}}) {
    SCOPED_TRACE(problem);
    warnings_.clear();
    const auto corpus = OpenLines(good + line + "\n" + good);
    ASSERT_TRUE(corpus.ok()) << corpus.status();
    EXPECT_EQ(corpus->size(), 2);
    EXPECT_THAT(warnings_, ElementsAre(HasSubstr("data.jsonl:2: left out, as it " + problem)));
  }
}

TEST_F(SpeechCorpusTest, ManyWarningsBecomeOne) {
  std::string lines;
  for (int i = 0; i < 50; ++i) absl::StrAppend(&lines, Line("a", 1, "x"), i % 2 == 1 ? "{}\n" : "");
  EXPECT_EQ(OpenLines(lines)->size(), 50);
  ASSERT_THAT(warnings_, SizeIs(11));
  EXPECT_THAT(warnings_.back(), HasSubstr("left out 15 lines more"));
}

TEST_F(SpeechCorpusTest, MostlyBadLinesAreAnError) {
  const std::string good = Line("a", 1, "x");
  // Nine lines may be bad: from the tenth on half of those before must be good.
  EXPECT_THAT(OpenLines("{}\n{}\n{}\n" + good),
              testing::ResultOf([](const auto& corpus) { return corpus.ok(); }, true));
  std::string lines;
  for (int i = 0; i < 9; ++i) absl::StrAppend(&lines, i < 5 ? "{}\n" : good);
  EXPECT_EQ(OpenLines(lines)->size(), 4);
  EXPECT_THAT(OpenLines(lines + good),
              FailsWith(kInvalid, "data.jsonl:10: fewer than half of the lines up to here"));
}

TEST_F(SpeechCorpusTest, SeveralTextsHaveAColumnEach) {
  options_.text_keys = {"text", "words"};
  const auto corpus = OpenLines(
      R"({"uuid": 17, "duration_s": 1, "text": "ab", "words": ["Ab", "cd"], "more": {}})");
  ASSERT_TRUE(corpus.ok()) << corpus.status();
  EXPECT_THAT(corpus->names, ElementsAre("17"));
  ASSERT_THAT(corpus->transcripts, SizeIs(2));
  EXPECT_THAT(corpus->transcripts[0].Elements(), ElementsAre("a", "b"));
  EXPECT_THAT(corpus->transcripts[1].Elements(), ElementsAre("ab", "cd"));
}

TEST_F(SpeechCorpusTest, ASelectionKeepsEverythingTogether) {
  auto corpus = OpenLines(Line("a", 1, "p") + Line("b", 2, "q") + Line("c", 3, "r"));
  ASSERT_TRUE(corpus.ok());
  corpus->Select({2, 0});
  EXPECT_THAT(corpus->names, ElementsAre("c", "a"));
  EXPECT_THAT(corpus->durations, ElementsAre(3, 1));
  EXPECT_THAT(corpus->transcripts[0].Elements(), ElementsAre("p", "r"));
}

}  // namespace
}  // namespace kur
