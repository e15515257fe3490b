#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/commands/commands.h"
#include "engine/base/file_system.h"
#include "engine/base/status.h"
#include "engine/kurfile/kurfile.h"
#include "engine/kurfile/yaml/difference.h"

namespace kur::client {
namespace {

// Evaluates the frozen sources of a job.
absl::StatusOr<Value> EvaluateFrozen(const v1::FrozenKurfile& frozen) {
  std::map<std::string, std::string> files;
  for (const v1::SourceFile& source : frozen.sources()) files[source.path()] = source.content();
  const MemorySourceTree sources(std::move(files));
  KurfileOptions options;
  options.overrides.assign(frozen.overrides().begin(), frozen.overrides().end());
  options.sources = &sources;
  KUR_ASSIGN_OR_RETURN(const Kurfile kurfile, Kurfile::Load(frozen.kurfile(), options));
  return kurfile.evaluated();
}

class DiffCommand : public Command {
 public:
  Info info() const override {
    return {"diff", "Show what differs between two Kurfiles, or two jobs, after evaluation",
            "kurctl diff cifar.yml cifar-wide.yml\n"
            "kurctl diff cifar-7 cifar-8\n"
            "kurctl diff cifar-7 cifar.yml"};
  }

  void Declare(Arguments& arguments) override {
    arguments.Positional("A", &a_, "A Kurfile, or a job (its Kurfile as it was submitted)");
    arguments.Positional("B", &b_, "Another");
    AddOutputOption(arguments, &format_, {"table", "json", "yaml", "name"});
    arguments.AddNote(
        "A word that names a file is a Kurfile; any other is a job. Exits with 0 if both mean the\n"
        "same, and with 1 if they differ.");
  }

  absl::StatusOr<ExitCode> Run(Context& context) override {
    KUR_ASSIGN_OR_RETURN(const Value a, Evaluate(context, a_));
    KUR_ASSIGN_OR_RETURN(const Value b, Evaluate(context, b_));
    const auto differences = FindDifferences(a, b);
    if (IsStructured(format_)) {
      Json list = Json::array();
      for (const Difference& difference : differences) {
        list.push_back(
            {{"path", difference.path},
             {"in_a", difference.before.has_value()},
             {"in_b", difference.after.has_value()},
             {"a", difference.before.has_value() ? ValueJson(*difference.before) : Json()},
             {"b", difference.after.has_value() ? ValueJson(*difference.after) : Json()}});
      }
      context.out.Write(RenderStructured(format_, list));
    } else {
      for (const Difference& difference : differences) Show(difference, context.out);
    }
    return differences.empty() ? ExitCode::kOk : ExitCode::kError;
  }

 private:
  absl::StatusOr<Value> Evaluate(Context& context, const std::string& word) {
    if (Exists(word)) {
      KUR_ASSIGN_OR_RETURN(const Kurfile kurfile, Kurfile::Load(word));
      return kurfile.evaluated();
    }
    if (absl::StrContains(word, '/') || absl::StrContains(word, ".y")) {
      return absl::NotFoundError(absl::StrCat("no such file: ", word));
    }
    KUR_ASSIGN_OR_RETURN(const auto connection, context.Connect());
    v1::GetKurfileRequest request;
    request.set_name(word);
    KUR_ASSIGN_OR_RETURN(const auto frozen, connection->Call(&v1::Jobs::Stub::GetKurfile, request));
    return EvaluateFrozen(frozen);
  }

  void Show(const Difference& difference, Terminal& out) const {
    const std::string path = difference.path.empty() ? "(all)" : difference.path;
    if (format_ == OutputFormat::kName) {
      out.WriteLine(path);
      return;
    }
    out.WriteLine(out.Styled(Style::kBold, path));
    if (difference.before) {
      out.WriteLine(out.Styled(Style::kRed, absl::StrCat("  - ", kur::ToJson(*difference.before))));
    }
    if (difference.after) {
      out.WriteLine(
          out.Styled(Style::kGreen, absl::StrCat("  + ", kur::ToJson(*difference.after))));
    }
  }

  std::string a_;
  std::string b_;
  OutputFormat format_ = OutputFormat::kTable;
};

}  // namespace

std::unique_ptr<Command> MakeDiffCommand() { return std::make_unique<DiffCommand>(); }

}  // namespace kur::client
