#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/commands/commands.h"
#include "client/output/diagnostics.h"
#include "client/output/format.h"
#include "client/output/table.h"
#include "engine/base/status.h"
#include "engine/kurfile/kurfile.h"

namespace kur::client {
namespace {

std::string CountText(int64_t count) { return count == kUnknown ? "?" : HumanCount(count); }

std::string ShapeText(const PlannedLayer& layer) {
  return layer.shape_known ? ToString(layer.shape) : "?";
}

std::vector<std::string> InputNames(const ModelPlan& plan, const PlannedLayer& layer) {
  std::vector<std::string> names;
  for (const int input : layer.inputs) {
    names.push_back(plan.layers[static_cast<size_t>(input)].name);
  }
  return names;
}

std::string RenderTable(const ModelPlan& plan, const Terminal& terminal) {
  Table table({{"LAYER"}, {"KIND"}, {"OUTPUT"}, {"PARAMETERS", Table::Align::kRight}, {"INPUTS"}});
  for (const PlannedLayer& layer : plan.layers) {
    table.Add({layer.name, layer.kind, ShapeText(layer),
               absl::StrCat(CountText(layer.parameters), layer.frozen ? " (frozen)" : ""),
               absl::StrJoin(InputNames(plan, layer), ", ")});
  }
  return absl::StrCat(table.Render(terminal), "\n", plan.layers.size(), " layers, ",
                      CountText(plan.parameters), " parameters, ",
                      CountText(plan.trainable_parameters), " of them trainable\n");
}

// null stands for what is not known.
Json CountJson(int64_t count) { return count == kUnknown ? Json() : Json(count); }

Json PlanJson(const ModelPlan& plan) {
  Json layers = Json::array();
  for (const PlannedLayer& layer : plan.layers) {
    Json shape;
    if (layer.shape_known) {
      shape = Json::array();
      for (const int64_t extent : layer.shape) shape.push_back(CountJson(extent));
    }
    layers.push_back({{"name", layer.name},
                      {"kind", layer.kind},
                      {"inputs", InputNames(plan, layer)},
                      {"shape", shape},
                      {"parameters", CountJson(layer.parameters)},
                      {"frozen", layer.frozen}});
  }
  return {{"layers", layers},
          {"parameters", CountJson(plan.parameters)},
          {"trainable_parameters", CountJson(plan.trainable_parameters)}};
}

class PlanCommand : public Command {
 public:
  Info info() const override {
    return {"plan",
            "Show the layers of a Kurfile with their shapes and sizes",
            "kurctl plan cifar.yml\n"
            "kurctl plan cifar.yml --set settings.width=64 -o json",
            {},
            /*connects=*/false};
  }

  void Declare(Arguments& arguments) override {
    arguments.Positional("FILE", &file_, "The Kurfile");
    AddOverrideOption(arguments, &options_.overrides);
    AddOutputOption(arguments, &format_, {"table", "wide", "json", "yaml", "name"});
  }

  absl::StatusOr<ExitCode> Run(Context& context) override {
    KUR_ASSIGN_OR_RETURN(const Kurfile kurfile, Kurfile::Load(file_, options_));
    DiagnosticPrinter printer(context.err, DiagnosticPrinter::ReadLocalFile);
    context.err.Write(printer.RenderAll(kurfile.warnings()));
    const ModelPlan& plan = kurfile.plan();
    if (format_ == OutputFormat::kName) {
      for (const PlannedLayer& layer : plan.layers) context.out.Line(layer.name);
    } else if (!IsStructured(format_)) {
      context.out.Write(RenderTable(plan, context.out));
    } else {
      context.out.Write(RenderStructured(format_, PlanJson(plan)));
    }
    return ExitCode::kOk;
  }

 private:
  std::string file_;
  KurfileOptions options_;
  OutputFormat format_ = OutputFormat::kTable;
};

}  // namespace

std::unique_ptr<Command> MakePlanCommand() { return std::make_unique<PlanCommand>(); }

}  // namespace kur::client
