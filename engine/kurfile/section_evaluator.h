#ifndef KUR_ENGINE_KURFILE_SECTION_EVALUATOR_H_
#define KUR_ENGINE_KURFILE_SECTION_EVALUATOR_H_

#include <array>
#include <set>
#include <string>

#include "engine/template/template.h"
#include "engine/value/diagnostics.h"
#include "engine/value/value.h"

namespace kur {

// The name that we use for a section and the other one that Kur accepts, which may be empty.
struct SectionName {
  const char* canonical;
  const char* alias;
};

// Of every section of a Kurfile.
const std::array<SectionName, 8>& SectionNames();

// Evaluates the sections of a Kurfile in Kur's order: `settings` against itself, then `train`,
// `validate`, `test` and `evaluate`, and, once the model is known, `loss`, each with those before
// it in scope. `model` and `templates` are left as they are. The engine and the diagnostics must
// outlive the evaluator.
class SectionEvaluator {
 public:
  // `written` is the Kurfile as it was written, `raw` has its sections under the names that we use.
  SectionEvaluator(const TemplateEngine& engine, Dict written, Dict raw, Diagnostics* diagnostics);

  // All but `loss`. Reports what cannot be evaluated; such a section is left out of the result, and
  // such a setting out of `settings`. What uses them is left out too, without a further report.
  // `filename` is the Kurfile's, for templates that ask.
  void EvaluateSections(const std::string& filename);

  // `loss`, in whose templates `model_names` (see ExpandModel()) are names too. What uses them is
  // not judged if the model has errors.
  void EvaluateLoss(const Dict& model_names, bool model_has_errors);

  // The names that are in force for what comes after the sections.
  const Scope& scope() const { return scope_; }

  // The sections, evaluated where they are to be, in the order in which they were written.
  Dict result() const;

 private:
  void EvaluateSettings();
  void EvaluateSection(const SectionName& name);
  // Makes what is known of a section a name in `scope`.
  void SetSection(const SectionName& name, const Value& value, Scope* scope) const;
  // Brings `parsed` up to date.
  void SetParsed(const SectionName& name, const Value& value);
  bool Evaluate(const Value& value, const Scope& scope, const std::string& path, Value* to);

  const TemplateEngine& engine_;
  const Dict written_;
  const Dict raw_;
  Dict parsed_;
  Diagnostics* diagnostics_;
  Scope scope_;
  Dict evaluated_;
  std::set<std::string> broken_;  // sections of which nothing is known
};

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_SECTION_EVALUATOR_H_
