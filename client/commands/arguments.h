#ifndef KUR_CLIENT_COMMANDS_ARGUMENTS_H_
#define KUR_CLIENT_COMMANDS_ARGUMENTS_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace kur::client {

// Declares the arguments of a command. Parsing a command line stores the values and leaves the
// value of an argument that is not given unchanged. `names` are separated by commas: "-f,--follow".
// Used by one thread.
class Arguments {
 public:
  virtual ~Arguments() = default;

  // Declares an optional word.
  virtual void OptionalPositional(const std::string& name, std::string* value,
                                  const std::string& doc) = 0;
  // Declare a required word, and one or more words.
  virtual void Positional(const std::string& name, std::string* value, const std::string& doc) = 0;
  virtual void Positionals(const std::string& name, std::vector<std::string>* values,
                           const std::string& doc) = 0;

  virtual void Flag(const std::string& names, bool* value, const std::string& doc) = 0;
  virtual void Option(const std::string& names, const std::string& placeholder, std::string* value,
                      const std::string& doc) = 0;
  // Declares an option that may be given several times.
  virtual void Repeated(const std::string& names, const std::string& placeholder,
                        std::vector<std::string>* values, const std::string& doc) = 0;
  // Declares an option whose value is an integer of at least 1.
  virtual void Number(const std::string& names, const std::string& placeholder, int64_t* value,
                      const std::string& doc) = 0;
  // Declares an option whose value is one of `choices`. Calls `chosen` with the index of the value.
  virtual void Choice(const std::string& names, const std::string& placeholder,
                      const std::vector<std::string>& choices,
                      std::function<void(size_t index)> chosen, const std::string& doc) = 0;

  // Adds a paragraph to the help text, before the examples.
  virtual void AddNote(const std::string& text) = 0;
};

}  // namespace kur::client

#endif  // KUR_CLIENT_COMMANDS_ARGUMENTS_H_
