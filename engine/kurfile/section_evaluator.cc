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
  scope_.Set("filename", Value(filename));
  scope_.Set("raw", Value(raw_));
  scope_.Set("host", HostName());
  EvaluateSettings();
  for (const char* name : {"train", "validate", "test", "evaluate", "loss"}) EvaluateOne(name);
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
  } else {
    scope_.Set("settings", Value(good).At(settings->location()));
  }
  for (const auto& [key, value] : good) {
    if (key.is_string()) scope_.Set(key.as_string(), value);
  }
  evaluated_.Set(Value("settings"), Value(std::move(good)).At(settings->location()));
}

void SectionEvaluator::EvaluateOne(const std::string& name) {
  const Value* section = raw_.Find(name);
  if (section == nullptr) return;
  Scope own(&scope_);
  own.Set(name, *section);
  Value evaluated;
  if (Evaluate(*section, own, name, &evaluated)) {
    scope_.Set(name, evaluated);
    evaluated_.Set(Value(name), std::move(evaluated));
  } else {
    scope_.SetBroken(name);
    broken_.insert(name);
  }
}

}  // namespace kur
