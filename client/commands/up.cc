#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/commands/commands.h"
#include "client/local_daemon.h"
#include "engine/base/status.h"

namespace kur::client {
namespace {

class UpCommand : public Command {
 public:
  Info info() const override {
    return {"up",
            "Start a kurd of your own on this machine",
            "kurctl up\n"
            "kurctl up --devices cpu:2",
            {},
            /*connects=*/false};
  }

  void Declare(Arguments& arguments) override {
    arguments.Option("--state-dir", "DIR", &state_directory_,
                     "Where it keeps everything, default: $KUR_STATE_DIR or ~/.local/share/kurd");
    arguments.Option("--devices", "SPEC", &devices_,
                     "The devices to use, as `kurd --devices` takes them");
  }

  absl::StatusOr<ExitCode> Run(Context& context) override {
    KUR_ASSIGN_OR_RETURN(const std::string state,
                         LocalStateDirectory(state_directory_, context.environment));
    LocalDaemon daemon(state, context.clock);
    if (const auto info = daemon.GetInfo(); info.ok()) {
      context.out.WriteLine(
          absl::StrCat("kurd is up already (process ", info->pid(), ", state in ", state, ")"));
      return ExitCode::kOk;
    }
    KUR_ASSIGN_OR_RETURN(const std::string program,
                         FindProgram("kurd", ProgramFolder(), context.environment.Get("PATH")));
    KUR_ASSIGN_OR_RETURN(const v1::ServerInfo info,
                         daemon.Start(program, devices_, SecretsKey(context, state)));
    context.out.WriteLine(absl::StrCat("kurd ", info.version(), " is up (process ", info.pid(),
                                       ", state in ", state, ")"));
    return ExitCode::kOk;
  }

 private:
  // Returns the file of the key for secrets; "" if it would lie with the secrets.
  static std::string SecretsKey(const Context& context, const std::string& state) {
    const std::string key = context.environment.SecretsKeyFile();
    return absl::StartsWith(key, state + "/") ? "" : key;
  }

  std::string state_directory_;
  std::string devices_;
};

}  // namespace

std::unique_ptr<Command> MakeUpCommand() { return std::make_unique<UpCommand>(); }

}  // namespace kur::client
