#ifndef KUR_ENGINE_KURFILE_SECTION_EVALUATOR_H_
#define KUR_ENGINE_KURFILE_SECTION_EVALUATOR_H_

#include <set>
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

  // Reports what cannot be evaluated; such a section is left out of the result, and such a setting
  // out of `settings`. What uses them is left out too, without a further report. `filename` is the
  // Kurfile's, for templates that ask.
  void Run(const std::string& filename);

  // The names that are in force for what comes after the sections.
  const Scope& scope() const { return scope_; }

  // The sections, evaluated where they are to be, in the order in which they were written.
  Dict result() const;

 private:
  void EvaluateSettings();
  void EvaluateOne(const std::string& name);
  bool Evaluate(const Value& value, const Scope& scope, const std::string& path, Value* to);

  const TemplateEngine& engine_;
  const Dict raw_;
  Diagnostics* diagnostics_;
  Scope scope_;
  Dict evaluated_;
  std::set<std::string> broken_;  // sections of which nothing is known
};

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_SECTION_EVALUATOR_H_
