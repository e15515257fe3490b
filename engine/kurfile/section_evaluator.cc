#include "engine/kurfile/section_evaluator.h"

#include <unistd.h>

#include <utility>

#include "engine/kurfile/schema/fields.h"

namespace kur {
namespace {

Value HostName() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? Value(name.data()) : Value("");
}

}  // namespace

const std::array<SectionName, 8>& SectionNames() {
  static constexpr std::array<SectionName, 8> kNames = {{
      {"settings", ""},
      {"train", "training"},
      {"validate", "validation"},
      {"test", "testing"},
      {"evaluate", "evaluation"},
      {"templates", ""},
      {"model", ""},
      {"loss", ""},
  }};
  return kNames;
}

SectionEvaluator::SectionEvaluator(const TemplateEngine& engine, Dict written, Dict raw,
                                   Diagnostics* diagnostics)
    : engine_(engine),
      written_(std::move(written)),
      raw_(std::move(raw)),
      parsed_(written_),
      diagnostics_(diagnostics) {}

void SectionEvaluator::EvaluateSections(const std::string& filename) {
  scope_.Set("filename", Value(filename));
  scope_.Set("raw", Value(written_));
  scope_.Set("parsed", Value(parsed_));
  scope_.Set("host", HostName());
  EvaluateSettings();
  for (const SectionName& name : SectionNames()) {
    if (*name.alias != '\0') EvaluateSection(name);
  }
}

void SectionEvaluator::EvaluateLoss(const Dict& model_names, bool model_has_errors) {
  for (const auto& [name, value] : model_names) scope_.Set(name.as_string(), value);
  for (const char* name : {"tags", "oldest", "layers"}) {
    if (model_has_errors) scope_.SetBroken(name);
  }
  EvaluateSection({"loss", ""});
}

Dict SectionEvaluator::result() const {
  Dict all;
  for (const auto& [key, value] : raw_) {
    const Value* evaluated = evaluated_.Find(key);
    if (broken_.count(key.as_string()) > 0) continue;
    all.Set(key, evaluated == nullptr ? value : *evaluated);
  }
  return all;
}

bool SectionEvaluator::Evaluate(const Value& value, const Scope& scope, const std::string& path,
                                Value* to) {
  auto evaluated = engine_.Evaluate(value, scope, /*recursive=*/true, path);
  if (evaluated.ok()) {
    *to = *std::move(evaluated);
    return true;
  }
  diagnostics_->Append(evaluated.status(), value.location(), path);
  return false;
}

void SectionEvaluator::EvaluateSettings() {
  const Value* settings = raw_.Find("settings");
  if (settings == nullptr || settings->is_null()) return;
  if (!settings->is_dict()) {
    ReportType(*settings, "settings", "a dictionary", diagnostics_);
    scope_.SetBroken("settings");
    scope_.SetBroken("parsed");
    return;
  }
  Scope own(&scope_);
  for (const auto& [key, value] : settings->as_dict()) {
    if (key.is_string()) own.Set(key.as_string(), value);
  }
  own.Set("settings", *settings);
  Dict good;
  for (const auto& [key, value] : settings->as_dict()) {
    const std::string name = key.is_string() ? key.as_string() : ToJson(key);
    Value evaluated;
    if (Evaluate(value, own, "settings." + name, &evaluated)) {
      good.Set(key, evaluated);
    } else {
      own.SetBroken(name);
      scope_.SetBroken(name);
    }
  }
  if (good.size() < settings->as_dict().size()) {
    scope_.SetBroken("settings");
    scope_.SetBroken("parsed");
  } else {
    scope_.Set("settings", Value(good).At(settings->location()));
  }
  for (const auto& [key, value] : good) {
    if (key.is_string()) scope_.Set(key.as_string(), value);
  }
  const Value evaluated = Value(std::move(good)).At(settings->location());
  SetParsed({"settings", ""}, evaluated);
  evaluated_.Set(Value("settings"), evaluated);
}

void SectionEvaluator::SetSection(const SectionName& name, const Value& value, Scope* scope) const {
  scope->Set(name.canonical, value);
  if (written_.Contains(name.alias)) scope->Set(name.alias, value);
}

void SectionEvaluator::SetParsed(const SectionName& name, const Value& value) {
  parsed_.Set(Value(name.canonical), value);
  if (*name.alias != '\0') parsed_.Set(Value(name.alias), value);
  if (!scope_.IsBroken("parsed")) scope_.Set("parsed", Value(parsed_));
}

void SectionEvaluator::EvaluateSection(const SectionName& name) {
  const Value* section = raw_.Find(name.canonical);
  if (section == nullptr) return;
  Scope own(&scope_);
  SetSection(name, *section, &own);
  Value evaluated;
  if (Evaluate(*section, own, name.canonical, &evaluated)) {
    SetSection(name, evaluated, &scope_);
    SetParsed(name, evaluated);
    evaluated_.Set(Value(name.canonical), std::move(evaluated));
    return;
  }
  for (const char* broken : {name.canonical, name.alias, "parsed"}) scope_.SetBroken(broken);
  broken_.insert(name.canonical);
}

}  // namespace kur
