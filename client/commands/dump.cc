#include "client/commands/commands.h"
#include "engine/base/status.h"
#include "engine/kurfile/kurfile.h"

namespace kur::client {
namespace {

class DumpCommand : public Command {
 public:
  Info info() const override {
    return {"dump",
            "Print a Kurfile after includes and templating",
            "kurctl dump cifar.yml\n"
            "kurctl dump cifar.yml -o yaml > cifar-flat.yml\n"
            "kurctl dump cifar.yml --pre-parse --set train.stop_when.epochs=3",
            {},
            /*connects=*/false};
  }

  void Declare(Arguments& arguments) override {
    arguments.Positional("FILE", &file_, "The Kurfile");
    arguments.Flag("--pre-parse", &raw_, "After includes and --set, before templating");
    AddOverrideOption(arguments, &options_.overrides);
    AddOutputOption(arguments, &format_, {"json", "yaml"});
    arguments.AddNote(
        "What is printed is a Kurfile itself and may be submitted from the same folder. The model "
        "is\n"
        "printed as it was written, for its containers are evaluated while it is expanded; see\n"
        "`kurctl plan`. Of a Kurfile that is refused, what could be evaluated is printed, the "
        "errors\n"
        "go to standard error, and the exit status is 1.");
  }

  absl::StatusOr<ExitCode> Run(Context& context) override {
    if (raw_) {
      KUR_ASSIGN_OR_RETURN(const Value raw, Kurfile::LoadRaw(file_, options_));
      context.out.Write(RenderStructured(format_, ValueJson(raw)));
      return ExitCode::kOk;
    }
    Value evaluated;
    const auto kurfile = Kurfile::Load(file_, options_, &evaluated);
    // Nothing can be evaluated of a file that is no Kurfile.
    if (!evaluated.is_null()) context.out.Write(RenderStructured(format_, ValueJson(evaluated)));
    KUR_RETURN_IF_ERROR(kurfile.status());
    return ExitCode::kOk;
  }

 private:
  std::string file_;
  bool raw_ = false;
  OutputFormat format_ = OutputFormat::kJson;
  KurfileOptions options_;
};

}  // namespace

std::unique_ptr<Command> MakeDumpCommand() { return std::make_unique<DumpCommand>(); }

}  // namespace kur::client
