#include "engine/formats/audio.h"

#include <samplerate.h>
#include <sndfile.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/synchronization/mutex.h"
#include "engine/base/files_without_links.h"
#include "engine/base/status.h"

namespace kur {
namespace {

constexpr int64_t kMaxChannels = 64;
// In samples a second. No audible recording has a rate outside of these bounds.
constexpr int64_t kMinRate = 1000;
constexpr int64_t kMaxRate = 384'000;
constexpr int64_t kBlockFrames = 4096;
constexpr absl::string_view kSphere = "NIST_1A\n";

// A file in memory, for the callbacks of libsndfile.
struct MemoryFile {
  absl::string_view content;
  sf_count_t position = 0;
};

sf_count_t Length(void* data) {
  return static_cast<sf_count_t>(static_cast<MemoryFile*>(data)->content.size());
}

sf_count_t Seek(sf_count_t offset, int whence, void* data) {
  auto* file = static_cast<MemoryFile*>(data);
  const sf_count_t base = whence == SEEK_CUR   ? file->position
                          : whence == SEEK_END ? Length(data)
                                               : 0;
  sf_count_t position = 0;
  if (__builtin_add_overflow(base, offset, &position) || position < 0) return -1;
  return file->position = position;
}

sf_count_t Read(void* to, sf_count_t count, void* data) {
  auto* file = static_cast<MemoryFile*>(data);
  const sf_count_t left = std::max<sf_count_t>(Length(data) - file->position, 0);
  const sf_count_t take = std::clamp<sf_count_t>(count, 0, left);
  if (take > 0) {
    std::memcpy(to, file->content.data() + file->position, static_cast<size_t>(take));
  }
  file->position += take;
  return take;
}

sf_count_t Write(const void* /*from*/, sf_count_t /*count*/, void* /*data*/) { return 0; }

sf_count_t Tell(void* data) { return static_cast<MemoryFile*>(data)->position; }

struct Closer {
  void operator()(SNDFILE* file) const { sf_close(file); }
};
using SoundFile = std::unique_ptr<SNDFILE, Closer>;

// Returns whether the content starts as a supported format. libsndfile reads two dozen more, some
// of which are rarely used and little hardened against attacks.
bool IsKnownFormat(absl::string_view content) {
  if (absl::StartsWith(content, "RIFF") || absl::StartsWith(content, "RF64")) {
    return content.size() >= 12 && content.substr(8, 4) == "WAVE";
  }
  if (absl::StartsWith(content, "fLaC") || absl::StartsWith(content, "OggS")) return true;
  if (absl::StartsWith(content, "ID3") || absl::StartsWith(content, kSphere)) return true;
  // A frame of MPEG audio begins with eleven set bits.
  return content.size() >= 2 && static_cast<uint8_t>(content[0]) == 0xff &&
         (static_cast<uint8_t>(content[1]) & 0xe0) == 0xe0;
}

int BitsOf(int format) {
  switch (format & SF_FORMAT_SUBMASK) {
    case SF_FORMAT_PCM_U8:
    case SF_FORMAT_PCM_S8:
      return 8;
    case SF_FORMAT_PCM_24:
    case SF_FORMAT_PCM_32:
      return 32;
    default:
      return 16;
  }
}

absl::StatusOr<SoundFile> Open(MemoryFile* memory, SF_INFO* info) {
  // libsndfile reports why opening failed in a variable that all threads share.
  static absl::Mutex mutex(absl::kConstInit);
  static SF_VIRTUAL_IO io = {Length, Seek, Read, Write, Tell};
  const absl::MutexLock lock(&mutex);
  SoundFile file(sf_open_virtual(&io, SFM_READ, info, memory));
  if (file != nullptr) return file;
  return absl::DataLossError(absl::StrCat("the audio is damaged: ", sf_strerror(nullptr)));
}

absl::Status CheckInfo(const SF_INFO& info) {
  if (info.channels < 1 || info.channels > kMaxChannels) {
    return absl::DataLossError(
        absl::StrCat("has ", info.channels, " channels; expected 1 to ", kMaxChannels));
  }
  if (info.samplerate >= kMinRate && info.samplerate <= kMaxRate) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("has a sampling rate of ", info.samplerate,
                                          " Hz; expected ", kMinRate, " to ", kMaxRate));
}

uint32_t LittleEndian(absl::string_view four_bytes) {
  uint32_t value = 0;
  for (size_t i = 4; i-- > 0;) value = value << 8 | static_cast<uint8_t>(four_bytes[i]);
  return value;
}

// Returns how many seconds a WAV file says that it holds; 0: it does not say. libsndfile takes what
// is there for all of it. Programs that write to a pipe do not know the size, and fill in almost
// the largest number, or 0.
double SecondsByWavHeader(absl::string_view content) {
  constexpr uint32_t kUnknownSize = 0x7ff00000;
  double bytes_per_second = 0;
  absl::string_view rest = content.substr(12);
  while (rest.size() >= 8) {
    const uint32_t size = LittleEndian(rest.substr(4));
    if (absl::StartsWith(rest, "data")) {
      return size < kUnknownSize && bytes_per_second > 0 ? size / bytes_per_second : 0;
    }
    if (absl::StartsWith(rest, "fmt ") && size >= 16 && rest.size() >= 24) {
      bytes_per_second = LittleEndian(rest.substr(16));
    }
    rest.remove_prefix(std::min(rest.size(), size_t{8} + size + size % 2));
  }
  return 0;
}

// Returns the value of a field of the header of a NIST SPHERE file; empty: it has none.
absl::string_view SphereField(absl::string_view content, absl::string_view name) {
  constexpr size_t kHeaderBytes = 1024;
  const absl::string_view header = content.substr(0, kHeaderBytes);
  const size_t line = header.find(absl::StrCat("\n", name, " -"));
  if (line == absl::string_view::npos) return "";
  const size_t value = header.find(' ', line + name.size() + 3);
  if (value == absl::string_view::npos) return "";
  return header.substr(value + 1, header.find('\n', value) - value - 1);
}

// Returns how many seconds a file says that it holds; 0: it does not say, or its format bears a
// cut.
double SecondsByHeader(absl::string_view content, const SF_INFO& info) {
  int64_t frames = 0;
  switch (info.format & SF_FORMAT_TYPEMASK) {
    case SF_FORMAT_WAV:
    case SF_FORMAT_WAVEX:
      return SecondsByWavHeader(content);
    case SF_FORMAT_FLAC:
      frames = info.frames == SF_COUNT_MAX ? 0 : info.frames;
      break;
    case SF_FORMAT_NIST:
      if (!absl::SimpleAtoi(SphereField(content, "sample_count"), &frames)) return 0;
      break;
    default:
      return 0;
  }
  return static_cast<double>(frames) / info.samplerate;
}

// Appends the mean of the channels of every frame. Returns false if a mean is not finite.
bool AppendMono(const std::vector<float>& frames, int64_t count, int channels,
                std::vector<float>* to) {
  bool finite = true;
  for (int64_t i = 0; i < count; ++i) {
    double sum = 0;
    for (int c = 0; c < channels; ++c) sum += frames[static_cast<size_t>(i * channels + c)];
    to->push_back(static_cast<float>(sum / channels));
    finite &= std::isfinite(to->back());
  }
  return finite;
}

}  // namespace

absl::StatusOr<Recording> DecodeAudio(absl::string_view content, const AudioLimits& limits) {
  if (!IsKnownFormat(content)) {
    return absl::DataLossError("is neither WAV, FLAC, MP3, Ogg nor NIST SPHERE");
  }
  if (absl::StartsWith(content, kSphere) &&
      absl::StrContains(SphereField(content, "sample_coding"), "shorten")) {
    return absl::DataLossError(
        "is a NIST SPHERE file compressed by shorten, which is not read; sph2pipe -f wav IN "
        "OUT.wav "
        "converts it");
  }
  MemoryFile memory{content};
  SF_INFO info = {};
  KUR_ASSIGN_OR_RETURN(const SoundFile file, Open(&memory, &info));
  KUR_RETURN_IF_ERROR(CheckInfo(info));
  Recording recording;
  recording.sampling_rate = info.samplerate;
  recording.bits = BitsOf(info.format);
  const double most = limits.max_seconds * info.samplerate;
  std::vector<float> block(static_cast<size_t>(kBlockFrames * info.channels));
  while (true) {
    const sf_count_t count = sf_readf_float(file.get(), block.data(), kBlockFrames);
    if (count <= 0) break;
    if (static_cast<double>(recording.samples.size() + static_cast<size_t>(count)) > most) {
      return absl::ResourceExhaustedError(
          absl::StrCat("is longer than ", limits.max_seconds, " seconds"));
    }
    if (!AppendMono(block, count, info.channels, &recording.samples)) {
      return absl::DataLossError("has samples that are not finite");
    }
  }
  const double promised = SecondsByHeader(content, info);
  const double one_frame = 1.0 / info.samplerate;
  if (recording.seconds() + one_frame < promised) {
    return absl::DataLossError(
        absl::StrFormat("is cut off: %.4g of %.4g s are there", recording.seconds(), promised));
  }
  if (sf_error(file.get()) != SF_ERR_NO_ERROR) {
    return absl::DataLossError(absl::StrCat("the audio is damaged: ", sf_strerror(file.get())));
  }
  if (recording.samples.empty()) return absl::DataLossError("has no samples");
  return recording;
}

absl::Status Resample(int64_t rate, Recording* recording) {
  if (rate == recording->sampling_rate) return absl::OkStatus();
  const double ratio = static_cast<double>(rate) / static_cast<double>(recording->sampling_rate);
  const auto expected = static_cast<double>(recording->samples.size()) * ratio;
  std::vector<float> converted(std::max<size_t>(1, static_cast<size_t>(std::lround(expected))));
  SRC_DATA data = {};
  data.data_in = recording->samples.data();
  data.input_frames = static_cast<long>(recording->samples.size());  // NOLINT(google-runtime-int)
  data.data_out = converted.data();
  data.output_frames = static_cast<long>(converted.size());  // NOLINT(google-runtime-int)
  data.src_ratio = ratio;
  const int error = src_simple(&data, SRC_SINC_MEDIUM_QUALITY, /*channels=*/1);
  if (error != 0) {
    return absl::InvalidArgumentError(absl::StrCat("cannot be converted from ",
                                                   recording->sampling_rate, " to ", rate,
                                                   " Hz: ", src_strerror(error)));
  }
  recording->samples = std::move(converted);
  recording->sampling_rate = rate;
  return absl::OkStatus();
}

absl::StatusOr<Recording> ReadAudio(const std::string& path, const AudioLimits& limits) {
  KUR_ASSIGN_OR_RETURN(const std::string content,
                       FilesWithoutLinks().Read(path, limits.max_file_bytes));
  auto recording = DecodeAudio(content, limits);
  if (!recording.ok()) return Annotate(recording.status(), path);
  return recording;
}

}  // namespace kur
