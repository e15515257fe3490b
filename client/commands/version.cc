#include "engine/base/version.h"

#include "absl/strings/str_cat.h"
#include "client/commands/commands.h"
#include "client/output/structured.h"
#include "client/output/text.h"
#include "engine/base/status.h"

namespace kur::client {
namespace {

class VersionCommand : public Command {
 public:
  Info info() const override {
    return {"version", "Print the versions of kurctl and of the server",
            "kurctl version\n"
            "kurctl version --client\n"
            "kurctl version -o json"};
  }

  void Declare(Arguments& arguments) override {
    arguments.Flag("--client", &client_only_, "Do not ask the server");
    AddOutputOption(arguments, &format_, {"table", "wide", "json", "yaml", "name"});
  }

  absl::StatusOr<ExitCode> Run(Context& context) override {
    if (IsStructured(format_)) return PrintStructured(context);
    context.out.WriteLine(absl::StrCat("kurctl ", kVersion));
    if (client_only_ || format_ == OutputFormat::kName) return ExitCode::kOk;
    const auto info = ServerVersion(context);
    if (info.ok()) {
      const std::string& directory = info->state_directory();
      const std::string state = directory.empty() ? "" : ", state in " + Printable(directory);
      context.out.WriteLine(absl::StrCat("kurd ", info->version(), " (you are ",
                                         Printable(info->user()), state, ")"));
    } else {
      context.err.WriteLine(absl::StrCat("kurd: ", info.status().message()));
    }
    return ExitCode::kOk;
  }

 private:
  // Prints {"client": ..., "server": {...}}, without "server" if no server answers.
  ExitCode PrintStructured(Context& context) const {
    Json json = Json::object();
    json["client"] = std::string(kVersion);
    if (!client_only_) {
      const auto info = ServerVersion(context);
      if (info.ok()) json["server"] = ToJson(*info);
    }
    context.out.Write(RenderStructured(format_, json));
    return ExitCode::kOk;
  }

  static absl::StatusOr<v1::ServerInfo> ServerVersion(const Context& context) {
    KUR_ASSIGN_OR_RETURN(const auto connection, context.Connect());
    return connection->Call(&v1::System::Stub::GetServerInfo, v1::GetServerInfoRequest());
  }

  bool client_only_ = false;
  OutputFormat format_ = OutputFormat::kTable;
};

}  // namespace

std::unique_ptr<Command> MakeVersionCommand() { return std::make_unique<VersionCommand>(); }

}  // namespace kur::client
