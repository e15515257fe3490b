#ifndef KUR_CLIENT_COMMANDS_ARGUMENTS_H_
#define KUR_CLIENT_COMMANDS_ARGUMENTS_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace kur::client {

// Where a command declares what may stand behind its name. Values are written when the command line
// is parsed; what is not given stays as it is. `names` are separated by commas: "-f,--follow".
class Arguments {
 public:
  virtual ~Arguments() = default;

  // A word that may be missing.
  virtual void OptionalPositional(const std::string& name, std::string* value,
                                  const std::string& doc) = 0;
  // A required word, and one or more of them.
  virtual void Positional(const std::string& name, std::string* value, const std::string& doc) = 0;
  virtual void Positionals(const std::string& name, std::vector<std::string>* values,
                           const std::string& doc) = 0;

  virtual void Flag(const std::string& names, bool* value, const std::string& doc) = 0;
  virtual void Option(const std::string& names, const std::string& placeholder, std::string* value,
                      const std::string& doc) = 0;
  // May be given several times.
  virtual void Repeated(const std::string& names, const std::string& placeholder,
                        std::vector<std::string>* values, const std::string& doc) = 0;
  // A whole number from 1.
  virtual void Number(const std::string& names, const std::string& placeholder, int64_t* value,
                      const std::string& doc) = 0;
  // One of `choices`; `chosen` gets its index.
  virtual void Choice(const std::string& names, const std::string& placeholder,
                      const std::vector<std::string>& choices,
                      std::function<void(size_t index)> chosen, const std::string& doc) = 0;

  // Something to say at the end of the command's help, before the example.
  virtual void Note(const std::string& text) = 0;
};

}  // namespace kur::client

#endif  // KUR_CLIENT_COMMANDS_ARGUMENTS_H_
