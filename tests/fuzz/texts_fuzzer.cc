// Any bytes as one of the short texts that kurd and its programs read; the first byte says which.

#include <arpa/inet.h>

#include <filesystem>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/base/glob.h"
#include "engine/base/network_rules.h"
#include "engine/base/path_resolver.h"
#include "engine/download/downloader.h"
#include "server/auth/token_file.h"
#include "server/launcher/process.h"
#include "server/launcher/worker_search.h"
#include "server/net/listen_address.h"
#include "server/submission/submission.h"
#include "tests/fuzz/fuzzing.h"

namespace kur::server {
namespace {

using fuzz::Require;
namespace fs = std::filesystem;

// A workspace with files, folders, and links that stay inside, lead outside, and form a circle.
struct Folders {
  Folders() {
    directory.Write("workspace/folder/file", "");
    directory.Write("outside/file", "");
    fs::create_directory(directory.File("home"));
    fs::create_symlink("folder", directory.File("workspace/in"));
    fs::create_symlink(directory.File("outside"), directory.File("workspace/out"));
    fs::create_symlink("circle", directory.File("workspace/circle"));
    fs::create_symlink("../outside/missing", directory.File("workspace/dangling"));
    PathResolver::Options options;
    options.workspace = directory.File("workspace");
    options.home = directory.File("home");
    options.inputs["../input"] = directory.File("outside/file");
    resolver = std::make_unique<PathResolver>(std::move(options));
  }

  // Whether a path, or the deepest folder of it that exists, is in what a job may touch.
  bool IsInside(std::string path) const {
    while (!fs::exists(fs::symlink_status(path))) path = DirectoryOf(path);
    std::error_code error;
    const std::string real = fs::canonical(path, error).string();
    return !error && (absl::StartsWith(real, directory.File("workspace")) ||
                      absl::StartsWith(real, directory.File("home")));
  }

  TemporaryDirectory directory;
  std::unique_ptr<PathResolver> resolver;
};

void ReadPath(const std::string& text) {
  static const auto* const folders = new Folders;
  for (const auto& normalized : {NormalizeInputPath(text), NormalizeRelativePath(text)}) {
    if (normalized.ok()) Require(NormalizeInputPath(*normalized).value() == *normalized);
  }
  const auto read = folders->resolver->ForReading(text);
  const std::string input = folders->directory.File("outside/file");
  if (read.ok()) Require(fs::exists(*read) && (*read == input || folders->IsInside(*read)));
  const auto written = folders->resolver->ForWriting(text);
  if (written.ok()) Require(folders->IsInside(*written));
}

void ReadListenAddress(const std::string& text) {
  const auto address = ParseListenAddress(text);
  if (!address.ok()) return;
  const auto again = ParseListenAddress(address->ToString());
  Require(again.ok() && again->ToString() == address->ToString());
  Require(again->IsLocal() == address->IsLocal());
}

// No message has a token, which has 16 characters or more.
void ReadTokens(const std::string& text) {
  const auto tokens = TokenFile::Parse(text, "tokens");
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(line, absl::MaxSplits(':', 1));
    const absl::string_view token = absl::StripAsciiWhitespace(parts.second);
    if (token.size() < 16 || absl::StartsWith(absl::StripLeadingAsciiWhitespace(line), "#")) {
      continue;
    }
    if (tokens.ok()) {
      Require(tokens->UserOf(token) == std::string(absl::StripAsciiWhitespace(parts.first)));
    } else if (token.size() > 40) {
      Require(!absl::StrContains(tokens.status().message(), token));
    }
  }
}

void ReadNetworks(const std::string& text) {
  const auto rules = NetworkRules::Parse(absl::StrSplit(text, '\n'));
  if (!rules.ok()) return;
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  // What is allowed besides never takes the public internet away.
  inet_pton(AF_INET, "8.8.8.8", &address.sin_addr);
  Require(rules->Check(reinterpret_cast<const sockaddr&>(address)).ok());
}

void ReadProcess(const std::string& text) {
  const auto identity = ParseHandle({text});
  if (identity.ok()) {
    const auto again = ParseHandle(ToHandle(*identity));
    Require(again.ok() && ToHandle(*again).text == ToHandle(*identity).text);
  }
  ParseProcessStat(text).IgnoreError();
  IsWorkerCommandLine(text, "/runs/a", "1:2");
}

void ReadName(const std::string& text) {
  const std::string name = NameFromKurfile(text);
  Require(!name.empty() && name.size() <= kMaxNameBytes);
  for (const char c : name) {
    Require(absl::ascii_isalnum(static_cast<unsigned char>(c)) || absl::StrContains("._-", c));
  }
  const std::string url = RedactUrl(text);
  Require(url.find_first_of("?#") == std::string::npos && RedactUrl(url) == url);
  const std::pair<std::string, std::string> parts = absl::StrSplit(text, absl::MaxSplits(' ', 1));
  const bool matches = MatchesGlob(parts.first, parts.second);
  if (parts.first.find_first_of("*?") == std::string::npos) {
    Require(matches == (parts.first == parts.second));
  }
}

}  // namespace

void Read(uint8_t kind, const std::string& text) {
  switch (kind) {
    case 'l':
      return ReadListenAddress(text);
    case 't':
      return ReadTokens(text);
    case 'n':
      return ReadNetworks(text);
    case 'h':
      return ReadProcess(text);
    case 'k':
      return ReadName(text);
    default:
      return ReadPath(text);
  }
}

}  // namespace kur::server

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 0) kur::server::Read(data[0], std::string(kur::fuzz::Text(data + 1, size - 1)));
  return 0;
}
