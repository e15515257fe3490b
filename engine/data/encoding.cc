#include "engine/data/encoding.h"

#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/status.h"
#include "engine/base/utf8.h"

namespace kur {
namespace {

using nlohmann::json;

constexpr char kSymbolsKey[] = "symbols";

absl::Status CheckText(const std::string& source, const std::string& text) {
  if (IsUtf8(text)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("the name '", absl::CHexEscape(text), "' of ",
                                                 source, " is not UTF-8; rename it"));
}

absl::StatusOr<Encoding> ParseEncoding(const json& object) {
  if (!object.is_object()) return absl::DataLossError("it is no dictionary");
  Encoding encoding;
  for (const auto& [key, list] : object.items()) {
    if (!list.is_array()) return absl::DataLossError(absl::StrCat("'", key, "' is no list"));
    std::set<std::string> seen;
    for (const json& entry : list) {
      const bool is_symbol = key == kSymbolsKey;
      if (is_symbol ? !entry.is_string() : !entry.is_number()) {
        return absl::DataLossError(absl::StrCat("'", key, "' holds something else than ",
                                                is_symbol ? "texts" : "numbers"));
      }
      if (!is_symbol) {
        encoding.statistics[key].push_back(entry.get<double>());
        if (!std::isfinite(encoding.statistics[key].back())) {
          return absl::DataLossError(absl::StrCat("'", key, "' holds an infinite number"));
        }
        continue;
      }
      encoding.symbols.push_back(entry.get<std::string>());
      if (!seen.insert(encoding.symbols.back()).second) {
        return absl::DataLossError(
            absl::StrCat("the symbol '", encoding.symbols.back(), "' is there twice"));
      }
    }
  }
  return encoding;
}

}  // namespace

absl::StatusOr<std::string> FormatEncodings(const Encodings& encodings) {
  json object = json::object();
  for (const auto& [source, encoding] : encodings) {
    if (encoding.empty()) continue;
    KUR_RETURN_IF_ERROR(CheckText("a source", source));
    json& entry = object[source] = json::object();
    for (const std::string& symbol : encoding.symbols) {
      KUR_RETURN_IF_ERROR(CheckText(absl::StrCat("'", source, "'"), symbol));
    }
    if (!encoding.symbols.empty()) entry[kSymbolsKey] = encoding.symbols;
    for (const auto& [name, numbers] : encoding.statistics) entry[name] = numbers;
  }
  std::string text = object.dump();
  if (text.size() <= kMaxEncodingBytes) return text;
  return absl::ResourceExhaustedError(
      absl::StrCat("the classes, vocabularies and statistics of the data take ", text.size() >> 20,
                   " MiB, and a weights file has room for ", kMaxEncodingBytes >> 20, " of them"));
}

std::string SummarizeEncodings(const Encodings& encodings) {
  constexpr size_t kMostSymbols = 6;
  constexpr size_t kMostSources = 4;
  std::vector<std::string> texts;
  for (const auto& [source, encoding] : encodings) {
    std::vector<std::string> parts;
    const std::vector<std::string>& symbols = encoding.symbols;
    if (symbols.size() > kMostSymbols) parts.push_back(absl::StrCat(symbols.size(), " symbols"));
    if (!symbols.empty() && symbols.size() <= kMostSymbols) {
      parts.push_back(absl::StrJoin(symbols, ", "));
    }
    const auto knows = [&](const char* name) { return encoding.statistics.count(name) > 0; };
    if (knows("scale") || knows("mean")) parts.emplace_back("normalized");
    if (knows("missing")) parts.emplace_back("gaps filled");
    if (!parts.empty()) texts.push_back(absl::StrCat(source, ": ", absl::StrJoin(parts, ", ")));
  }
  if (texts.size() > kMostSources) {
    const size_t more = texts.size() - kMostSources;
    texts.resize(kMostSources);
    texts.push_back(absl::StrCat("and of ", more, " more"));
  }
  return absl::StrJoin(texts, "; ");
}

absl::StatusOr<Encodings> ParseEncodings(absl::string_view text) {
  if (text.size() > kMaxEncodingBytes) return absl::DataLossError("the encodings are too long");
  const json object = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return absl::DataLossError("the encodings are no dictionary");
  Encodings encodings;
  for (const auto& [source, entry] : object.items()) {
    auto encoding = ParseEncoding(entry);
    if (!encoding.ok()) {
      return Annotate(encoding.status(), absl::StrCat("the encoding of '", source, "'"));
    }
    encodings[source] = *std::move(encoding);
  }
  return encodings;
}

ModelEncodings::ModelEncodings(std::optional<Encodings> known, std::string weights)
    : weights_(std::move(weights)), is_ignorant_(!known.has_value()) {
  if (known.has_value()) encodings_ = *std::move(known);
}

const Encoding* ModelEncodings::Find(const std::string& source) const {
  const auto found = encodings_.find(source);
  return found == encodings_.end() ? nullptr : &found->second;
}

Encoding* ModelEncodings::Learn(const std::string& source) {
  learnt_.insert(source);
  return &encodings_[source];
}

bool ModelEncodings::TakeWarning() {
  return (is_ignorant_ || !is_learning_) && !std::exchange(has_warned_, true);
}

std::string ModelEncodings::Owner(const std::string& source) const {
  if (weights_.empty() || learnt_.count(source) > 0) return "the training data has";
  return absl::StrCat("the weights ", weights_, " have");
}

std::string ModelEncodings::WayOut(const std::string& source) const {
  if (!is_learning_ || weights_.empty() || learnt_.count(source) > 0) return "";
  return "; train.weights.relearn: yes takes those of the data";
}

std::vector<std::string> SortClasses(const std::set<std::string>& names) {
  std::vector<std::string> sorted(names.begin(), names.end());
  std::map<int64_t, std::string> numbers;
  for (const std::string& name : sorted) {
    int64_t number = 0;
    if (!absl::SimpleAtoi(name, &number)) return sorted;
    numbers.emplace(number, name);
  }
  if (numbers.size() != sorted.size()) return sorted;
  sorted.clear();
  for (auto& [number, name] : numbers) sorted.push_back(std::move(name));
  return sorted;
}

}  // namespace kur
