#include "engine/kurfile/specs/column_scaling.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"

namespace kur {
namespace {

// The numbers that a Kurfile gives, in one of three ways.
struct GivenScaling {
  std::vector<double> mean;
  std::vector<double> std;
  std::vector<double> min;
  std::vector<double> max;
  std::vector<double> scale;
  std::vector<double> offset;
};

bool AllFinite(const std::vector<double>& values) {
  return std::all_of(values.begin(), values.end(),
                     [](double value) { return std::isfinite(value); });
}

const Fields<GivenScaling>& GivenScalingFields() {
  using Given = GivenScaling;
  const Condition<std::vector<double>> finite = {
      "finite numbers",
      [](const std::vector<double>& values) { return !values.empty() && AllFinite(values); }};
  static const auto* const kFields = new Fields<Given>(
      Fields<Given>()
          .Optional("mean", &Given::mean, "what becomes 0; needs std", finite)
          .Example("[5.8, 3.1]")
          .Optional("std", &Given::std, "the deviation from the mean that becomes 1", finite)
          .Example("[0.8, 0.4]")
          .Optional("min", &Given::min, "what becomes 0; needs max", finite)
          .Example("0")
          .Optional("max", &Given::max, "what becomes 1", finite)
          .Example("255")
          .Optional("scale", &Given::scale, "what values are multiplied by", finite)
          .Example("0.01")
          .Optional("offset", &Given::offset, "what is then added", finite)
          .Example("-1"));
  return *kFields;
}

// Returns element `i`, or the only element.
double NumberAt(const std::vector<double>& numbers, size_t i) {
  return numbers.size() == 1 ? numbers[0] : numbers[i];
}

// Returns what is wrong with the numbers; "" if nothing is.
std::string FindProblem(const GivenScaling& given) {
  const int ways = static_cast<int>(!given.mean.empty() || !given.std.empty()) +
                   static_cast<int>(!given.min.empty() || !given.max.empty()) +
                   static_cast<int>(!given.scale.empty() || !given.offset.empty());
  if (ways != 1 || given.mean.empty() != given.std.empty() ||
      given.min.empty() != given.max.empty()) {
    return "give either mean and std, or min and max, or scale and offset";
  }
  size_t width = 1;
  for (const auto* numbers :
       {&given.mean, &given.std, &given.min, &given.max, &given.scale, &given.offset}) {
    if (numbers->size() <= 1) continue;
    if (width > 1 && numbers->size() != width) {
      return absl::StrCat("the lists have ", width, " and ", numbers->size(), " numbers");
    }
    width = numbers->size();
  }
  for (const double deviation : given.std) {
    if (deviation <= 0) return "std must be greater than 0";
  }
  for (size_t i = 0; i < width && !given.min.empty(); ++i) {
    if (NumberAt(given.min, i) >= NumberAt(given.max, i)) return "min must be less than max";
  }
  return "";
}

// Sets the scaling that maps `from` to 0 and `from + spans` to 1.
void SetScaling(const std::vector<double>& from, const std::vector<double>& spans,
                ColumnScaling* to) {
  const size_t width = std::max(from.size(), spans.size());
  to->scale.resize(width);
  to->offset.resize(width);
  for (size_t i = 0; i < width; ++i) {
    to->scale[i] = 1 / NumberAt(spans, i);
    to->offset[i] = -NumberAt(from, i) * to->scale[i];
  }
}

ColumnScaling ScalingOf(const GivenScaling& given) {
  ColumnScaling scaling;
  if (!given.mean.empty()) {
    SetScaling(given.mean, given.std, &scaling);
  } else if (!given.min.empty()) {
    std::vector<double> spans(std::max(given.min.size(), given.max.size()));
    for (size_t i = 0; i < spans.size(); ++i) {
      spans[i] = NumberAt(given.max, i) - NumberAt(given.min, i);
    }
    SetScaling(given.min, spans, &scaling);
  } else {
    if (!given.scale.empty()) scaling.scale = given.scale;
    if (!given.offset.empty()) scaling.offset = given.offset;
  }
  return scaling;
}

}  // namespace

bool FieldTraits<ColumnScaling>::Parse(const Value& value, const std::string& key,
                                       Diagnostics* diagnostics, ColumnScaling* to) {
  if (value == Value("standard") || value == Value("min_max")) {
    to->kind =
        value == Value("standard") ? ColumnScaling::Kind::kStandard : ColumnScaling::Kind::kMinMax;
    return true;
  }
  if (!value.is_dict()) {
    return ReportType(value, key, "standard, min_max, {mean, std}, {min, max} or {scale, offset}",
                      diagnostics);
  }
  GivenScaling given;
  if (!GivenScalingFields().Parse(value, key, diagnostics, &given)) return false;
  std::string fault = FindProblem(given);
  if (fault.empty()) {
    *to = ScalingOf(given);
    if (!AllFinite(to->scale) || !AllFinite(to->offset)) fault = "the numbers are too far apart";
  }
  if (!fault.empty()) diagnostics->Error(value.location(), key, fault);
  return fault.empty();
}

KeyTable ScalingKeys() { return GivenScalingFields().Describe(); }

}  // namespace kur
