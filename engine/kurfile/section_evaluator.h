#ifndef KUR_ENGINE_KURFILE_SECTION_EVALUATOR_H_
#define KUR_ENGINE_KURFILE_SECTION_EVALUATOR_H_

#include <array>
#include <set>
#include <string>

#include "engine/template/template.h"
#include "engine/value/diagnostics.h"
#include "engine/value/value.h"

namespace kur {

// The name of a section, and the other name that Kur accepts, which may be empty.
struct SectionName {
  const char* canonical;
  const char* alias;
};

// Returns the names of all sections of a Kurfile, in the order of evaluation.
const std::array<SectionName, 8>& SectionNames();

// Evaluates the sections of a Kurfile in Kur's order: `settings` against itself, then `train`,
// `validate`, `test` and `evaluate`, and, once the model is known, `loss`. Each section has the
// earlier ones in scope. `model` and `templates` are left unevaluated. Not thread-safe. The engine
// and the diagnostics must outlive the evaluator.
class SectionEvaluator {
 public:
  // `written` is the Kurfile as it was written; `raw` has its sections under their canonical names.
  SectionEvaluator(const TemplateEngine& engine, Dict written, Dict raw, Diagnostics* diagnostics);

  // Evaluates all sections but `loss`. Reports each section and setting that cannot be evaluated
  // and leaves it out, as well as everything that uses it, without a further report. `filename` is
  // the name of the Kurfile, for templates that use it.
  void EvaluateSections(const std::string& filename);

  // Evaluates `loss`, whose templates may use `model_names` (see ExpandModel()). If the model has
  // errors, templates that use these names are not reported.
  void EvaluateLoss(const Dict& model_names, bool model_has_errors);

  // Returns the names that the model's templates may use.
  const Scope& scope() const { return scope_; }

  // Returns the sections, evaluated where possible, in the order in which they were written.
  Dict result() const;

 private:
  void EvaluateSettings();
  void EvaluateSection(const SectionName& name);
  // Adds a section to `scope` under both of its names.
  void SetSection(const SectionName& name, const Value& value, Scope* scope) const;
  // Adds an evaluated section to the name `parsed`.
  void SetParsed(const SectionName& name, const Value& value);
  bool Evaluate(const Value& value, const Scope& scope, const std::string& path, Value* to);

  const TemplateEngine& engine_;
  const Dict written_;
  const Dict raw_;
  Dict parsed_;
  Diagnostics* diagnostics_;
  Scope scope_;
  Dict evaluated_;
  std::set<std::string> broken_;  // sections that could not be evaluated
};

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_SECTION_EVALUATOR_H_
