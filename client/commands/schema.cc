#include "client/commands/commands.h"
#include "engine/kurfile/reference/reference.h"

namespace kur::client {
namespace {

class SchemaCommand : public Command {
 public:
  Info info() const override {
    return {"schema",
            "Print the JSON Schema of Kurfiles, for editors",
            "kurctl schema > kurfile.schema.json",
            {},
            /*connects=*/false};
  }

  void Declare(Arguments& arguments) override {
    arguments.AddNote(
        "An editor with a YAML language server completes and checks Kurfiles that begin with\n"
        "  # yaml-language-server: $schema=kurfile.schema.json");
  }

  absl::StatusOr<ExitCode> Run(Context& context) override {
    context.out.Write(KurfileJsonSchema());
    return ExitCode::kOk;
  }
};

}  // namespace

std::unique_ptr<Command> MakeSchemaCommand() { return std::make_unique<SchemaCommand>(); }

}  // namespace kur::client
