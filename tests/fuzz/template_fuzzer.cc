// Any bytes as a template, and as a literal.

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "engine/template/template.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const kur::Scope* const kScope = [] {
    auto* scope = new kur::Scope;
    kur::Dict dict;
    dict.Set(kur::Value("b"), kur::Value(kur::Value::List{kur::Value(1), kur::Value(2.5)}));
    scope->Set("a", kur::Value(std::move(dict)));
    scope->Set("s", kur::Value("{{ a }} text"));
    scope->Set("n", kur::Value(3));
    return scope;
  }();
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  kur::TemplateBudget budget;
  budget.steps = 20000;
  budget.output_bytes = 1 << 16;
  const kur::TemplateEngine engine({}, budget);
  static_cast<void>(engine.Evaluate(kur::Value(text), *kScope, true, "fuzz"));
  kur::Value value;
  static_cast<void>(kur::ParsePythonLiteral(text, &value));
  return 0;
}
