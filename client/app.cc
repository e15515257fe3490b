#include "client/app.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "client/command_line.h"
#include "client/commands/commands.h"
#include "client/completion.h"
#include "client/output/diagnostics.h"
#include "client/output/text.h"
#include "engine/base/utf8.h"
#include "engine/value/diagnostics.h"

namespace kur::client {
namespace {

struct Entry {
  const char* group;
  std::unique_ptr<Command> (*make)();
};

// All commands, in the order of the help.
constexpr Entry kCommands[] = {
    {"Your own kurd", &MakeUpCommand},   {"Your own kurd", &MakeDownCommand},
    {"Jobs", &MakeSubmitCommand},        {"Jobs", &MakeListCommand},
    {"Jobs", &MakeDescribeCommand},      {"Jobs", &MakeWatchCommand},
    {"Jobs", &MakeLogsCommand},          {"Jobs", &MakeEventsCommand},
    {"Jobs", &MakeWaitCommand},          {"Jobs", &MakeCancelCommand},
    {"Results", &MakeCheckpointCommand}, {"Results", &MakeCheckpointsCommand},
    {"Results", &MakeDownloadCommand},   {"Kurfiles", &MakeValidateCommand},
    {"Kurfiles", &MakePlanCommand},      {"Kurfiles", &MakeDataCommand},
    {"Kurfiles", &MakeExplainCommand},   {"Kurfiles", &MakeDumpCommand},
    {"Kurfiles", &MakeDiffCommand},      {"Kurfiles", &MakeFmtCommand},
    {"Kurfiles", &MakeSchemaCommand},    {"Server", &MakeDevicesCommand},
    {"Server", &MakeSecretCommand},      {"Server", &MakeVersionCommand},
    {"Shell", &MakeCompletionCommand},
};

void ReportError(absl::string_view message, Context& context) {
  std::vector<std::string> lines = absl::StrSplit(message, '\n');
  for (std::string& line : lines) line = Printable(line);
  context.err.WriteLine(absl::StrCat("kurctl: ", absl::StrJoin(lines, "\n")));
}

ExitCode ReportFailure(const absl::Status& status, const Command& command, Context& context) {
  const ExitCode code = ExitCodeOf(status);
  const auto diagnostics = DiagnosticsOf(status);
  if (diagnostics.empty()) {
    ReportError(status.message(), context);
  } else {
    DiagnosticPrinter printer(context.err, DiagnosticPrinter::ReadLocalFile);
    context.err.Write(printer.RenderAll(diagnostics));
  }
  if (code == ExitCode::kUsage) context.err.WriteLine(HelpHint(command.info().name));
  return code;
}

}  // namespace

ExitCode RunKurctl(const std::vector<std::string>& words, Context& context) {
  for (const std::string& word : words) {
    if (IsUtf8(word)) continue;
    ReportError(absl::StrCat("the argument ", Printable(word), " is no UTF-8"), context);
    return ExitCode::kUsage;
  }
  std::vector<ListedCommand> commands;
  for (const Entry& entry : kCommands) commands.push_back({entry.group, entry.make()});
  // The scripts of `kurctl completion` call this.
  if (!words.empty() && words[0] == "__complete") {
    for (const std::string& word : Complete({words.begin() + 1, words.end()}, commands, context)) {
      context.out.WriteLine(word);
    }
    return ExitCode::kOk;
  }
  const ParsedCommandLine parsed = ParseCommandLine(words, commands, &context.flags);
  if (!parsed.help.empty()) {
    context.out.Write(parsed.help);
    return ExitCode::kOk;
  }
  if (parsed.command == nullptr) {
    ReportError(parsed.error, context);
    return ExitCode::kUsage;
  }
  auto code = parsed.command->Run(context);
  if (code.ok() && !context.out.good()) code = absl::DataLossError("cannot write standard output");
  return code.ok() ? *code : ReportFailure(code.status(), *parsed.command, context);
}

}  // namespace kur::client
