#ifndef KUR_ENGINE_KURFILE_SECTION_EVALUATOR_H_
#define KUR_ENGINE_KURFILE_SECTION_EVALUATOR_H_

#include <string>

#include "engine/kurfile/diagnostics.h"
#include "engine/kurfile/template/template.h"
#include "engine/kurfile/value.h"

namespace kur {

// Evaluates the sections of a Kurfile in Kur's order: `settings` against itself, then `train`,
// `validate`, `test`, `evaluate` and `loss`, each with those before it in scope. `model` and
// `templates` are left as they are. The engine and the diagnostics must outlive the evaluator.
class SectionEvaluator {
 public:
  // `raw` has the sections under the names that we use.
  SectionEvaluator(const TemplateEngine& engine, Dict raw, Diagnostics* diagnostics);

  // Reports what cannot be evaluated; such a section stays as it was written. `filename` is the
  // Kurfile's, for templates that ask.
  void Run(const std::string& filename);

  // The names that are in force for what comes after the sections.
  Scope scope() const { return Scope(nullptr, names_); }

  // All sections, evaluated where they have been, in the order in which they were written.
  Dict result() const;

 private:
  void EvaluateSettings();
  void EvaluateOne(const std::string& name);
  bool Evaluate(const Value& section, const Scope& scope, const std::string& name, Value* to);

  const TemplateEngine& engine_;
  const Dict raw_;
  Diagnostics* diagnostics_;
  Dict names_;
  Dict evaluated_;
};

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_SECTION_EVALUATOR_H_
