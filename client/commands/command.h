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

// One word of the command line: `kurctl list`. Made once, declared once, run at most once.
class Command {
 public:
  // What help says of it.
  struct Info {
    std::string name;
    std::string summary;                    // one line without a full stop
    std::string example;                    // one or more lines that work as they stand
    std::vector<std::string> aliases = {};  // other names
    bool connects = true;                   // talks to a server: takes --server and its like
  };

  virtual ~Command() = default;

  virtual Info info() const = 0;

  // Declares arguments and options, which are parsed into members of the command.
  virtual void Declare(Arguments& arguments) = 0;

  virtual absl::StatusOr<ExitCode> Run(Context& context) = 0;
};

// Adds `-o, --output` with the formats that the command knows.
void AddOutputOption(Arguments& arguments, OutputFormat* format,
                     const std::vector<std::string>& allowed);

// Adds `--set PATH=VALUE`.
void AddOverrideOption(Arguments& arguments, std::vector<std::string>* overrides);

// Adds the job, or the jobs, that the command is about.
void AddJobArgument(Arguments& arguments, std::string* job);
void AddJobsArgument(Arguments& arguments, std::vector<std::string>* jobs);

// The job by its name or an unambiguous prefix of it.
absl::StatusOr<v1::Job> GetJob(Connection& connection, const std::string& name);

}  // namespace kur::client

#endif  // KUR_CLIENT_COMMANDS_COMMAND_H_
