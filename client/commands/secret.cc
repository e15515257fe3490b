#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "client/commands/commands.h"
#include "client/output/format.h"
#include "client/output/table.h"
#include "client/secret_input.h"
#include "engine/base/status.h"
#include "engine/base/unique_fd.h"
#include "engine/base/wipe.h"
#include "engine/value/secret_reference.h"

namespace kur::client {
namespace {

std::string AgeOf(const google::protobuf::Timestamp& time, absl::Time now) {
  return absl::StrCat(HumanDuration(now - TimeOf(time)), " ago");
}

std::string RenderTable(const v1::ListSecretsResponse& response, absl::Time now,
                        const Terminal& terminal) {
  Table table({{"NAME"}, {"SET"}, {"USED"}, {"BY"}, {"STATE"}});
  for (const v1::Secret& secret : response.secrets()) {
    table.Add({secret.name(), AgeOf(secret.set_at(), now),
               secret.has_used_at() ? AgeOf(secret.used_at(), now) : std::string(),
               secret.used_by(),
               secret.unreadable() ? Table::Cell("encrypted with another key", Style::kRed)
                                   : Table::Cell("good", Style::kGreen)});
  }
  return table.Render(terminal);
}

class SecretCommand : public Command {
 public:
  Info info() const override {
    return {"secret", "Keep passwords and tokens on the server, out of Kurfiles: set, list, rm",
            "kurctl secret set HF_TOKEN\n"
            "kurctl secret set SLACK_URL --file slack.txt\n"
            "kurctl secret list -o json\n"
            "kurctl secret rm HF_TOKEN"};
  }

  void Declare(Arguments& arguments) override {
    arguments.Positional("ACTION", &action_, "set, list or rm");
    arguments.OptionalPositional("SECRET", &name_, "The secret's name, for set and rm");
    arguments.Option("--file", "FILE", &file_,
                     "For set: read the secret from this file; default: standard input");
    AddOutputOption(arguments, &format_, {"table", "json", "yaml", "name"});
    arguments.AddNote(
        "set asks for the secret and shows nothing of what you type; with a pipe or --file it "
        "takes\n"
        "the whole text but the line end at its end. The server keeps it encrypted, and no "
        "command\n"
        "shows it again. A Kurfile names it in place of the value, under 'url' and 'login' of "
        "data,\n"
        "and 'url' and 'token' of the hook slack:\n"
        "  csv: {url: https://example.org/train.csv, login: secret:HF_TOKEN}");
  }

  absl::StatusOr<ExitCode> Run(Context& context) override {
    if (action_ == "list") {
      if (!name_.empty()) return UsageError("list takes no name");
      return List(context);
    }
    if (action_ != "set" && action_ != "rm") {
      return UsageError(absl::StrCat("say set, list or rm, not '", action_, "'"));
    }
    // What is no name may be the secret, which is not to be repeated.
    if (!IsSecretName(name_)) {
      return UsageError(absl::StrCat("name the secret: ", SecretNameRule()));
    }
    return action_ == "set" ? Set(context) : Remove(context);
  }

 private:
  absl::StatusOr<ExitCode> Set(Context& context) const {
    // Before a person types anything in vain.
    KUR_ASSIGN_OR_RETURN(const auto connection, context.Connect());
    UniqueFd file;
    if (!file_.empty()) {
      file.reset(open(file_.c_str(), O_RDONLY | O_CLOEXEC));
      if (!file.valid()) return ErrnoToStatus(errno, file_);
    }
    auto secret =
        ReadSecret(file.valid() ? file.get() : STDIN_FILENO,
                   absl::StrCat("the secret ", name_, " (it is not shown): "), context.err);
    if (absl::IsCancelled(secret.status())) {
      context.err.WriteLine(absl::StrCat("kurctl: ", secret.status().message()));
      return ExitCode::kInterrupted;
    }
    KUR_RETURN_IF_ERROR(secret.status());
    const Wiper wiper(&*secret);
    v1::SetSecretRequest request;
    request.set_name(name_);
    request.set_value(*secret);
    const Wiper request_wiper(request.mutable_value());
    KUR_RETURN_IF_ERROR(connection->Call(&v1::Secrets::Stub::SetSecret, request).status());
    context.out.WriteLine(
        absl::StrCat("secret ", name_, " stored; Kurfiles name it secret:", name_));
    return ExitCode::kOk;
  }

  absl::StatusOr<ExitCode> List(Context& context) const {
    KUR_ASSIGN_OR_RETURN(const auto connection, context.Connect());
    KUR_ASSIGN_OR_RETURN(const auto response, connection->Call(&v1::Secrets::Stub::ListSecrets,
                                                               v1::ListSecretsRequest()));
    if (format_ == OutputFormat::kName) {
      for (const v1::Secret& secret : response.secrets()) context.out.WriteLine(secret.name());
    } else if (IsStructured(format_)) {
      context.out.Write(RenderStructured(format_, ToJsonList(response.secrets())));
    } else if (response.secrets().empty()) {
      context.err.WriteLine("no secrets; store one with `kurctl secret set NAME`");
    } else {
      context.out.Write(RenderTable(response, context.clock.Now(), context.out));
    }
    return ExitCode::kOk;
  }

  absl::StatusOr<ExitCode> Remove(Context& context) const {
    KUR_ASSIGN_OR_RETURN(const auto connection, context.Connect());
    v1::DeleteSecretRequest request;
    request.set_name(name_);
    KUR_RETURN_IF_ERROR(connection->Call(&v1::Secrets::Stub::DeleteSecret, request).status());
    context.out.WriteLine(absl::StrCat("secret ", name_, " removed"));
    return ExitCode::kOk;
  }

  std::string action_;
  std::string name_;
  std::string file_;
  OutputFormat format_ = OutputFormat::kTable;
};

}  // namespace

std::unique_ptr<Command> MakeSecretCommand() { return std::make_unique<SecretCommand>(); }

}  // namespace kur::client
