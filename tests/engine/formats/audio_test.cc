#include "engine/formats/audio.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "tests/engine/data/data_test_util.h"
#include "tests/engine/formats/wav_test_util.h"

namespace kur {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::FloatNear;
using testing::HasSubstr;
using testing::SizeIs;

constexpr auto kDataLoss = absl::StatusCode::kDataLoss;

Recording Decode(const std::string& content) {
  auto recording = DecodeAudio(content);
  EXPECT_TRUE(recording.ok()) << recording.status();
  return recording.ok() ? *std::move(recording) : Recording();
}

// Returns the strongest frequency in Hz, from the number of upward zero crossings.
double Pitch(const Recording& recording) {
  int crossings = 0;
  for (size_t i = 1; i < recording.samples.size(); ++i) {
    crossings += recording.samples[i - 1] < 0 && recording.samples[i] >= 0 ? 1 : 0;
  }
  return crossings / recording.seconds();
}

TEST(AudioTest, IntegersAreDividedByTheirRange) {
  const Recording recording = Decode(Wav({}, std::vector<int16_t>{0, 16384, -32768, 1}));
  EXPECT_THAT(recording.samples, ElementsAre(0, 0.5f, -1, 1.0f / 32768));
  EXPECT_EQ(recording.sampling_rate, 8000);
  EXPECT_EQ(recording.bits, 16);
  EXPECT_DOUBLE_EQ(recording.seconds(), 0.0005);
}

TEST(AudioTest, BytesAreCenteredAndThreeBytesAreWidened) {
  WavHeader header;
  header.bits = 8;
  header.data_bytes = 3;
  const Recording bytes = Decode(Wav(header, std::string("\x80\x00\xc0", 3)));
  EXPECT_THAT(bytes.samples, ElementsAre(0, -1, 0.5f));
  EXPECT_EQ(bytes.bits, 8);
  header.bits = 24;
  const Recording wide = Decode(Wav(header, std::string("\x00\x00\x40", 3)));
  EXPECT_THAT(wide.samples, ElementsAre(0.5f));
  EXPECT_EQ(wide.bits, 32);
}

TEST(AudioTest, ChannelsBecomeTheirMean) {
  WavHeader header;
  header.channels = 2;
  EXPECT_THAT(Decode(Wav(header, std::vector<int16_t>{16384, 0, -8192, -8192})).samples,
              ElementsAre(0.25f, -0.25f));
}

TEST(AudioTest, FlacGivesTheSamplesOfTheWavThatItWasMadeFrom) {
  EXPECT_EQ(Decode(ReadFixture("audio/8k.flac")).samples,
            Decode(ReadFixture("audio/8k.wav")).samples);
}

TEST(AudioTest, CompressedSoundKeepsItsPitchAndLength) {
  for (const char* name : {"tone.mp3", "tone.ogg", "tone.opus.ogg"}) {
    SCOPED_TRACE(name);
    const Recording recording = Decode(ReadFixture(absl::StrCat("audio/", name)));
    EXPECT_EQ(recording.sampling_rate % 16000, 0);  // Opus always decodes at 48 kHz
    EXPECT_EQ(recording.bits, 16);
    EXPECT_NEAR(recording.seconds(), 0.5, 0.08);
    EXPECT_NEAR(Pitch(recording), 440, 40);
    EXPECT_NEAR(*std::max_element(recording.samples.begin(), recording.samples.end()), 0.5, 0.1);
  }
}

TEST(AudioTest, FloatingPointIsTakenAsItIs) {
  const Recording recording = Decode(ReadFixture("audio/float.wav"));
  ASSERT_THAT(recording.samples, SizeIs(800));
  EXPECT_NEAR(recording.samples[9], 0.5 * std::sin(2 * M_PI * 440 * 9 / 16000), 1e-7);
}

TEST(AudioTest, NumbersThatAreNotFiniteAreRefused) {
  WavHeader header;
  header.format = 3;
  header.bits = 32;
  header.data_bytes = 8;
  EXPECT_THAT(DecodeAudio(Wav(header, Little(0x3f800000, 4) + Little(0x7fc00000, 4))),
              FailsWith(kDataLoss, "not finite"));
}

TEST(AudioTest, OtherFilesAreRefused) {
  for (const std::string content : {"", "R", "RIFF....AVI ", "FORM....AIFF", "hello, world"}) {
    EXPECT_THAT(DecodeAudio(content),
                FailsWith(kDataLoss, "neither WAV, FLAC, MP3, Ogg nor NIST SPHERE"));
  }
  EXPECT_THAT(DecodeAudio("fLaC and nothing that belongs there"), FailsWith(kDataLoss, "damaged"));
}

TEST(AudioTest, AFileWithoutSamplesIsRefused) {
  EXPECT_THAT(DecodeAudio(Wav({}, std::vector<int16_t>())), FailsWith(kDataLoss, "no samples"));
}

TEST(AudioTest, TheFileIsNamed) {
  const TemporaryDirectory dir;
  const std::string path = dir.Write("bad.wav", "hello");
  EXPECT_THAT(ReadAudio(path), FailsWith(kDataLoss, path + ": is neither"));
  EXPECT_THAT(ReadAudio(dir.File("no.wav")),
              FailsWith(absl::StatusCode::kNotFound, dir.File("no.wav")));
  AudioLimits limits;
  limits.max_file_bytes = 4;
  EXPECT_THAT(ReadAudio(path, limits), FailsWith(absl::StatusCode::kResourceExhausted, path));
}

TEST(AudioTest, WhatIsTooLongIsRefused) {
  const std::string content = ReadFixture("audio/8k.wav");
  AudioLimits limits;
  limits.max_seconds = 0.1;
  EXPECT_TRUE(DecodeAudio(content, limits).ok());
  limits.max_seconds = 0.0999;
  EXPECT_THAT(DecodeAudio(content, limits),
              FailsWith(absl::StatusCode::kResourceExhausted, "longer than 0.0999 seconds"));
}

// A header that promises more data than follows costs no memory.
TEST(AudioTest, AHeaderThatPromisesTooMuchGetsWhatIsThere) {
  WavHeader header;
  header.data_bytes = 0xfffffff0u;
  EXPECT_THAT(Decode(Wav(header, std::string(20, '\0'))).samples, SizeIs(10));
}

TEST(AudioTest, WhatIsCutOffIsRefused) {
  const std::string wav = ReadFixture("audio/8k.wav");
  EXPECT_THAT(DecodeAudio(absl::string_view(wav).substr(0, wav.size() / 2)),
              FailsWith(kDataLoss, "is cut off: 0."));
  const std::string flac = ReadFixture("audio/8k.flac");
  EXPECT_FALSE(DecodeAudio(absl::string_view(flac).substr(0, flac.size() / 2)).ok());
  WavHeader header;
  header.data_bytes = 6400;
  EXPECT_THAT(DecodeAudio(Wav(header, std::string(1600, '\1'))),
              FailsWith(kDataLoss, "is cut off: 0.1 of 0.4 s are there"));
}

// Returns a NIST SPHERE file of 16 bits at 8 kHz.
std::string Sphere(const std::string& coding, int64_t sample_count, const std::string& data) {
  std::string header = absl::StrCat(
      "NIST_1A\n   1024\nchannel_count -i 1\nsample_rate -i 8000\nsample_n_bytes -i 2\n"
      "sample_byte_format -s2 01\nsample_sig_bits -i 16\nsample_coding -s",
      coding.size(), " ", coding, "\nsample_count -i ", sample_count, "\nend_head\n");
  header.resize(1024, ' ');
  return header + data;
}

TEST(AudioTest, SphereIsRead) {
  const std::string data = Little(16384, 2) + Little(0x8000, 2);
  const Recording recording = Decode(Sphere("pcm", 2, data));
  EXPECT_THAT(recording.samples, ElementsAre(0.5f, -1));
  EXPECT_EQ(recording.sampling_rate, 8000);
  EXPECT_THAT(DecodeAudio(Sphere("pcm", 4000, data)), FailsWith(kDataLoss, "of 0.5 s are there"));
  EXPECT_THAT(DecodeAudio(Sphere("pcm,embedded-shorten-v2.00", 2, data)),
              FailsWith(kDataLoss, "compressed by shorten, which is not read; sph2pipe"));
}

TEST(AudioTest, ResamplingKeepsPitchLoudnessAndLength) {
  for (const int64_t rate : {8000, 11025, 16000, 44100}) {
    Recording recording = Decode(ReadFixture("audio/float.wav"));  // 440 Hz, at 16 kHz
    ASSERT_TRUE(Resample(rate, &recording).ok());
    EXPECT_EQ(recording.sampling_rate, rate);
    EXPECT_NEAR(recording.seconds(), 0.05, 1e-4);
    // Away from the ends, before and after which there is silence.
    const auto size = static_cast<int64_t>(recording.samples.size());
    for (int64_t i = size / 4; i < size * 3 / 4; ++i) {
      const double expected = 0.5 * std::sin(2 * M_PI * 440 * static_cast<double>(i) / rate);
      EXPECT_NEAR(recording.samples[static_cast<size_t>(i)], expected, 5e-3) << rate << " " << i;
    }
  }
}

TEST(AudioTest, RatesTooFarApartAreNotConverted) {
  Recording recording = Decode(ReadFixture("audio/8k.wav"));
  const absl::Status status = Resample(8000 * 300, &recording);
  EXPECT_THAT(status.message(), HasSubstr("cannot be converted from 8000 to 2400000 Hz"));
}

TEST(AudioTest, HostileHeadersAreRefused) {
  const std::string data(64, '\0');
  for (const auto& [channels, rate, bits] : {std::tuple<int, uint32_t, int>{0, 8000, 16},
                                             {65535, 8000, 16},
                                             {1, 0, 16},
                                             {1, 999, 16},
                                             {1, 0xffffffffu, 16},
                                             {1, 500000, 16},
                                             {1, 8000, 0},
                                             {1, 8000, 65535}}) {
    SCOPED_TRACE(absl::StrCat(channels, " ", rate, " ", bits));
    WavHeader header;
    header.channels = static_cast<uint16_t>(channels);
    header.rate = rate;
    header.bits = static_cast<uint16_t>(bits);
    header.data_bytes = 64;
    EXPECT_EQ(DecodeAudio(Wav(header, data)).status().code(), kDataLoss);
  }
}

TEST(AudioTest, CutAnywhereAFileIsRefusedOrShorter) {
  for (const char* name : {"8k.wav", "8k.flac", "tone.mp3", "tone.ogg", "tone.opus.ogg"}) {
    SCOPED_TRACE(name);
    const std::string content = ReadFixture(absl::StrCat("audio/", name));
    const size_t whole = Decode(content).samples.size();
    for (size_t size = 0; size < content.size(); size += 7) {
      const auto recording = DecodeAudio(content.substr(0, size));
      if (recording.ok()) {
        EXPECT_LE(recording->samples.size(), whole) << size;
      } else {
        EXPECT_EQ(recording.status().code(), kDataLoss) << size << recording.status();
      }
    }
  }
}

TEST(AudioTest, DamageIsRefusedOrHeard) {
  for (const char* name : {"8k.wav", "8k.flac", "tone.mp3", "tone.ogg", "tone.opus.ogg"}) {
    SCOPED_TRACE(name);
    const std::string content = ReadFixture(absl::StrCat("audio/", name));
    for (size_t i = 0; i < content.size(); i += 5) {
      std::string damaged = content;
      damaged[i] = static_cast<char>(damaged[i] ^ 0xff);
      const auto recording = DecodeAudio(damaged);
      if (!recording.ok()) continue;
      EXPECT_LE(recording->samples.size(), 100'000u) << i;
      EXPECT_THAT(recording->samples,
                  Each(testing::Truly([](float x) { return std::isfinite(x); })));
    }
  }
}

}  // namespace
}  // namespace kur
