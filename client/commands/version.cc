#include "absl/strings/str_cat.h"
#include "client/commands/commands.h"
#include "client/output/text.h"
#include "engine/base/status.h"

namespace kur::client {
namespace {

class VersionCommand : public Command {
 public:
  Info info() const override {
    return {"version", "Print the versions of kurctl and of the server",
            "kurctl version\n"
            "kurctl version --client"};
  }

  void Declare(Arguments& arguments) override {
    arguments.Flag("--client", &client_only_, "Do not ask the server");
  }

  absl::StatusOr<ExitCode> Run(Context& context) override {
    context.out.Line(absl::StrCat("kurctl ", KUR_VERSION));
    if (client_only_) return ExitCode::kOk;
    const auto info = ServerVersion(context);
    if (info.ok()) {
      context.out.Line(absl::StrCat("kurd ", info->version(), " (you are ", Printable(info->user()),
                                    ", state in ", info->state_directory(), ")"));
    } else {
      context.err.Line(absl::StrCat("kurd: ", info.status().message()));
    }
    return ExitCode::kOk;
  }

 private:
  static absl::StatusOr<v1::ServerInfo> ServerVersion(const Context& context) {
    KUR_ASSIGN_OR_RETURN(const auto connection, context.Connect());
    return connection->Call(&v1::System::Stub::GetServerInfo, v1::GetServerInfoRequest());
  }

  bool client_only_ = false;
};

}  // namespace

std::unique_ptr<Command> MakeVersionCommand() { return std::make_unique<VersionCommand>(); }

}  // namespace kur::client
