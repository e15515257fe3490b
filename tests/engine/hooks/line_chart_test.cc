#include "engine/hooks/line_chart.h"

#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace kur {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pointwise;

TEST(LineChartTest, TicksAreRoundNumbersThatEncloseTheData) {
  const auto near = [](const std::vector<double>& expected) {
    return Pointwise(::testing::DoubleNear(1e-9), expected);
  };
  EXPECT_THAT(AxisTicks(0, 10), near({0, 2, 4, 6, 8, 10}));
  EXPECT_THAT(AxisTicks(0.13, 0.48), near({0.1, 0.2, 0.3, 0.4, 0.5}));
  EXPECT_THAT(AxisTicks(-3, 917), near({-200, 0, 200, 400, 600, 800, 1000}));
  // One value, and values that a double hardly tells apart, still have an axis.
  for (const double value : {0.0, 7.0, -1e-300, 1e300}) {
    const auto ticks = AxisTicks(value, std::nextafter(value, 1));
    EXPECT_GE(ticks.size(), 3U) << value;
    EXPECT_LE(ticks.size(), 11U) << value;
    EXPECT_LE(ticks.front(), value);
    EXPECT_GE(ticks.back(), value);
  }
}

TEST(LineChartTest, DrawsLinesWithinTheAxes) {
  LineChart chart{"batches", "loss", {}};
  chart.series.push_back({"training", {{0, 0}, {10, 1}}});
  chart.series.push_back({"validation", {{5, 0.5}}, /*dots=*/true});
  const std::string svg = DrawSvg(chart);
  EXPECT_THAT(svg, HasSubstr("d=\"M70.0 370.0L700.0 20.0\""));  // corner to corner
  EXPECT_THAT(svg, HasSubstr("<circle cx=\"385.0\" cy=\"195.0\""));
  EXPECT_THAT(svg, HasSubstr(">batches</text>"));
  EXPECT_THAT(svg, HasSubstr(">validation</text>"));
}

TEST(LineChartTest, TextIsEscapedAndWhatIsNotFiniteLeftOut) {
  LineChart chart{"a<b", "c&d", {}};
  chart.series.push_back({"<script>", {{1, std::nan("")}, {2, 3}, {3, HUGE_VAL}}, /*dots=*/true});
  const std::string svg = DrawSvg(chart);
  EXPECT_THAT(svg, HasSubstr("a&lt;b"));
  EXPECT_THAT(svg, HasSubstr("c&amp;d"));
  EXPECT_THAT(svg, Not(HasSubstr("<script>")));
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
  EXPECT_THAT(svg, Not(HasSubstr("inf")));
  EXPECT_EQ(std::vector<std::string>(absl::StrSplit(svg, "<circle")).size(), 2U);
}

TEST(LineChartTest, NothingIsDrawnOfNothing) {
  EXPECT_THAT(DrawSvg({"x", "y", {{"training", {}}}}), HasSubstr("</svg>"));
}

}  // namespace
}  // namespace kur
