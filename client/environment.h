#ifndef KUR_CLIENT_ENVIRONMENT_H_
#define KUR_CLIENT_ENVIRONMENT_H_

#include <map>
#include <string>
#include <utility>

namespace kur::client {

// The environment variables that kurctl looks at, and the folders that follow from them. Immutable,
// thread-safe.
class Environment {
 public:
  explicit Environment(std::map<std::string, std::string> variables)
      : variables_(std::move(variables)) {}

  // Of this process.
  static Environment FromProcess();

  // The value of a variable; "" when it is not set.
  std::string Get(const std::string& name) const;

  // $XDG_CONFIG_HOME/kurctl/config.yml, or below ~/.config.
  std::string ConfigFile() const;

  // Where the user's own kurd keeps its state: $KUR_STATE_DIR, or kurd in $XDG_DATA_HOME, or below
  // ~/.local/share.
  std::string StateDirectory() const;

 private:
  // $`variable` or, unless that is an absolute path, `fallback` in the home folder.
  std::string BaseDirectory(const std::string& variable, const std::string& fallback) const;

  std::map<std::string, std::string> variables_;
};

// The socket of the local kurd that keeps its state in `state_directory`.
std::string SocketPath(const std::string& state_directory);

}  // namespace kur::client

#endif  // KUR_CLIENT_ENVIRONMENT_H_
