#include "engine/hooks/line_chart.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"

namespace kur {
namespace {

constexpr double kWidth = 720;
constexpr double kHeight = 420;
constexpr double kLeft = 70;
constexpr double kRight = 20;
constexpr double kTop = 20;
constexpr double kBottom = 50;

// A palette for color-blind readers (Okabe and Ito, 2008).
constexpr std::array<const char*, 6> kColors = {"#0072b2", "#d55e00", "#009e73",
                                                "#cc79a7", "#e69f00", "#000000"};

bool IsFinite(const std::pair<double, double>& point) {
  return std::isfinite(point.first) && std::isfinite(point.second);
}

std::string EscapeXml(const std::string& text) {
  return absl::StrReplaceAll(text, {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}});
}

// Maps the values of an axis to coordinates of the picture.
class Axis {
 public:
  Axis(double low, double high, double from, double to)
      : ticks_(AxisTicks(low, high)), from_(from), to_(to) {}

  const std::vector<double>& ticks() const { return ticks_; }
  double Position(double value) const {
    const double share = (value - ticks_.front()) / (ticks_.back() - ticks_.front());
    return from_ + share * (to_ - from_);
  }

 private:
  std::vector<double> ticks_;
  double from_;
  double to_;
};

Axis MakeAxis(const LineChart& chart, double std::pair<double, double>::*coordinate, double from,
              double to) {
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  for (const ChartSeries& series : chart.series) {
    for (const auto& point : series.points) {
      if (!IsFinite(point)) continue;
      low = std::min(low, point.*coordinate);
      high = std::max(high, point.*coordinate);
    }
  }
  if (low > high) low = high = 0;
  return {low, high, from, to};
}

void AppendText(double x, double y, const char* anchor, const std::string& text, std::string* svg) {
  absl::StrAppendFormat(svg, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n", x, y,
                        anchor, EscapeXml(text));
}

void AppendAxes(const LineChart& chart, const Axis& x, const Axis& y, std::string* svg) {
  const double bottom = kHeight - kBottom;
  const double right = kWidth - kRight;
  for (const double tick : x.ticks()) {
    absl::StrAppendFormat(svg, "<path class=\"grid\" d=\"M%.1f %.1fV%.1f\"/>\n", x.Position(tick),
                          bottom, kTop);
    AppendText(x.Position(tick), bottom + 18, "middle", absl::StrFormat("%g", tick), svg);
  }
  for (const double tick : y.ticks()) {
    absl::StrAppendFormat(svg, "<path class=\"grid\" d=\"M%.1f %.1fH%.1f\"/>\n", kLeft,
                          y.Position(tick), right);
    AppendText(kLeft - 8, y.Position(tick) + 4, "end", absl::StrFormat("%g", tick), svg);
  }
  absl::StrAppendFormat(svg, "<path class=\"axis\" d=\"M%.1f %.1fV%.1fH%.1f\"/>\n", kLeft, kTop,
                        bottom, right);
  AppendText((kLeft + right) / 2, kHeight - 10, "middle", chart.x_label, svg);
  absl::StrAppendFormat(svg,
                        "<text transform=\"translate(16 %.1f) rotate(-90)\" "
                        "text-anchor=\"middle\">%s</text>\n",
                        (kTop + bottom) / 2, EscapeXml(chart.y_label));
}

void AppendSeries(const ChartSeries& series, const char* color, const Axis& x, const Axis& y,
                  std::string* svg) {
  std::string line;
  std::string dots;
  for (const auto& point : series.points) {
    if (!IsFinite(point)) continue;
    const double at_x = x.Position(point.first);
    const double at_y = y.Position(point.second);
    absl::StrAppendFormat(&line, "%s%.1f %.1f", line.empty() ? "M" : "L", at_x, at_y);
    if (series.dots) {
      absl::StrAppendFormat(&dots, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"/>\n", at_x,
                            at_y, color);
    }
  }
  if (line.empty()) return;
  absl::StrAppend(svg, "<path fill=\"none\" stroke=\"", color, "\" stroke-width=\"1.5\" d=\"", line,
                  "\"/>\n", dots);
}

}  // namespace

std::vector<double> AxisTicks(double low, double high) {
  // Widens a range without extent.
  const double largest = std::max(std::fabs(low), std::fabs(high));
  if (high - low <= 1e-9 * largest || largest < std::numeric_limits<double>::min()) {
    const double margin = largest < std::numeric_limits<double>::min() ? 1 : largest / 2;
    low -= margin;
    high += margin;
  }
  constexpr double kIntervals = 5;
  const double magnitude = std::pow(10, std::floor(std::log10((high - low) / kIntervals)));
  double step = magnitude;
  for (const double factor : {2, 5, 10}) {
    if ((high - low) / step > kIntervals) step = factor * magnitude;
  }
  std::vector<double> ticks;
  const double first = std::floor(low / step);
  const double last = std::ceil(high / step);
  for (double i = first; i <= last; ++i) ticks.push_back(i * step);
  return ticks;
}

std::string DrawSvg(const LineChart& chart) {
  const Axis x = MakeAxis(chart, &std::pair<double, double>::first, kLeft, kWidth - kRight);
  const Axis y = MakeAxis(chart, &std::pair<double, double>::second, kHeight - kBottom, kTop);
  std::string svg = absl::StrFormat(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%g\" height=\"%g\" "
      "viewBox=\"0 0 %g %g\" font-family=\"sans-serif\" font-size=\"12\">\n"
      "<style>.grid{stroke:#ddd;fill:none}.axis{stroke:#333;fill:none}</style>\n"
      "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
      kWidth, kHeight, kWidth, kHeight);
  AppendAxes(chart, x, y, &svg);
  double legend = kTop + 14;
  for (size_t i = 0; i < chart.series.size(); ++i) {
    const char* color = kColors[i % kColors.size()];
    AppendSeries(chart.series[i], color, x, y, &svg);
    absl::StrAppendFormat(&svg, "<path stroke=\"%s\" stroke-width=\"3\" d=\"M%.1f %.1fh18\"/>\n",
                          color, kWidth - kRight - 26, legend - 4);
    AppendText(kWidth - kRight - 32, legend, "end", chart.series[i].label, &svg);
    legend += 18;
  }
  return svg + "</svg>\n";
}

}  // namespace kur
