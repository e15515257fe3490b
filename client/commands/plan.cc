#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "client/commands/commands.h"
#include "client/output/diagnostics.h"
#include "client/output/format.h"
#include "client/output/table.h"
#include "engine/base/status.h"
#include "engine/kurfile/kurfile.h"
#include "engine/kurfile/plan/resources.h"

namespace kur::client {
namespace {

std::string CountText(int64_t count) { return count == kUnknown ? "?" : HumanCount(count); }

std::string BytesText(int64_t bytes) { return bytes == kUnknown ? "?" : HumanBytes(bytes); }

// Formats "1.53 GFLOP".
std::string FlopsText(int64_t flops) {
  if (flops == kUnknown) return "? FLOP";
  constexpr const char* kPrefixes[] = {"", "k", "M", "G", "T", "P"};
  auto value = static_cast<double>(flops);
  size_t prefix = 0;
  while (value >= 1000 && prefix + 1 < std::size(kPrefixes)) {
    value /= 1000;
    ++prefix;
  }
  return absl::StrFormat("%.3g %sFLOP", value, kPrefixes[prefix]);
}

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

std::string ParametersText(const PlannedLayer& layer) {
  if (!layer.weights_of.empty()) return absl::StrCat("as ", layer.weights_of);
  return absl::StrCat(CountText(layer.parameters), layer.frozen ? " (frozen)" : "");
}

std::string KindText(const PlannedLayer& layer) {
  std::string text = layer.kind;
  for (int i = 0; i < layer.mapped_axes; ++i) text = absl::StrCat("parallel ", text);
  return text;
}

std::string LayersText(const ModelPlan& plan, bool wide, const Terminal& terminal) {
  std::vector<Table::Column> columns = {{"LAYER"},
                                        {"KIND"},
                                        {"OUTPUT"},
                                        {"PARAMETERS", Table::Align::kRight},
                                        {"MULTIPLY-ADDS", Table::Align::kRight},
                                        {"INPUTS"}};
  if (wide) columns.push_back({"PLACE"});
  Table table(columns);
  for (const PlannedLayer& layer : plan.layers) {
    std::vector<Table::Cell> row = {layer.name,
                                    KindText(layer),
                                    ShapeText(layer),
                                    ParametersText(layer),
                                    CountText(layer.multiply_adds),
                                    absl::StrJoin(InputNames(plan, layer), ", ")};
    if (wide) row.emplace_back(layer.location.ToString());
    table.Add(row);
  }
  return table.Render(terminal);
}

std::string TotalsText(const ModelPlan& plan, const Resources& need, const HardwareLimits& hardware,
                       bool trains) {
  std::string text = absl::StrCat(plan.layers.size(), " layers, ");
  if (plan.parameters == kUnknown) {
    text +=
        "? parameters: sizes are known when the data is opened, or with a 'shape' for the input\n";
  } else {
    absl::StrAppend(&text, HumanCount(plan.parameters), " parameters, ",
                    HumanCount(plan.trainable_parameters), " of them trainable; ",
                    CountText(plan.multiply_adds), " multiply-adds a sample\n");
  }
  absl::StrAppend(&text, "In batches of ", need.batch_size, ":\n");
  if (trains) {
    absl::StrAppend(&text, "  training    ", BytesText(need.training_total), ": weights ",
                    BytesText(need.weights), ", gradients ", BytesText(need.gradients),
                    ", optimizer ", BytesText(need.optimizer),
                    need.average == 0 ? "" : ", average " + BytesText(need.average),
                    ", activations ", BytesText(need.activations), "\n");
  }
  absl::StrAppend(&text, "  inference   ", BytesText(need.inference_total), ": weights ",
                  BytesText(need.weights), ", activations ", BytesText(need.inference), "\n");
  if (trains) {
    const double seconds = MinStepSeconds(need, hardware);
    absl::StrAppend(&text, "  a step      ", FlopsText(need.batch_flops), ", ",
                    BytesText(need.batch_bytes), " moved",
                    seconds < 0 ? ""
                                : absl::StrFormat("; at least %.3g ms at %g GFLOP/s and %g GB/s",
                                                  seconds * 1000, hardware.flops / 1e9,
                                                  hardware.bandwidth / 1e9),
                    "\n");
  }
  return text;
}

// Returns null if the count is unknown.
Json CountJson(int64_t count) { return count == kUnknown ? Json() : Json(count); }

Json ShapeJson(const PlannedLayer& layer) {
  if (!layer.shape_known) return Json();
  Json shape = Json::array();
  for (const int64_t extent : layer.shape) shape.push_back(CountJson(extent));
  return shape;
}

Json LayersJson(const ModelPlan& plan) {
  Json layers = Json::array();
  for (const PlannedLayer& layer : plan.layers) {
    layers.push_back({{"name", layer.name},
                      {"kind", layer.kind},
                      {"inputs", InputNames(plan, layer)},
                      {"shape", ShapeJson(layer)},
                      {"parameters", CountJson(layer.parameters)},
                      {"multiply_adds", CountJson(layer.multiply_adds)},
                      {"frozen", layer.frozen},
                      {"weights_of", layer.weights_of.empty() ? Json() : Json(layer.weights_of)},
                      {"parallel_axes", layer.mapped_axes},
                      {"place", layer.location.ToString()}});
  }
  return layers;
}

Json TrainingJson(const Resources& need, const HardwareLimits& hardware) {
  const double seconds = MinStepSeconds(need, hardware);
  return {{"total_bytes", CountJson(need.training_total)},
          {"weight_bytes", CountJson(need.weights)},
          {"gradient_bytes", CountJson(need.gradients)},
          {"optimizer_bytes", CountJson(need.optimizer)},
          {"average_bytes", CountJson(need.average)},
          {"activation_bytes", CountJson(need.activations)},
          {"step_flops", CountJson(need.batch_flops)},
          {"step_bytes_moved", CountJson(need.batch_bytes)},
          {"step_seconds_at_least", seconds < 0 ? Json() : Json(seconds)}};
}

Json PlanJson(const ModelPlan& plan, const Resources& need, const HardwareLimits& hardware,
              bool trains) {
  const auto names = [&](const std::vector<int>& indices) {
    Json list = Json::array();
    for (const int i : indices) list.push_back(plan.layers[static_cast<size_t>(i)].name);
    return list;
  };
  return {{"layers", LayersJson(plan)},
          {"inputs", names(plan.inputs)},
          {"outputs", names(plan.outputs)},
          {"parameters", CountJson(plan.parameters)},
          {"trainable_parameters", CountJson(plan.trainable_parameters)},
          {"multiply_adds", CountJson(plan.multiply_adds)},
          {"batch_size", need.batch_size},
          {"training", trains ? TrainingJson(need, hardware) : Json()},
          {"inference",
           {{"total_bytes", CountJson(need.inference_total)},
            {"weight_bytes", CountJson(need.weights)},
            {"activation_bytes", CountJson(need.inference)}}}};
}

// Returns the batch size of training or, without training, of another section.
int64_t BatchSizeOf(const Sections& sections) {
  if (sections.train) return sections.train->data.provider.batch_size;
  if (sections.test) return sections.test->data.provider.batch_size;
  if (sections.evaluate) return sections.evaluate->data.provider.batch_size;
  return ProviderOptions().batch_size;
}

class PlanCommand : public Command {
 public:
  Info info() const override {
    return {"plan",
            "Show the layers of a Kurfile with their shapes, sizes and what they will need",
            "kurctl plan cifar.yml\n"
            "kurctl plan cifar.yml --batch-size 256 --gflops 19500 --bandwidth 1500\n"
            "kurctl plan cifar.yml --set settings.width=64 -o json",
            {},
            /*connects=*/false};
  }

  void Declare(Arguments& arguments) override {
    arguments.Positional("FILE", &file_, "The Kurfile");
    arguments.Number("--batch-size", "N", &batch_size_,
                     "Samples in a batch; default: as the Kurfile says");
    arguments.Number("--gflops", "N", &gflops_,
                     "What the device computes, in 10^9 operations a second; default: 100");
    arguments.Number("--bandwidth", "N", &bandwidth_,
                     "What it moves from and to memory, in GB a second; default: 10");
    AddOverrideOption(arguments, &options_.overrides);
    AddOutputOption(arguments, &format_, {"table", "wide", "json", "yaml", "name"});
    arguments.AddNote(
        "Memory is that of the model's tensors (32-bit floats) and is an estimate; libraries and\n"
        "the data set come on top. The time of a step is a bound: no program can be faster.");
  }

  absl::StatusOr<ExitCode> Run(Context& context) override {
    KUR_ASSIGN_OR_RETURN(const Kurfile kurfile, Kurfile::Load(file_, options_));
    DiagnosticPrinter printer(context.err, DiagnosticPrinter::ReadLocalFile);
    context.err.Write(printer.RenderAll(kurfile.warnings()));
    const ModelPlan& plan = kurfile.plan();
    if (format_ == OutputFormat::kName) {
      for (const PlannedLayer& layer : plan.layers) context.out.WriteLine(layer.name);
      return ExitCode::kOk;
    }
    const Sections& sections = kurfile.sections();
    const bool trains = sections.train.has_value();
    const Resources need =
        EstimateResources(plan, trains ? sections.train->optimizer.get() : nullptr,
                          batch_size_ > 0 ? batch_size_ : BatchSizeOf(sections),
                          trains && sections.train->options.ema.has_value());
    HardwareLimits hardware;
    if (gflops_ > 0) hardware.flops = static_cast<double>(gflops_) * 1e9;
    if (bandwidth_ > 0) hardware.bandwidth = static_cast<double>(bandwidth_) * 1e9;
    if (IsStructured(format_)) {
      context.out.Write(RenderStructured(format_, PlanJson(plan, need, hardware, trains)));
    } else {
      context.out.Write(absl::StrCat(LayersText(plan, format_ == OutputFormat::kWide, context.out),
                                     "\n", TotalsText(plan, need, hardware, trains)));
    }
    return ExitCode::kOk;
  }

 private:
  std::string file_;
  KurfileOptions options_;
  int64_t batch_size_ = 0;
  int64_t gflops_ = 0;
  int64_t bandwidth_ = 0;
  OutputFormat format_ = OutputFormat::kTable;
};

}  // namespace

std::unique_ptr<Command> MakePlanCommand() { return std::make_unique<PlanCommand>(); }

}  // namespace kur::client
