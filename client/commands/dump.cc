#include "client/commands/commands.h"
#include "engine/base/status.h"
#include "engine/kurfile/kurfile.h"

namespace kur::client {
namespace {

class DumpCommand : public Command {
 public:
  Info info() const override {
    return {"dump",
            "Print a Kurfile after includes and templating, as JSON",
            "kurctl dump cifar.yml\n"
            "kurctl dump cifar.yml --pre-parse --set train.stop_when.epochs=3",
            {},
            /*connects=*/false};
  }

  void Declare(Arguments& arguments) override {
    arguments.Positional("FILE", &file_, "The Kurfile");
    arguments.Flag("--pre-parse", &raw_, "After includes and --set, before templating");
    AddOverrideOption(arguments, &options_.overrides);
    arguments.Note(
        "As `kur dump` prints it: sections that have two names are there under both, and the "
        "model\n"
        "as it was written, for its containers are evaluated while it is expanded.");
  }

  absl::StatusOr<ExitCode> Run(Context& context) override {
    if (raw_) {
      KUR_ASSIGN_OR_RETURN(const Value value, Kurfile::LoadRaw(file_, options_));
      context.out.Line(kur::ToJson(value, 2));
      return ExitCode::kOk;
    }
    KUR_ASSIGN_OR_RETURN(const Kurfile kurfile, Kurfile::Load(file_, options_));
    context.out.Line(kur::ToJson(kurfile.Dump(), 2));
    return ExitCode::kOk;
  }

 private:
  std::string file_;
  bool raw_ = false;
  KurfileOptions options_;
};

}  // namespace

std::unique_ptr<Command> MakeDumpCommand() { return std::make_unique<DumpCommand>(); }

}  // namespace kur::client
