#include "absl/strings/str_cat.h"
#include "client/commands/commands.h"
#include "client/output/diagnostics.h"
#include "client/output/format.h"
#include "engine/kurfile/kurfile.h"

namespace kur::client {
namespace {

Json DiagnosticJson(const Diagnostic& diagnostic) {
  return {{"severity", ToString(diagnostic.severity)},
          {"file", diagnostic.location.file ? Json(*diagnostic.location.file) : Json()},
          {"line", diagnostic.location.line},
          {"column", diagnostic.location.column},
          {"path", diagnostic.path},
          {"message", diagnostic.message}};
}

class ValidateCommand : public Command {
 public:
  Info info() const override {
    return {"validate",
            "Check Kurfiles and say everything that is wrong with them",
            "kurctl validate cifar.yml\n"
            "kurctl validate --strict *.yml\n"
            "kurctl validate cifar.yml --set settings.width=64 -o json",
            {"check", "lint"},
            /*connects=*/false};
  }

  void Declare(Arguments& arguments) override {
    arguments.Positionals("FILE", &files_, "The Kurfiles");
    arguments.Flag("--strict", &strict_, "Warnings count as errors");
    AddOverrideOption(arguments, &options_.overrides);
    AddOutputOption(arguments, &format_, {"table", "json", "yaml", "name"});
    arguments.AddNote(
        "Exits with 0 if all are valid, else with 1. Data is not opened; what is in it is\n"
        "checked when a job begins.");
  }

  absl::StatusOr<ExitCode> Run(Context& context) override {
    DiagnosticPrinter printer(context.err, DiagnosticPrinter::ReadLocalFile);
    bool all_valid = true;
    Json report = Json::array();
    for (const std::string& file : files_) {
      const auto kurfile = Kurfile::Load(file, options_);
      std::vector<Diagnostic> diagnostics =
          kurfile.ok() ? kurfile->warnings() : DiagnosticsOf(kurfile.status());
      if (!kurfile.ok() && diagnostics.empty()) {
        // The file itself cannot be read.
        diagnostics.push_back(
            {Diagnostic::Severity::kError, {}, "", std::string(kurfile.status().message())});
      }
      const bool valid = kurfile.ok() && !(strict_ && HasWarnings(diagnostics));
      all_valid = all_valid && valid;
      Json entry = {{"file", file}, {"valid", valid}, {"diagnostics", Json::array()}};
      for (const Diagnostic& diagnostic : diagnostics) {
        entry["diagnostics"].push_back(DiagnosticJson(diagnostic));
      }
      report.push_back(entry);
      if (IsStructured(format_)) continue;
      context.err.Write(printer.RenderAll(diagnostics));
      if (format_ == OutputFormat::kName && !valid) context.out.WriteLine(file);
      if (format_ == OutputFormat::kTable && valid) context.out.WriteLine(Summary(file, *kurfile));
    }
    if (IsStructured(format_)) context.out.Write(RenderStructured(format_, report));
    return all_valid ? ExitCode::kOk : ExitCode::kError;
  }

 private:
  static bool HasWarnings(const std::vector<Diagnostic>& diagnostics) {
    for (const Diagnostic& diagnostic : diagnostics) {
      if (diagnostic.severity == Diagnostic::Severity::kWarning) return true;
    }
    return false;
  }

  static std::string Summary(const std::string& file, const Kurfile& kurfile) {
    const ModelPlan& plan = kurfile.plan();
    std::string text = absl::StrCat(file, ": valid (", plan.layers.size(), " layers");
    if (plan.parameters != kUnknown) {
      absl::StrAppend(&text, ", ", HumanCount(plan.parameters), " parameters");
    }
    return text + ")";
  }

  std::vector<std::string> files_;
  bool strict_ = false;
  KurfileOptions options_;
  OutputFormat format_ = OutputFormat::kTable;
};

}  // namespace

std::unique_ptr<Command> MakeValidateCommand() { return std::make_unique<ValidateCommand>(); }

}  // namespace kur::client
