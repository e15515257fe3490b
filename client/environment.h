#ifndef KUR_CLIENT_ENVIRONMENT_H_
#define KUR_CLIENT_ENVIRONMENT_H_

#include <map>
#include <string>
#include <utility>

namespace kur::client {

// Environment variables, and the folders that are derived from them. Immutable, thread-safe.
class Environment {
 public:
  explicit Environment(std::map<std::string, std::string> variables)
      : variables_(std::move(variables)) {}

  // Copies the environment of this process.
  static Environment FromProcess();

  // Returns the value of a variable; "" if it is not set.
  std::string Get(const std::string& name) const;

  // Returns $XDG_CONFIG_HOME/kurctl/config.yml; default: below ~/.config.
  std::string ConfigFile() const;

  // Returns $XDG_CONFIG_HOME/kurd/secrets.key; default: below ~/.config. The key of the user's own
  // kurd for secrets.
  std::string SecretsKeyFile() const;

  // Returns the state directory of the user's own kurd: $KUR_STATE_DIR, else kurd in
  // $XDG_DATA_HOME, else below ~/.local/share.
  std::string StateDirectory() const;

 private:
  // Returns the value of `variable` if it is an absolute path, else `fallback` in the home folder.
  std::string BaseDirectory(const std::string& variable, const std::string& fallback) const;

  std::map<std::string, std::string> variables_;
};

// Returns the path of the socket of the kurd with that state directory.
std::string SocketPath(const std::string& state_directory);

}  // namespace kur::client

#endif  // KUR_CLIENT_ENVIRONMENT_H_
