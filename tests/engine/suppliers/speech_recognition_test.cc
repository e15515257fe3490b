// Recorded speech: from a Kurfile's entry to the sources of its utterances and transcripts.

#include <cmath>
#include <set>

#include "engine/data/speech/feature_statistics.h"
#include "tests/engine/formats/wav_test_util.h"
#include "tests/engine/suppliers/supplier_test_util.h"

namespace kur {
namespace {

using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Key;
using testing::UnorderedElementsAre;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

class SpeechRecognitionTest : public SupplierTest {
 protected:
  // Writes `count` utterances of 100 ms and more, whose text is a character of the alphabet.
  void WriteCorpus(int count, const std::string& folder = "set") {
    std::string lines;
    for (int i = 0; i < count; ++i) {
      std::vector<int16_t> samples;
      for (int k = 0; k < 800 + 80 * i; ++k) {
        const double loudness = 3000 + 500 * std::sin(0.01 * k * (i + 1));
        samples.push_back(static_cast<int16_t>(loudness * std::sin(0.1 * k * (1 + i % 7))));
      }
      const std::string name = absl::StrCat("u", i);
      dir_.Write(absl::StrCat(folder, "/audio/", name, ".wav"), Wav({}, samples));
      absl::StrAppend(&lines, "{\"uuid\": \"", name, "\", \"duration_s\": ", 0.1 + 0.01 * i,
                      ", \"text\": \"", std::string(1, static_cast<char>('a' + i % 26)),
                      "\", \"words\": [\"Hello\", \"w", i % 2, "\"]}\n");
    }
    dir_.Write(folder + "/data.jsonl", lines);
  }

  absl::StatusOr<SourceMap> OpenSpeech(std::initializer_list<std::pair<const char*, Value>> keys,
                                       bool may_write = false) {
    const auto spec = Parse("speech_recognition", MakeDict(keys));
    if (spec == nullptr) return absl::InternalError(errors_);
    const PathResolver paths = Paths();
    OpenContext context(paths);
    context.seed = seed_;
    context.warn = [this](const std::string& text) { warnings_.push_back(text); };
    if (may_write) {
      context.write = [this](const FileReference& file, const std::string& content) {
        dir_.Write(file.path, content);
        return absl::OkStatus();
      };
    }
    return OpenSupplier(*spec, context);
  }

  // Returns the durations that `samples` selects from 20 utterances, in hundredths of a second.
  std::vector<int> Kept(const Value& samples) {
    const auto sources = OpenSpeech({{"path", Value("set")}, {"samples", samples}});
    if (!sources.ok()) return {};
    std::vector<int> kept;
    for (int64_t i = 0; i < sources->at("duration")->size(); ++i) {
      kept.push_back(static_cast<int>(std::lrint(100 * Sample(*sources, "duration", i)[0])));
    }
    return kept;
  }

  uint64_t seed_ = 3;
  std::vector<std::string> warnings_;
};

TEST_F(SpeechRecognitionTest, ProvidesUtterancesAndTranscripts) {
  WriteCorpus(4);
  const auto sources = OpenSpeech({{"path", Value("set")}});
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_THAT(*sources,
              UnorderedElementsAre(Key("utterance"), Key("utterance_length"), Key("transcript"),
                                   Key("transcript_length"), Key("duration")));
  EXPECT_THAT(sources->at("utterance")->shape(), ElementsAre(kUnknown, 81));
  EXPECT_THAT(Gathered(*sources->at("utterance_length"), {0, 1, 2, 3}), ElementsAre(9, 10, 11, 12));
  EXPECT_THAT(Gathered(*sources->at("transcript"), {0, 1, 2, 3}), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(Gathered(*sources->at("transcript_length"), {0, 3}), ElementsAre(1, 1));
  EXPECT_THAT(Gathered(*sources->at("duration"), {0, 3}),
              ElementsAre(0.1f, testing::FloatEq(0.13f)));
  const std::vector<float> batch = Gathered(*sources->at("utterance"), {1, 3});
  ASSERT_EQ(batch.size(), 2u * 12 * 81);
  EXPECT_THAT(std::vector<float>(batch.begin() + 10 * 81, batch.begin() + 12 * 81), Each(0));
  EXPECT_NE(batch[12 * 81 + 11 * 81], 0);
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(SpeechRecognitionTest, FeaturesAreOfTheKindAndWidthAskedFor) {
  WriteCorpus(3);
  EXPECT_THAT(
      OpenSpeech({{"path", Value("set")}, {"type", Value("mfcc")}})->at("utterance")->shape(),
      ElementsAre(kUnknown, 13));
  EXPECT_THAT(OpenSpeech({{"path", Value("set")}, {"max_frequency", Value(2000)}})
                  ->at("utterance")
                  ->shape(),
              ElementsAre(kUnknown, 41));
}

TEST_F(SpeechRecognitionTest, WhatIsLearnedMakesTheFeaturesStandard) {
  WriteCorpus(10);
  for (const char* rotate : {"zca", "no"}) {
    const Value rotation = *rotate == 'n' ? Value(false) : Value(rotate);
    const auto sources =
        OpenSpeech({{"path", Value("set")}, {"normalization", MakeDict({{"rotate", rotation}})}});
    ASSERT_TRUE(sources.ok()) << sources.status();
    std::vector<double> sums(81);
    std::vector<double> squares(81);
    int64_t frames = 0;
    for (int64_t i = 0; i < 10; ++i) {
      const auto values = Sample(*sources, "utterance", i);
      for (size_t k = 0; k < values.size(); ++k) {
        sums[k % 81] += values[k];
        squares[k % 81] += static_cast<double>(values[k]) * values[k];
      }
      frames += static_cast<int64_t>(values.size()) / 81;
    }
    for (size_t k = 0; k < 81; ++k) {
      EXPECT_NEAR(sums[k] / static_cast<double>(frames), 0, 1e-3) << rotate << k;
      EXPECT_NEAR(squares[k] / static_cast<double>(frames - 1), 1, 1e-3) << rotate << k;
    }
  }
}

TEST_F(SpeechRecognitionTest, TrainingKeepsTheStatisticsAndLaterRunsReadThem) {
  WriteCorpus(6);
  WriteCorpus(2, "other");
  const auto first =
      OpenSpeech({{"path", Value("set")}, {"normalization", Value("norm.yml")}}, true);
  ASSERT_TRUE(first.ok()) << first.status();
  const auto statistics = ParseStatistics(ReadFile(dir_.File("norm.yml")), "norm.yml");
  ASSERT_TRUE(statistics.ok()) << statistics.status();
  EXPECT_EQ(statistics->width(), 81);
  // Other data of the same sound give the model the same features.
  const auto second =
      OpenSpeech({{"path", Value("other")}, {"normalization", Value("norm.yml")}}, true);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(Sample(*first, "utterance", 1), Sample(*second, "utterance", 1));
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(SpeechRecognitionTest, OnlyTrainingWritesStatistics) {
  WriteCorpus(3);
  ASSERT_TRUE(OpenSpeech({{"path", Value("set")}, {"normalization", Value("norm.yml")}}).ok());
  EXPECT_FALSE(Exists(dir_.File("norm.yml")));
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("there is no norm.yml")));
}

TEST_F(SpeechRecognitionTest, StatisticsThatDoNotFitAreAnError) {
  WriteCorpus(3);
  dir_.Write("norm.yml", "mean: [1]\nstddev: [0]\nVt: [[1]]\nS: [[1]]\n");
  EXPECT_THAT(OpenSpeech({{"path", Value("set")}, {"normalization", Value("norm.yml")}}),
              FailsWith(kInvalid,
                        "test.yml:2:3: error: train.data[0].speech_recognition.normalization: "
                        "norm.yml: stddev must not hold 0"));
  dir_.Write("norm.yml", "mean: [1]\nstddev: [1]\nVt: [[1]]\nS: [[1]]\n");
  const auto sources = OpenSpeech({{"path", Value("set")}, {"normalization", Value("norm.yml")}});
  ASSERT_TRUE(sources.ok()) << sources.status();
  std::vector<float> out(81);
  const int64_t index = 0;
  EXPECT_FALSE(sources->at("utterance")->Gather(&index, 1, 1, out.data()).ok());
  EXPECT_THAT(warnings_, ElementsAre(AllOf(HasSubstr("speech_recognition: "),
                                           HasSubstr("has 81 features where"))));
}

TEST_F(SpeechRecognitionTest, TheSameDepthLearnsTheSame) {
  WriteCorpus(12);
  const Value few = MakeDict({{"depth", Value(4)}});
  const auto open = [&](const Value& normalization) {
    const auto sources = OpenSpeech({{"path", Value("set")}, {"normalization", normalization}});
    EXPECT_TRUE(sources.ok()) << sources.status();
    return Sample(*sources, "utterance", 0);
  };
  EXPECT_EQ(open(few), open(few));
  EXPECT_NE(open(few), open(Value()));
}

TEST_F(SpeechRecognitionTest, SharesOfTheSamplesAreDisjointAndInTheOrderOfTheFile) {
  WriteCorpus(20);
  std::set<int> all;
  size_t count = 0;
  for (const char* share : {"70%", "70-85%", "85-%"}) {
    const std::vector<int> kept = Kept(Value(share));
    EXPECT_TRUE(std::is_sorted(kept.begin(), kept.end()));
    all.insert(kept.begin(), kept.end());
    count += kept.size();
  }
  EXPECT_EQ(count, 20u);
  EXPECT_EQ(all.size(), 20u);
  const std::vector<int> seven = Kept(Value(7));
  EXPECT_EQ(seven.size(), 7u);
  EXPECT_EQ(Kept(Value(7)), seven);
  seed_ = 4;
  EXPECT_NE(Kept(Value(7)), seven);
}

TEST_F(SpeechRecognitionTest, NoSamplesAreAnError) {
  WriteCorpus(3);
  EXPECT_THAT(OpenSpeech({{"path", Value("set")}, {"samples", Value("5-9")}}),
              FailsWith(kInvalid, "speech_recognition.samples: takes none of the 3 utterances"));
}

TEST_F(SpeechRecognitionTest, VocabulariesComeFromListsAndFiles) {
  WriteCorpus(3);
  dir_.Write("vocab.json", R"(["?", "C", "A"])");
  const auto listed =
      OpenSpeech({{"path", Value("set")}, {"vocab", Value(Value::List{Value("b"), Value("A")})}});
  ASSERT_TRUE(listed.ok()) << listed.status();
  EXPECT_THAT(Gathered(*listed->at("transcript"), {0, 1, 2}), ElementsAre(1, 0, 0));
  EXPECT_THAT(Gathered(*listed->at("transcript_length"), {0, 1, 2}), ElementsAre(1, 1, 0));
  const auto read =
      OpenSpeech({{"path", Value("set")}, {"vocab", Value("vocab.json")}, {"unknown", Value("?")}});
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_THAT(Gathered(*read->at("transcript"), {0, 1, 2}), ElementsAre(2, 0, 1));
  EXPECT_THAT(OpenSpeech({{"path", Value("set")}, {"vocab", Value("no.json")}}),
              FailsWith(kInvalid,
                        "test.yml:2:3: error: train.data[0].speech_recognition.vocab: "
                        "no such file: no.json"));
  EXPECT_THAT(OpenSpeech({{"path", Value("set")}, {"unknown", Value("!")}}),
              FailsWith(kInvalid, "speech_recognition.unknown: '!' stands for"));
}

TEST_F(SpeechRecognitionTest, SeveralTextsHaveSourcesOfTheirOwn) {
  WriteCorpus(2);
  const auto sources = OpenSpeech(
      {{"path", Value("set")}, {"key", Value(Value::List{Value("text"), Value("words")})}});
  ASSERT_TRUE(sources.ok()) << sources.status();
  EXPECT_EQ(sources->count("transcript"), 0u);
  EXPECT_THAT(Gathered(*sources->at("text_transcript"), {0, 1}), ElementsAre(0, 1));
  EXPECT_THAT(Gathered(*sources->at("words_transcript"), {0, 1}), ElementsAre(0, 1, 0, 2));
  EXPECT_THAT(Gathered(*sources->at("words_transcript_length"), {0, 1}), ElementsAre(2, 2));
}

TEST_F(SpeechRecognitionTest, BadRecordingsAreReported) {
  WriteCorpus(4);
  dir_.Write("set/audio/u1.wav", "no sound");
  const auto sources = OpenSpeech({{"path", Value("set")}});
  ASSERT_TRUE(sources.ok()) << sources.status();
  const std::vector<int64_t> all = {0, 1, 2, 3};
  EXPECT_THAT(sources->at("utterance")->Unreadable(all.data(), 4),
              ElementsAre(false, true, false, false));
  EXPECT_THAT(Gathered(*sources->at("utterance_length"), {0, 2, 3}), ElementsAre(9, 11, 12));
  EXPECT_THAT(warnings_, ElementsAre(AllOf(HasSubstr("set/audio/u1.wav: is neither WAV"),
                                           HasSubstr("stands in for it"))));
  for (int i = 0; i < 4; ++i) dir_.Write(absl::StrCat("set/audio/u", i, ".wav"), "no sound");
  EXPECT_THAT(OpenSpeech({{"path", Value("set")}}),
              FailsWith(kInvalid, "none of 4 recordings can be read: set/audio/u"));
}

TEST_F(SpeechRecognitionTest, RecordingsLongerThanAllowedAreBad) {
  WriteCorpus(2);
  dir_.Write("set/audio/u1.wav", Wav({}, std::vector<int16_t>(20000)));
  const auto sources = OpenSpeech({{"path", Value("set")}, {"max_duration", Value(1)}});
  ASSERT_TRUE(sources.ok()) << sources.status();
  const std::vector<int64_t> both = {0, 1};
  EXPECT_THAT(sources->at("utterance")->Unreadable(both.data(), 2), ElementsAre(false, true));
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("is longer than 2 seconds")));
}

TEST_F(SpeechRecognitionTest, SymbolsMayBeDigits) {
  const auto spec = Parse("speech_recognition",
                          MakeDict({{"path", Value("a.tar.gz")},
                                    {"vocab", Value(Value::List{Value(0), Value(1), Value("x")})},
                                    {"unknown", Value(1)}}));
  EXPECT_NE(spec, nullptr) << errors_;
}

TEST_F(SpeechRecognitionTest, SaysWhichFilesItReadsAndWrites) {
  const auto spec = Parse("speech_recognition", MakeDict({{"path", Value("a.tar.gz")},
                                                          {"normalization", Value("norm.yml")},
                                                          {"vocab", Value("vocab.json")}}));
  ASSERT_NE(spec, nullptr) << errors_;
  std::vector<std::string> paths;
  for (const FileReference& file : spec->Files()) {
    paths.push_back(file.path);
    EXPECT_EQ(file.must_exist, file.path != "norm.yml");
  }
  EXPECT_THAT(paths, ElementsAre("a.tar.gz", "norm.yml", "vocab.json"));
  ASSERT_EQ(spec->Outputs().size(), 1u);
  EXPECT_EQ(spec->Outputs()[0].path, "norm.yml");
  EXPECT_THAT(Parse("speech_recognition", MakeDict({{"path", Value("a")}, {"type", Value("mfcc")}}))
                  ->KnownShapes()
                  .at("utterance"),
              ElementsAre(kUnknown, 13));
}

TEST_F(SpeechRecognitionTest, RefusesValuesThatMakeNoSense) {
  for (const auto& [key, value] : std::vector<std::pair<const char*, Value>>{
           {"bucket", Value(0)},
           {"data_cpus", Value(0)},
           {"min_duration", Value(-1)},
           {"max_duration", Value(0)},
           {"max_frequency", Value(0)},
           {"samples", Value("x")},
           {"type", Value("raw")},
           {"fill", Value("one")},
           {"key", Value(Value::List{})},
           {"normalization", MakeDict({{"depth", Value(0)}})}}) {
    EXPECT_EQ(Parse("speech_recognition", MakeDict({{"path", Value("a")}, {key, value}})), nullptr)
        << key;
    EXPECT_THAT(errors_, HasSubstr(absl::StrCat("speech_recognition.", key)));
  }
}

}  // namespace
}  // namespace kur
