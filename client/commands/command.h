#ifndef KUR_CLIENT_COMMANDS_COMMAND_H_
#define KUR_CLIENT_COMMANDS_COMMAND_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/commands/arguments.h"
#include "client/context.h"
#include "client/exit_code.h"
#include "client/output/structured.h"

namespace kur::client {

// A command of kurctl, as `kurctl list`. Created once, declared once and run at most once, by one
// thread.
class Command {
 public:
  // The texts of the help, and what the command needs.
  struct Info {
    std::string name;
    std::string summary;                    // one line without a period
    std::string example;                    // one or more command lines that work unchanged
    std::vector<std::string> aliases = {};  // other names
    bool connects = true;                   // calls a server: has --server and the like
  };

  virtual ~Command() = default;

  virtual Info info() const = 0;

  // Declares arguments and options, whose values are members of the command.
  virtual void Declare(Arguments& arguments) = 0;

  virtual absl::StatusOr<ExitCode> Run(Context& context) = 0;
};

// Declares `-o, --output` with the formats that the command supports.
void AddOutputOption(Arguments& arguments, OutputFormat* format,
                     const std::vector<std::string>& allowed);

// Declares `--set PATH=VALUE`.
void AddOverrideOption(Arguments& arguments, std::vector<std::string>* overrides);

// Declare the job, or the jobs, that the command acts on.
void AddJobArgument(Arguments& arguments, std::string* job);
void AddJobsArgument(Arguments& arguments, std::vector<std::string>* jobs);

// Asks the server for a job by its name or an unambiguous prefix of the name.
absl::StatusOr<v1::Job> GetJob(Connection& connection, const std::string& name);

}  // namespace kur::client

#endif  // KUR_CLIENT_COMMANDS_COMMAND_H_
