#include "engine/kurfile/specs/provider_options.h"

#include "absl/strings/str_cat.h"

namespace kur {
namespace {

Condition<std::optional<int64_t>> AbsentOrAtLeast(int64_t least) {
  return {absl::StrCat("at least ", least),
          [least](const std::optional<int64_t>& value) { return !value || *value >= least; }};
}

}  // namespace

template <>
struct FieldTraits<Randomize> {
  static std::string Type() { return "boolean or integer"; }
  static Value Schema() { return AnyOfSchema({TypeSchema("boolean"), TypeSchema("integer")}); }
  static bool Parse(const Value& value, const std::string& key, Diagnostics* diagnostics,
                    Randomize* to) {
    if (value.is_bool()) {
      to->on = value.as_bool();
      return true;
    }
    int64_t first = 0;
    if (!value.is_number()) return ReportType(value, key, "yes, no or an integer", diagnostics);
    if (!FieldTraits<int64_t>::Parse(value, key, diagnostics, &first)) return false;
    if (first < 0) return ReportType(value, key, "a number of samples", diagnostics);
    to->on = first > 0;
    if (to->on) to->first = first;
    return true;
  }
  static std::string Format(const Randomize& randomize) {
    return randomize.first ? absl::StrCat(*randomize.first) : randomize.on ? "yes" : "no";
  }
};

const Fields<ProviderOptions>& ProviderOptionFields() {
  static const auto* fields = new Fields<ProviderOptions>(
      Fields<ProviderOptions>()
          .Choice("name", &ProviderOptions::name, {"batch_provider", "shuffle_provider"},
                  "the kind of provider; both are the same")
          .Optional("batch_size", &ProviderOptions::batch_size, "samples in a batch", AtLeast(1))
          .Optional("num_batches", &ProviderOptions::num_batches,
                    "batches in an epoch; all that there are if left out", AbsentOrAtLeast(1))
          .Example("100")
          .Optional("randomize", &ProviderOptions::randomize,
                    "whether every epoch presents the data in a new random order; a number: only "
                    "so many samples, from the front, change places")
          .Optional("force_batch_size", &ProviderOptions::force_batch_size,
                    "whether a last batch that would be smaller is left out")
          .Optional("shuffle_after", &ProviderOptions::shuffle_after,
                    "epochs before the order is randomized for the first time", AtLeast(0))
          .Optional("sort_by", &ProviderOptions::sort_by,
                    "the source by which data that is not randomized is sorted")
          .Example("duration")
          .Optional("sortagrad", &ProviderOptions::sortagrad,
                    "short for sort_by with shuffle_after: 1")
          .Example("duration")
          .Optional("reverse", &ProviderOptions::reverse, "whether sorting puts the greatest first")
          .Optional("neighborhood_sort", &ProviderOptions::neighborhood_sort,
                    "the source by which randomized data is put into batches of near values")
          .Example("duration")
          .Optional("neighborhood_size", &ProviderOptions::neighborhood_size,
                    "how near, in the unit of that source; default: a tenth of its range",
                    IfGiven(Positive()))
          .Example("0.5")
          .Optional("neighborhood_growth", &ProviderOptions::neighborhood_growth,
                    "by which share of itself that size grows where too few are near", Positive()));
  return *fields;
}

bool ParseProviderOptions(const Value& value, const std::string& key, Diagnostics* diagnostics,
                          ProviderOptions* options) {
  if (!ProviderOptionFields().Parse(value, key, diagnostics, options)) return false;
  if (!options->sortagrad.has_value()) return true;
  if (options->sort_by.has_value() || options->shuffle_after > 0) {
    diagnostics->Error(value.location(), key,
                       "sortagrad cannot be used with sort_by or shuffle_after: it stands for "
                       "sort_by with shuffle_after: 1");
    return false;
  }
  options->sort_by = std::move(options->sortagrad);
  options->sortagrad.reset();
  options->shuffle_after = 1;
  return true;
}

}  // namespace kur
