#include "engine/kurfile/specs/split_spec.h"

#include <cmath>
#include <iterator>

#include "absl/strings/str_cat.h"

namespace kur {
namespace {

constexpr const char* kSections[] = {"train", "validate", "test", "evaluate"};
constexpr std::optional<double> SplitSpec::*kParts[] = {&SplitSpec::train, &SplitSpec::validate,
                                                        &SplitSpec::test, &SplitSpec::evaluate};
// The rounding error of a sum such as 0.7 + 0.2 + 0.1.
constexpr double kSlack = 1e-9;

const Fields<SplitSpec>& SplitFields() {
  const auto share = [] {
    return IfGiven(Condition<double>{"greater than 0 and at most 1",
                                     [](double value) { return value > 0 && value <= 1; }});
  };
  static const auto* const kFields = new Fields<SplitSpec>(
      Fields<SplitSpec>()
          .Optional("train", &SplitSpec::train, "the share of the section train", share())
          .Example("0.8")
          .Optional("validate", &SplitSpec::validate, "the share of the section validate", share())
          .Example("0.1")
          .Optional("test", &SplitSpec::test, "the share of the section test", share())
          .Example("0.1")
          .Optional("evaluate", &SplitSpec::evaluate, "the share of the section evaluate", share())
          .Example("0.1")
          .Optional("seed", &SplitSpec::seed,
                    "another seed shares the samples out in another way"));
  return *kFields;
}

}  // namespace

bool FieldTraits<SplitSpec>::Parse(const Value& value, const std::string& key,
                                   Diagnostics* diagnostics, SplitSpec* to) {
  if (!SplitFields().Parse(value, key, diagnostics, to)) return false;
  double sum = 0;
  for (const auto part : kParts) sum += (to->*part).value_or(0);
  if (sum > 0 && sum <= 1 + kSlack) return true;
  diagnostics->Error(value.location(), key,
                     sum == 0 ? std::string("give at least one section its share")
                              : absl::StrCat("the shares are ", sum, " together, more than 1"));
  return false;
}

bool SplitSpec::HasPart(const std::string& section) const {
  for (size_t i = 0; i < std::size(kSections); ++i) {
    if (section == kSections[i]) return (this->*kParts[i]).has_value();
  }
  return false;
}

double SplitSpec::Remainder() const {
  double rest = 1;
  for (const auto part : kParts) rest -= (this->*part).value_or(0);
  return rest < kSlack ? 0 : rest;
}

std::pair<int64_t, int64_t> SplitSpec::PartOf(const std::string& section, int64_t size) const {
  double sum = 0;
  int64_t begin = 0;
  for (size_t i = 0; i < std::size(kSections); ++i) {
    sum += (this->*kParts[i]).value_or(0);
    const double end_share = sum > 1 - kSlack ? 1 : sum;
    const int64_t end = std::llround(end_share * static_cast<double>(size));
    if (HasPart(section) && section == kSections[i]) return {begin, end};
    begin = end;
  }
  return {begin, size};
}

KeyTable SplitKeys() { return SplitFields().Describe(); }

}  // namespace kur
