#ifndef KUR_CLIENT_COMMAND_LINE_H_
#define KUR_CLIENT_COMMAND_LINE_H_

#include <memory>
#include <string>
#include <vector>

#include "client/commands/command.h"
#include "client/config.h"

namespace kur::client {

// A command and the heading under which `kurctl --help` lists it.
struct ListedCommand {
  std::string group;
  std::unique_ptr<Command> command;
};

// The result of parsing a command line. Exactly one member is set.
struct ParsedCommandLine {
  Command* command = nullptr;  // the command to run; owned by the list of commands
  std::string help;            // the help text to print
  std::string error;           // the error, with a hint at the help
};

// Parses the command line `words` (without the program's name). Stores options of the connection in
// `flags`, all others in members of the command. Only this file uses CLI11.
ParsedCommandLine ParseCommandLine(const std::vector<std::string>& words,
                                   const std::vector<ListedCommand>& commands,
                                   ConnectionFlags* flags);

// Returns "see `kurctl COMMAND --help`"; `command` may be empty.
std::string HelpHint(const std::string& command);

}  // namespace kur::client

#endif  // KUR_CLIENT_COMMAND_LINE_H_
