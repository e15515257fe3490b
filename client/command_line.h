#ifndef KUR_CLIENT_COMMAND_LINE_H_
#define KUR_CLIENT_COMMAND_LINE_H_

#include <memory>
#include <string>
#include <vector>

#include "client/commands/command.h"
#include "client/config.h"

namespace kur::client {

// A command and the heading under which help lists it.
struct ListedCommand {
  std::string group;
  std::unique_ptr<Command> command;
};

// What a command line asks for: exactly one of the members is set.
struct ParsedCommandLine {
  Command* command = nullptr;  // to be run; belongs to the list that was given
  std::string help;            // to be printed
  std::string error;           // what is wrong with the command line, and where to find help
};

// Parses `words` (without the program's name) into `flags` and the members of the command that they
// name. The one place that knows CLI11.
ParsedCommandLine ParseCommandLine(const std::vector<std::string>& words,
                                   const std::vector<ListedCommand>& commands,
                                   ConnectionFlags* flags);

// Where help for a command is to be found; `command` may be empty.
std::string HelpHint(const std::string& command);

}  // namespace kur::client

#endif  // KUR_CLIENT_COMMAND_LINE_H_
