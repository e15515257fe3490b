#include "client/config.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/exit_code.h"
#include "engine/base/file_system.h"
#include "engine/base/status.h"
#include "engine/base/suggest.h"

namespace kur::client {
namespace {

constexpr int64_t kMaxFileBytes = 1 << 20;

absl::Status At(const std::string& path, const YAML::Mark& mark, absl::string_view message) {
  return absl::InvalidArgumentError(
      absl::StrCat(path, ":", mark.line + 1, ":", mark.column + 1, ": ", message));
}

// Converts the parsed file. Throws exceptions of yaml-cpp.
absl::StatusOr<FileConfig> Parse(const std::string& path, const std::string& text) {
  FileConfig config;
  const std::map<std::string, std::string*> strings = {{"server", &config.server},
                                                       {"token", &config.token},
                                                       {"token_file", &config.token_file},
                                                       {"tls_ca", &config.tls_ca},
                                                       {"project", &config.project}};
  const YAML::Node root = YAML::Load(text);
  if (root.IsNull()) return config;
  if (!root.IsMap())
    return At(path, root.Mark(), "expected keys and values, as in 'server: HOST:PORT'");
  for (const auto& entry : root) {
    const auto key = entry.first.as<std::string>();
    if (key == "tls") {
      config.tls = entry.second.as<bool>();
    } else if (const auto it = strings.find(key); it != strings.end()) {
      if (!entry.second.IsScalar()) {
        return At(path, entry.second.Mark(), absl::StrCat(key, " must be a single value"));
      }
      *it->second = entry.second.as<std::string>();
    } else {
      std::vector<std::string> known = {"tls"};
      for (const auto& name : strings) known.push_back(name.first);
      return At(path, entry.first.Mark(),
                absl::StrCat("unknown key '", key, "'", DidYouMean(key, known)));
    }
  }
  return config;
}

absl::StatusOr<std::string> ReadToken(const std::string& path) {
  KUR_ASSIGN_OR_RETURN(std::string token, FileSystem::Posix().Read(path, kMaxFileBytes));
  absl::StripAsciiWhitespace(&token);
  if (token.empty()) return absl::InvalidArgumentError(absl::StrCat(path, " holds no token"));
  return token;
}

// Returns the first argument that is not empty.
std::string FirstNonEmpty(const std::string& a, const std::string& b, const std::string& c = "") {
  return !a.empty() ? a : !b.empty() ? b : c;
}

absl::StatusOr<std::string> ChooseToken(const ConnectionFlags& flags,
                                        const Environment& environment, const FileConfig& file) {
  if (!flags.token_file.empty()) return ReadToken(flags.token_file);
  const std::string token = FirstNonEmpty(environment.Get("KURCTL_TOKEN"), file.token);
  if (token.empty() && !file.token_file.empty()) return ReadToken(file.token_file);
  return token;
}

}  // namespace

absl::StatusOr<FileConfig> ReadConfigFile(const std::string& path) {
  if (!Exists(path)) return FileConfig{};
  KUR_ASSIGN_OR_RETURN(const std::string text, FileSystem::Posix().Read(path, kMaxFileBytes));
  try {
    return Parse(path, text);
  } catch (const YAML::Exception& error) {
    return At(path, error.mark, error.msg);
  }
}

absl::StatusOr<Settings> ResolveSettings(const ConnectionFlags& flags,
                                         const Environment& environment) {
  KUR_ASSIGN_OR_RETURN(FileConfig file, ReadConfigFile(environment.ConfigFile()));
  Settings settings;
  settings.project = file.project;
  const std::string server =
      FirstNonEmpty(flags.server, environment.Get("KURCTL_SERVER"), file.server);
  if (!file.server.empty() && server != file.server) file = FileConfig{};

  settings.is_default_server = server.empty();
  if (settings.is_default_server) {
    settings.server.path = SocketPath(environment.StateDirectory());
  } else {
    auto address = ParseAddress(server);
    if (!address.ok()) return UsageError(std::string(address.status().message()));
    settings.server = *std::move(address);
  }

  const std::string roots =
      FirstNonEmpty(flags.tls_ca, environment.Get("KURCTL_TLS_CA"), file.tls_ca);
  settings.tls = UsesTls(settings.server, flags.tls || file.tls || !roots.empty());
  if (settings.tls && !roots.empty()) {
    KUR_ASSIGN_OR_RETURN(settings.tls_roots, FileSystem::Posix().Read(roots, kMaxFileBytes));
  }
  KUR_ASSIGN_OR_RETURN(settings.token, ChooseToken(flags, environment, file));
  const bool printable = std::all_of(settings.token.begin(), settings.token.end(),
                                     [](char c) { return c > ' ' && c < 0x7f; });
  if (!printable) {
    return absl::InvalidArgumentError(
        "the token has characters that no token has (spaces, control characters or letters beyond "
        "ASCII); it is one word");
  }
  return settings;
}

}  // namespace kur::client
