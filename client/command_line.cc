#include "client/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "engine/base/suggest.h"

namespace kur::client {
namespace {

// Declares the arguments of one command to CLI11. Not thread-safe.
class CliArguments : public Arguments {
 public:
  // Lists flags and options in the help under the heading `group`.
  explicit CliArguments(CLI::App& app, std::string group = "Options")
      : app_(app), group_(std::move(group)) {}

  void OptionalPositional(const std::string& name, std::string* value,
                          const std::string& doc) override {
    app_.add_option(name, *value, doc)->type_name("");
  }
  void Positional(const std::string& name, std::string* value, const std::string& doc) override {
    app_.add_option(name, *value, doc)->required()->type_name("");
  }
  void Positionals(const std::string& name, std::vector<std::string>* values,
                   const std::string& doc) override {
    app_.add_option(name, *values, doc)->required()->type_name("");
  }
  void Flag(const std::string& names, bool* value, const std::string& doc) override {
    app_.add_flag(names, *value, doc)->group(group_);
  }
  void Option(const std::string& names, const std::string& placeholder, std::string* value,
              const std::string& doc) override {
    app_.add_option(names, *value, doc)->type_name(placeholder)->group(group_);
  }
  void Repeated(const std::string& names, const std::string& placeholder,
                std::vector<std::string>* values, const std::string& doc) override {
    app_.add_option(names, *values, doc)
        ->type_name(placeholder)
        ->group(group_)
        ->allow_extra_args(false);
  }
  void Number(const std::string& names, const std::string& placeholder, int64_t* value,
              const std::string& doc) override {
    app_.add_option(names, *value, doc)
        ->type_name(placeholder)
        ->group(group_)
        ->check([](const std::string& text) {
          int64_t number = 0;
          const bool good = absl::SimpleAtoi(text, &number) && number >= 1;
          return good ? "" : absl::StrCat("expected a whole number from 1, got '", text, "'");
        });
  }
  void Choice(const std::string& names, const std::string& placeholder,
              const std::vector<std::string>& choices, std::function<void(size_t index)> chosen,
              const std::string& doc) override {
    const auto choose = [names, choices, chosen = std::move(chosen)](const std::string& word) {
      const auto it = std::find(choices.begin(), choices.end(), word);
      if (it == choices.end()) {
        throw CLI::ValidationError(
            names, absl::StrCat("'", word, "' is none of ", absl::StrJoin(choices, ", ")));
      }
      chosen(static_cast<size_t>(it - choices.begin()));
    };
    app_.add_option_function<std::string>(names, choose, doc)
        ->type_name(placeholder)
        ->group(group_);
  }
  void AddNote(const std::string& text) override { note_ = text; }

  // Returns the end of the help text: the note and the examples.
  std::string Footer(const std::string& example) const {
    std::string text = note_.empty() ? "" : note_ + "\n\n";
    absl::StrAppend(&text, absl::StrContains(example, "\n") ? "Examples:" : "Example:");
    for (const absl::string_view line : absl::StrSplit(example, '\n')) {
      absl::StrAppend(&text, "\n  ", line);
    }
    return text;
  }

 private:
  CLI::App& app_;
  const std::string group_;
  std::string note_;
};

void AddConnectionOptions(CLI::App& app, ConnectionFlags* flags) {
  CliArguments arguments(app, "Connection");
  arguments.Option("--server", "ADDRESS", &flags->server,
                   "unix:PATH or HOST:PORT; also $KURCTL_SERVER");
  arguments.Option("--token-file", "FILE", &flags->token_file,
                   "A file with your token; also $KURCTL_TOKEN");
  arguments.Option("--tls-ca", "FILE", &flags->tls_ca,
                   "Certificates (PEM) that may sign the server's; also $KURCTL_TLS_CA");
  arguments.Flag("--tls", &flags->tls,
                 "Encrypt, even on this machine; beyond it that is always so");
}

void AddCommand(const ListedCommand& listed, CLI::App& root, ConnectionFlags* flags) {
  const Command::Info info = listed.command->info();
  CLI::App* const app = root.add_subcommand(info.name, info.summary);
  app->group(listed.group);
  for (const std::string& alias : info.aliases) app->alias(alias);
  CliArguments arguments(*app);
  listed.command->Declare(arguments);
  if (info.connects) AddConnectionOptions(*app, flags);
  app->footer(arguments.Footer(info.example));
}

// Returns the message of CLI11, or a suggestion if the command is unknown.
std::string MessageOf(const CLI::ParseError& error, const std::vector<std::string>& words,
                      const std::vector<ListedCommand>& commands) {
  std::vector<std::string> names;
  for (const ListedCommand& listed : commands) {
    const Command::Info info = listed.command->info();
    names.push_back(info.name);
    names.insert(names.end(), info.aliases.begin(), info.aliases.end());
  }
  if (words.empty() || absl::StartsWith(words[0], "-")) return error.what();
  if (std::count(names.begin(), names.end(), words[0]) > 0) return error.what();
  return absl::StrCat("unknown command '", words[0], "'", DidYouMean(words[0], names));
}

}  // namespace

ParsedCommandLine ParseCommandLine(const std::vector<std::string>& words,
                                   const std::vector<ListedCommand>& commands,
                                   ConnectionFlags* flags) {
  CLI::App root("Trains models that Kurfiles describe, on a kurd near or far.", "kurctl");
  root.require_subcommand(1);
  root.get_formatter()->label("REQUIRED", "");
  root.get_formatter()->label("SUBCOMMAND", "COMMAND");
  root.footer(
      "Begin with `kurctl up` and `kurctl submit FILE --follow`;\n"
      "`kurctl COMMAND --help` has the flags and examples.");
  AddConnectionOptions(root, flags);
  for (const ListedCommand& listed : commands) AddCommand(listed, root, flags);

  ParsedCommandLine parsed;
  try {
    root.parse(std::vector<std::string>(words.rbegin(), words.rend()));
    const std::string name = root.get_subcommands().front()->get_name();
    for (const ListedCommand& listed : commands) {
      if (listed.command->info().name == name) parsed.command = listed.command.get();
    }
  } catch (const CLI::CallForHelp&) {
    parsed.help = root.help();
  } catch (const CLI::ParseError& error) {
    const auto chosen = root.get_subcommands();
    parsed.error = absl::StrCat(MessageOf(error, words, commands), "\n",
                                HelpHint(chosen.empty() ? "" : chosen.front()->get_name()));
  }
  return parsed;
}

std::string HelpHint(const std::string& command) {
  return absl::StrCat("see `kurctl ", command, command.empty() ? "" : " ", "--help`");
}

}  // namespace kur::client
