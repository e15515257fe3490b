#ifndef KUR_ENGINE_HOOKS_LINE_CHART_H_
#define KUR_ENGINE_HOOKS_LINE_CHART_H_

#include <string>
#include <utility>
#include <vector>

namespace kur {

// One line of a chart.
struct ChartSeries {
  std::string label;
  std::vector<std::pair<double, double>> points;  // (x, y); points that are not finite are skipped
  bool dots = false;                              // draws a dot at every point
};

// A chart of lines over one pair of axes.
struct LineChart {
  std::string x_label;
  std::string y_label;
  std::vector<ChartSeries> series;
};

// Returns the chart as an SVG picture of 720 by 420 pixels.
std::string DrawSvg(const LineChart& chart);

// Returns the ticks of an axis: between 3 and 11 round numbers in ascending order that enclose
// [low, high].
std::vector<double> AxisTicks(double low, double high);

}  // namespace kur

#endif  // KUR_ENGINE_HOOKS_LINE_CHART_H_
