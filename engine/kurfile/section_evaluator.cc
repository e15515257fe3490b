#include "engine/kurfile/section_evaluator.h"

#include <unistd.h>

#include <array>
#include <utility>

#include "engine/kurfile/fields.h"

namespace kur {
namespace {

Value HostName() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? Value(name.data()) : Value("");
}

}  // namespace

SectionEvaluator::SectionEvaluator(const TemplateEngine& engine, Dict raw, Diagnostics* diagnostics)
    : engine_(engine), raw_(std::move(raw)), diagnostics_(diagnostics) {}

void SectionEvaluator::Run(const std::string& filename) {
  names_.Set(Value("filename"), Value(filename));
  names_.Set(Value("raw"), Value(raw_));
  names_.Set(Value("host"), HostName());
  EvaluateSettings();
  for (const char* name : {"train", "validate", "test", "evaluate", "loss"}) EvaluateOne(name);
}

Dict SectionEvaluator::result() const {
  Dict all;
  for (const auto& [key, value] : raw_) {
    const Value* evaluated = evaluated_.Find(key);
    all.Set(key, evaluated == nullptr ? value : *evaluated);
  }
  return all;
}

bool SectionEvaluator::Evaluate(const Value& section, const Scope& scope, const std::string& name,
                                Value* to) {
  auto evaluated = engine_.Evaluate(section, scope, /*recursive=*/true, name);
  if (evaluated.ok()) {
    *to = *std::move(evaluated);
    return true;
  }
  const auto details = DiagnosticsOf(evaluated.status());
  for (const Diagnostic& detail : details) {
    diagnostics_->Error(detail.location, detail.path, detail.message);
  }
  if (details.empty()) {
    diagnostics_->Error(section.location(), name, std::string(evaluated.status().message()));
  }
  return false;
}

void SectionEvaluator::EvaluateSettings() {
  const Value* settings = raw_.Find("settings");
  if (settings == nullptr || settings->is_null()) return;
  if (!settings->is_dict()) {
    ReportType(*settings, "settings", "a dictionary", diagnostics_);
    return;
  }
  Scope scope(nullptr, names_);
  for (const auto& [key, value] : settings->as_dict()) {
    if (key.is_string()) scope.Set(key.as_string(), value);
  }
  scope.Set("settings", *settings);
  Value evaluated;
  if (!Evaluate(*settings, scope, "settings", &evaluated)) return;
  for (const auto& [key, value] : evaluated.as_dict()) names_.Set(key, value);
  names_.Set(Value("settings"), evaluated);
  evaluated_.Set(Value("settings"), std::move(evaluated));
}

void SectionEvaluator::EvaluateOne(const std::string& name) {
  const Value* section = raw_.Find(name);
  if (section == nullptr) return;
  Scope scope(nullptr, names_);
  scope.Set(name, *section);
  Value evaluated;
  if (!Evaluate(*section, scope, name, &evaluated)) return;
  names_.Set(Value(name), evaluated);
  evaluated_.Set(Value(name), std::move(evaluated));
}

}  // namespace kur
