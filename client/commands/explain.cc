#include "client/commands/commands.h"
#include "engine/base/status.h"
#include "engine/kurfile/reference/reference.h"

namespace kur::client {
namespace {

class ExplainCommand : public Command {
 public:
  Info info() const override {
    return {"explain",
            "Explain what can be written in a Kurfile",
            "kurctl explain\n"
            "kurctl explain convolution\n"
            "kurctl explain layer.convolution.border\n"
            "kurctl explain train.checkpoint",
            {},
            /*connects=*/false};
  }

  void Declare(Arguments& arguments) override {
    arguments.OptionalPositional("KEY", &path_,
                                 "A section, a kind or a key, with dots: train.weights.best; "
                                 "default: an overview");
    arguments.Flag("--markdown", &markdown_, "Print the whole reference as a page of Markdown");
  }

  absl::StatusOr<ExitCode> Run(Context& context) override {
    if (markdown_ && !path_.empty())
      return UsageError("--markdown prints everything; leave KEY out");
    if (markdown_) {
      context.out.Write(ReferenceMarkdown());
      return ExitCode::kOk;
    }
    KUR_ASSIGN_OR_RETURN(const std::string text, Explain(path_));
    context.out.Write(text);
    return ExitCode::kOk;
  }

 private:
  std::string path_;
  bool markdown_ = false;
};

}  // namespace

std::unique_ptr<Command> MakeExplainCommand() { return std::make_unique<ExplainCommand>(); }

}  // namespace kur::client
