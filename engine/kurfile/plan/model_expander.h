#ifndef KUR_ENGINE_KURFILE_PLAN_MODEL_EXPANDER_H_
#define KUR_ENGINE_KURFILE_PLAN_MODEL_EXPANDER_H_

#include "engine/kurfile/plan/model_plan.h"
#include "engine/template/template.h"
#include "engine/value/diagnostics.h"
#include "engine/value/value.h"

namespace kur {

// Expands the `model` section: evaluates its containers one by one in `scope`, unrolls operators
// such as `for` and the section `templates` (null if there is none), names every layer and connects
// it to its inputs. A layer without `inputs` takes the layer before it. The result has no shapes
// yet (see InferShapes()); its layers are in an order in which inputs come first. Reports all
// errors; after an error the plan only serves to find further errors. `names`, unless null,
// receives the names that templates may use once the model is known: `tags`, `oldest`, `layers`.
ModelPlan ExpandModel(const Value& model, const Value& templates, const TemplateEngine& engine,
                      const Scope& scope, Diagnostics* diagnostics, Dict* names = nullptr);

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_PLAN_MODEL_EXPANDER_H_
