// plot: draws charts of a training's loss and throughput.

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/kurfile/specs/hook_spec.h"
#if KUR_RUNTIME
#include "engine/base/status.h"
#include "engine/hooks/hook.h"
#include "engine/hooks/line_chart.h"
#endif

namespace kur {
namespace {

struct PlotSpec : HookSpec {
  std::optional<FileReference> loss_per_batch;
  std::optional<FileReference> loss_per_time;
  std::optional<FileReference> throughput_per_time;

  std::string kind() const override { return "plot"; }
  bool IsForTraining() const override { return true; }
  bool IsForResults() const override { return false; }
  std::vector<FileReference> Files() const override {
    std::vector<FileReference> files;
    for (const auto* file : {&loss_per_batch, &loss_per_time, &throughput_per_time}) {
      if (*file) files.push_back(**file);
    }
    return files;
  }
};

const Fields<PlotSpec>& PlotFields() {
  static const auto* const kFields = new Fields<PlotSpec>(
      Fields<PlotSpec>()
          .Optional("loss_per_batch", &PlotSpec::loss_per_batch, "loss over batches: an SVG file")
          .Example("loss.svg")
          .Optional("loss_per_time", &PlotSpec::loss_per_time, "loss over seconds of training")
          .Example("loss-time.svg")
          .Optional("throughput_per_time", &PlotSpec::throughput_per_time,
                    "batches in a second over seconds of training")
          .Example("speed.svg")
          .Shorthand("loss_per_batch"));
  return *kFields;
}

// Gives a plot the extension .svg, with a warning. Kurfiles of Kur name PNG files.
void UseSvgExtension(std::optional<FileReference>* file, Diagnostics* diagnostics) {
  if (!*file || absl::EndsWithIgnoreCase((*file)->path, ".svg")) return;
  std::string& path = (*file)->path;
  const size_t slash = path.rfind('/');
  const size_t dot = path.rfind('.');
  const bool has_extension =
      dot != std::string::npos && (slash == std::string::npos || dot > slash + 1) && dot > 0;
  path = absl::StrCat(has_extension ? path.substr(0, dot) : path, ".svg");
  diagnostics->Warning((*file)->location, (*file)->key,
                       absl::StrCat("plots are SVG pictures: this one is written to ", path));
}

std::shared_ptr<const HookSpec> ParsePlot(const Value& value, const std::string& key,
                                          Diagnostics* diagnostics) {
  auto spec = std::make_shared<PlotSpec>();
  spec->location = value.location();
  spec->key = key;
  if (!PlotFields().Parse(value, key, diagnostics, spec.get())) return nullptr;
  for (auto* file : {&spec->loss_per_batch, &spec->loss_per_time, &spec->throughput_per_time}) {
    UseSvgExtension(file, diagnostics);
  }
  return spec;
}

HookKind MakePlotKind() {
  auto kind = MakeKind<HookSpec>(
      "Draws how the loss went, of training and validation, since the worker started.",
      "plot: {loss_per_batch: loss.svg, throughput_per_time: speed.svg}", PlotFields());
  kind.parse = ParsePlot;
  return kind;
}

const Registration<HookKind> kKind("plot", MakePlotKind());

#if KUR_RUNTIME
using Point = TrainingHistory::Point;

class Plot : public TrainingHook {
 public:
  explicit Plot(const PlotSpec& spec) : spec_(spec) {}

  absl::Status Notify(const TrainingNews& news, const TrainingHistory& history,
                      HookHost* host) override {
    if (news.moment == TrainingNews::Moment::kStarted) return absl::OkStatus();
    if (spec_.loss_per_batch) {
      KUR_RETURN_IF_ERROR(host->WriteFile(*spec_.loss_per_batch, "plot",
                                          DrawSvg(LossChart(history, "batches", &Point::batch))));
    }
    if (spec_.loss_per_time) {
      KUR_RETURN_IF_ERROR(host->WriteFile(*spec_.loss_per_time, "plot",
                                          DrawSvg(LossChart(history, "seconds", &Point::seconds))));
    }
    if (!spec_.throughput_per_time) return absl::OkStatus();
    return host->WriteFile(*spec_.throughput_per_time, "plot", DrawSvg(ThroughputChart(history)));
  }

 private:
  static ChartSeries MakeSeries(std::string label, const std::vector<Point>& points,
                                double Point::*x) {
    ChartSeries series;
    series.label = std::move(label);
    for (const Point& point : points) series.points.emplace_back(point.*x, point.loss);
    return series;
  }

  static LineChart LossChart(const TrainingHistory& history, std::string x_label,
                             double Point::*x) {
    LineChart chart{std::move(x_label), "loss", {}};
    chart.series.push_back(MakeSeries("training", history.Batches(), x));
    for (const auto& [set, points] : history.validations()) {
      const std::string label = set.empty() ? "validation" : absl::StrCat("validation: ", set);
      chart.series.push_back(MakeSeries(label, points, x));
      chart.series.back().dots = true;
    }
    return chart;
  }

  static LineChart ThroughputChart(const TrainingHistory& history) {
    LineChart chart{"seconds", "batches in a second", {{"training", {}}}};
    const std::vector<Point> points = history.Batches();
    for (size_t i = 1; i < points.size(); ++i) {
      const double seconds = points[i].seconds - points[i - 1].seconds;
      if (seconds <= 0) continue;
      chart.series[0].points.emplace_back(points[i].seconds,
                                          (points[i].batch - points[i - 1].batch) / seconds);
    }
    return chart;
  }

  PlotSpec spec_;
};

const Registration<HookBuilder> kBuilder("plot", MakeTrainingHookBuilder<Plot, PlotSpec>());
#endif

}  // namespace
}  // namespace kur
