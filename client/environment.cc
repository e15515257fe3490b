#include "client/environment.h"

#include <pwd.h>
#include <unistd.h>

#include "engine/base/file_system.h"

namespace kur::client {

Environment Environment::FromProcess() {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const size_t equals = text.find('=');
    if (equals != std::string::npos) {
      variables.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  if (const passwd* user = getpwuid(getuid()); variables["HOME"].empty() && user != nullptr) {
    variables["HOME"] = user->pw_dir;
  }
  return Environment(std::move(variables));
}

std::string Environment::Get(const std::string& name) const {
  const auto it = variables_.find(name);
  return it == variables_.end() ? "" : it->second;
}

std::string Environment::ConfigFile() const {
  return JoinPath(BaseDirectory("XDG_CONFIG_HOME", ".config"), "kurctl/config.yml");
}

std::string Environment::SecretsKeyFile() const {
  return JoinPath(BaseDirectory("XDG_CONFIG_HOME", ".config"), "kurd/secrets.key");
}

std::string Environment::StateDirectory() const {
  std::string chosen = Get("KUR_STATE_DIR");
  if (!chosen.empty()) return chosen;
  return JoinPath(BaseDirectory("XDG_DATA_HOME", ".local/share"), "kurd");
}

std::string Environment::BaseDirectory(const std::string& variable,
                                       const std::string& fallback) const {
  // The XDG specification demands that relative paths be ignored.
  const std::string value = Get(variable);
  return !value.empty() && value[0] == '/' ? value : JoinPath(Get("HOME"), fallback);
}

std::string SocketPath(const std::string& state_directory) {
  return JoinPath(state_directory, "kurd.sock");
}

}  // namespace kur::client
