// A server that answers anything to a download: the file is there whole, with its checksum, or not
// at all. The first byte says what was there before, the others are the answers.

#include <filesystem>
#include <iterator>
#include <string>

#include "engine/base/sha256.h"
#include "engine/download/downloader.h"
#include "tests/fuzz/fuzzing.h"

namespace {

using kur::fuzz::Require;

constexpr char kContent[] = "the content";

// What an input says, from its beginning to its end, after which come zeros.
class Answers {
 public:
  Answers(const uint8_t* data, size_t size) : left_(kur::fuzz::Text(data, size)) {}

  bool empty() const { return left_.empty(); }
  uint8_t Byte() {
    if (left_.empty()) return 0;
    const char byte = left_[0];
    left_.remove_prefix(1);
    return static_cast<uint8_t>(byte);
  }
  bool Bool() { return Byte() % 2 != 0; }
  int64_t Number() {
    uint32_t number = 0;
    for (int i = 0; i < 4; ++i) number = number << 8 | Byte();
    return static_cast<int32_t>(number);
  }
  std::string Text() {
    const size_t size = Byte() % 64;
    const std::string text(left_.substr(0, size));
    left_.remove_prefix(text.size());
    return text;
  }

 private:
  absl::string_view left_;
};

class HostileServer : public kur::HttpClient {
 public:
  HostileServer(const uint8_t* data, size_t size) : answers_(data, size) {}

  absl::Status Perform(const kur::HttpRequest& request,
                       const kur::HttpListener& listener) override {
    Require(request.offset >= 0);
    while (!answers_.empty() && answers_.Bool()) {
      // The right part, or anything.
      const std::string part = answers_.Bool()
                                   ? std::string(kContent).substr(std::min<size_t>(
                                         static_cast<size_t>(request.offset), sizeof(kContent) - 1))
                                   : answers_.Text();
      const absl::Status taken = listener.on_data(part);
      if (!taken.ok()) return taken;
      const int64_t received = answers_.Number();
      const absl::Status seen = listener.on_progress(received, answers_.Number());
      if (!seen.ok()) return seen;
    }
    constexpr absl::StatusCode kEnds[] = {
        absl::StatusCode::kOk, absl::StatusCode::kNotFound, absl::StatusCode::kOutOfRange,
        absl::StatusCode::kFailedPrecondition, absl::StatusCode::kPermissionDenied};
    return {kEnds[answers_.Byte() % std::size(kEnds)], "the server says so"};
  }

 private:
  Answers answers_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const kur::TemporaryDirectory folder;
  const uint8_t before = data[0];
  HostileServer server(data + 1, size - 1);
  kur::DownloadRequest request;
  request.urls = {"https://a.example/f", "https://b.example/f"};
  request.path = folder.File("data/file");
  if ((before & 1) != 0) request.sha256 = kur::Sha256Hex(kContent);
  if ((before & 2) != 0) folder.Write("data/file", "old");
  kur::DownloadOptions options;
  options.http = &server;
  if ((before & 4) != 0) options.cache = folder.File("cache");
  if ((before & 8) != 0) folder.Write("data/file.part", std::string(kContent).substr(0, 5));
  options.on_progress = [](int64_t bytes, int64_t) { return bytes != 7; };
  const absl::Status status = kur::Download(request, options);
  const std::string found = folder.Read("data/file");
  if (status.ok()) {
    Require(!request.sha256.has_value() || found == kContent);
  } else {
    kur::fuzz::RequireRefusal(status);
    Require(found == ((before & 2) != 0 ? "old" : "(missing)"));
  }
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path())) {
    const std::string name = entry.path().filename().string();
    Require(!entry.is_regular_file() || name == "file" || name == "file.part" || name.size() >= 64);
  }
  return 0;
}
