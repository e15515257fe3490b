#include "client/commands/commands.h"

namespace kur::client {
namespace {

// Each script calls `kurctl __complete` for the word at the cursor, and falls back to file names.
constexpr const char* kShells[] = {"bash", "fish", "zsh"};
constexpr const char* kScripts[] = {
    R"sh(_kurctl() {
  local IFS=$'\n'
  COMPREPLY=($(kurctl __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _kurctl kurctl
)sh",
    R"sh(complete -c kurctl -a '(kurctl __complete (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'
)sh",
    R"sh(#compdef kurctl
_kurctl() {
  local -a found
  found=(${(f)"$(kurctl __complete "${(@)words[2,$CURRENT]}" 2>/dev/null)"})
  if (( $#found )); then compadd -- $found; else _files; fi
}
compdef _kurctl kurctl
)sh"};

class CompletionCommand : public Command {
 public:
  Info info() const override {
    return {"completion",
            "Print a script that completes kurctl's command lines",
            "source <(kurctl completion bash)\n"
            "kurctl completion fish > ~/.config/fish/completions/kurctl.fish",
            {},
            /*connects=*/false};
  }

  void Declare(Arguments& arguments) override {
    arguments.Positional("SHELL", &shell_, "bash, fish or zsh");
    arguments.AddNote("Completes commands, flags, keys for `explain`, and the names of your jobs.");
  }

  absl::StatusOr<ExitCode> Run(Context& context) override {
    for (size_t i = 0; i < std::size(kShells); ++i) {
      if (shell_ != kShells[i]) continue;
      context.out.Write(kScripts[i]);
      return ExitCode::kOk;
    }
    return UsageError("there are scripts for bash, fish and zsh, not for " + shell_);
  }

 private:
  std::string shell_;
};

}  // namespace

std::unique_ptr<Command> MakeCompletionCommand() { return std::make_unique<CompletionCommand>(); }

}  // namespace kur::client
