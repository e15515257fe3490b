#include "engine/formats/audio.h"

#include <sndfile.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
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
  if (absl::StartsWith(content, "ID3")) return true;
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
    return absl::DataLossError("is neither WAV, FLAC, MP3 nor Ogg");
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
  if (sf_error(file.get()) != SF_ERR_NO_ERROR) {
    return absl::DataLossError(absl::StrCat("the audio is damaged: ", sf_strerror(file.get())));
  }
  if (recording.samples.empty()) return absl::DataLossError("has no samples");
  return recording;
}

absl::StatusOr<Recording> ReadAudio(const std::string& path, const AudioLimits& limits) {
  KUR_ASSIGN_OR_RETURN(const std::string content,
                       FilesWithoutLinks().Read(path, limits.max_file_bytes));
  auto recording = DecodeAudio(content, limits);
  if (!recording.ok()) return Annotate(recording.status(), path);
  return recording;
}

}  // namespace kur
