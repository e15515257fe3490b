#include "engine/data/speech/speech_options.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "engine/kurfile/specs/symbol.h"

namespace kur {
namespace {

const Fields<NormalizationSpec>& NormalizationFields() {
  using Spec = NormalizationSpec;
  static const auto* const kFields = new Fields<Spec>(
      Fields<Spec>()
          .Optional("path", &Spec::path,
                    "the file of the statistics; training writes it where it is missing")
          .Example("norm.yml")
          .Optional("center", &Spec::center, "whether the mean is subtracted")
          .Optional("scale", &Spec::scale, "whether the deviations become 1")
          .Optional("rotate", &Spec::rotate,
                    "how the features are decorrelated; yes is zca, which keeps them in place")
          .Example("pca")
          .Optional("depth", &Spec::depth, "how many recordings to learn from", AtLeast(1))
          .Shorthand("path"));
  return *kFields;
}

// A number without a sign at the beginning of `text`, which is taken off.
std::optional<double> TakeNumber(absl::string_view* text) {
  const size_t digits = std::min(text->find_first_not_of("0123456789."), text->size());
  double number = 0;
  if (!absl::SimpleAtod(text->substr(0, digits), &number)) return std::nullopt;
  text->remove_prefix(digits);
  return number;
}

std::optional<SampleRange> ParseRange(absl::string_view text) {
  SampleRange range;
  range.percent = absl::ConsumeSuffix(&text, "%");
  const std::optional<double> first = TakeNumber(&text);
  if (!first.has_value()) return std::nullopt;
  if (!absl::ConsumePrefix(&text, "-")) {
    range.end = first;
  } else {
    range.start = *first;
    if (!text.empty()) {
      range.end = TakeNumber(&text);
      if (!range.end.has_value()) return std::nullopt;
    }
  }
  if (!text.empty() || range.start >= range.end.value_or(INFINITY)) return std::nullopt;
  return range;
}

// Appends a value for each of `keys` to `to`: the entries of a dictionary, those of a list if
// `is_list`, otherwise `value` for all keys.
bool Distribute(const Value& value, const std::string& key, const std::vector<std::string>& keys,
                bool is_list, Diagnostics* diagnostics, std::vector<Value>* to) {
  if (is_list) {
    if (value.as_list().size() == keys.size()) {
      *to = value.as_list();
      return true;
    }
    diagnostics->Error(value.location(), key,
                       absl::StrCat("must have an entry for each of the ", keys.size(),
                                    " texts of 'key', has ", value.as_list().size()));
    return false;
  }
  if (!value.is_dict()) {
    to->assign(keys.size(), value);
    return true;
  }
  for (const auto& [name, entry] : value.as_dict()) {
    if (name.is_string() && std::count(keys.begin(), keys.end(), name.as_string()) > 0) continue;
    diagnostics->Error(name.location(), key,
                       absl::StrCat(Describe(name), " is no text that 'key' names",
                                    name.is_string() ? DidYouMean(name.as_string(), keys) : ""));
    return false;
  }
  for (const std::string& name : keys) {
    const Value* entry = value.Find(name);
    if (entry == nullptr) {
      diagnostics->Error(value.location(), key,
                         absl::StrCat("has no entry for the text '", name, "' of 'key'"));
      return false;
    }
    to->push_back(*entry);
  }
  return true;
}

bool ParseVocabulary(const Value& value, const std::string& key, Diagnostics* diagnostics,
                     VocabularySpec* to) {
  if (value.is_null()) return true;
  if (value.is_string()) {
    return FieldTraits<FileReference>::Parse(value, key, diagnostics,
                                             &to->emplace<FileReference>());
  }
  if (!value.is_list()) {
    return ReportType(value, key, "a list of strings, or a JSON file with one", diagnostics);
  }
  std::vector<Symbol> symbols;
  const bool good = FieldTraits<std::vector<Symbol>>::Parse(value, key, diagnostics, &symbols);
  auto& texts = to->emplace<std::vector<std::string>>();
  for (Symbol& symbol : symbols) texts.push_back(std::move(symbol.text));
  return good;
}

}  // namespace

std::pair<int64_t, int64_t> SampleRange::Resolve(int64_t size) const {
  const auto count = static_cast<double>(size);
  const auto bound = [&](double number) {
    const double samples = percent ? count * (number / 100) : number;
    return samples < count ? static_cast<int64_t>(samples) : size;
  };
  return {bound(start), end.has_value() ? bound(*end) : size};
}

bool ParseVocabularies(const Value& value, const std::string& key,
                       const std::vector<std::string>& keys, Diagnostics* diagnostics,
                       std::vector<VocabularySpec>* to) {
  const bool lists = value.is_list() && !value.as_list().empty() &&
                     std::all_of(value.as_list().begin(), value.as_list().end(),
                                 [](const Value& entry) { return entry.is_list(); });
  std::vector<Value> values;
  if (!Distribute(value, key, keys, lists, diagnostics, &values)) return false;
  bool good = true;
  for (const Value& entry : values) {
    good &= ParseVocabulary(entry, key, diagnostics, &to->emplace_back());
  }
  return good;
}

bool ParseUnknowns(const Value& value, const std::string& key, const std::vector<std::string>& keys,
                   Diagnostics* diagnostics, std::vector<std::optional<std::string>>* to) {
  std::vector<Value> values;
  if (!Distribute(value, key, keys, value.is_list(), diagnostics, &values)) return false;
  bool good = true;
  for (const Value& entry : values) {
    std::optional<Symbol> symbol;
    good &= FieldTraits<std::optional<Symbol>>::Parse(entry, key, diagnostics, &symbol);
    to->emplace_back();
    if (symbol.has_value()) to->back() = std::move(symbol->text);
  }
  return good;
}

bool FieldTraits<SampleRange>::Parse(const Value& value, const std::string& key,
                                     Diagnostics* diagnostics, SampleRange* to) {
  const bool is_count = value.is_int() && value.as_int() >= 1;
  if (!is_count && !value.is_string()) {
    return ReportType(value, key, "a number of samples, or a range such as 100-200 or 10%",
                      diagnostics);
  }
  const auto range = ParseRange(is_count ? absl::StrCat(value.as_int()) : value.as_string());
  if (!range.has_value()) {
    diagnostics->Error(value.location(), key,
                       absl::StrCat("must be a range such as 100, 100-200, 100-, 10%, 10-20% or "
                                    "90-%, got ",
                                    Describe(value)));
    return false;
  }
  *to = *range;
  return true;
}

bool FieldTraits<Rotation>::Parse(const Value& value, const std::string& key,
                                  Diagnostics* diagnostics, Rotation* to) {
  if (value.is_bool() || value.is_null()) {
    *to = value.is_bool() && value.as_bool() ? Rotation::kZca : Rotation::kNone;
    return true;
  }
  if (!value.is_string() || (value.as_string() != "zca" && value.as_string() != "pca")) {
    return ReportType(value, key, "yes, no, zca or pca", diagnostics);
  }
  *to = value.as_string() == "zca" ? Rotation::kZca : Rotation::kPca;
  return true;
}

Value FieldTraits<NormalizationSpec>::Schema() {
  return AnyOfSchema({TypeSchema("string"), TypeSchema("object"), TypeSchema("null")});
}

bool FieldTraits<NormalizationSpec>::Parse(const Value& value, const std::string& key,
                                           Diagnostics* diagnostics, NormalizationSpec* to) {
  if (value.is_null()) return true;
  if (!NormalizationFields().Parse(value, key, diagnostics, to)) return false;
  // A missing file is no error: the statistics are learned and written.
  if (to->path.has_value()) to->path->must_exist = false;
  return true;
}

KeyTable NormalizationKeys() { return NormalizationFields().Describe(); }

}  // namespace kur
