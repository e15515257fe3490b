#ifndef KUR_ENGINE_KURFILE_LINT_H_
#define KUR_ENGINE_KURFILE_LINT_H_

#include <map>
#include <string>

#include "engine/kurfile/plan/model_plan.h"
#include "engine/kurfile/sections.h"
#include "engine/value/diagnostics.h"
#include "engine/value/shape.h"
#include "engine/value/value.h"

namespace kur {

// Warns about what is legal but surely not meant: a softmax compared by mean squared error, an
// output that nothing trains, a truth of another width than the output, a checkpoint that is never
// written. `sources` are the sample shapes of the data sources that are known without opening
// anything.
void WarnAboutMistakes(const Sections& sections, const ModelPlan& plan,
                       const std::map<std::string, Shape>& sources, Diagnostics* diagnostics);

// Warns about texts of the Kurfile as it was written that look like secrets, without repeating
// them.
void WarnAboutLiteralSecrets(const Value& raw, Diagnostics* diagnostics);

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_LINT_H_
