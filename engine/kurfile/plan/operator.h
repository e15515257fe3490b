#ifndef KUR_ENGINE_KURFILE_PLAN_OPERATOR_H_
#define KUR_ENGINE_KURFILE_PLAN_OPERATOR_H_

#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/kurfile/schema/container_keys.h"
#include "engine/kurfile/schema/kind.h"
#include "engine/template/template.h"
#include "engine/value/value.h"

namespace kur {

// What a container inherits from those around it.
struct Surroundings {
  bool frozen = false;
  // How many leading axes of a sample the layers are applied along (see `parallel`).
  int mapped_axes = 0;
  int depth = 0;
};

// Use of an operator in a model.
struct OperatorCall {
  Value arguments;  // what stands under its name, as it was written
  ContainerKeys keys;
  std::string path;  // "model[3].for"
  const Scope* scope;
  Surroundings inside;  // what the containers that it makes inherit

  OperatorCall(Value arguments, std::string path, const Scope* scope)
      : arguments(std::move(arguments)), path(std::move(path)), scope(scope) {}
};

// The model while it is being expanded, as operators see it. Not thread-safe.
class ModelBuilder {
 public:
  virtual ~ModelBuilder() = default;

  // Evaluates `value` with everything in it; reports what is wrong, unless it follows from what was
  // reported before, and returns false.
  virtual bool Evaluate(const Value& value, const Scope& scope, const std::string& path,
                        Value* to) = 0;
  // Adds the containers of a list, which a template may give. What has an error is reported, and
  // something that stands for it is added.
  virtual void ExpandList(const Value& containers, const std::string& path, const Scope& scope,
                          const Surroundings& inside) = 0;
  // The name of the layer that was added last; empty before the first.
  virtual std::string LastLayer() const = 0;
  // Checks that the model is not too large yet, before each turn of a loop. False if it is, which
  // is reported once, at `where`.
  virtual bool CheckBudget(const Value& where, const std::string& path) = 0;

  virtual Diagnostics* diagnostics() = 0;
};

// One kind of operator: a container that makes layers, or looks at the model, and is no layer
// itself.
struct OperatorKind {
  std::string doc;      // one line
  std::string example;  // as in a Kurfile
  KeyTable keys;
  // False if something was reported because of which layers are missing.
  std::function<bool(const OperatorCall&, ModelBuilder*)> expand;
};

// Reads the arguments of an operator: evaluates them, all but those under the keys `later`, which
// are kept as they were written. False if they have an error, which is reported.
template <class Spec>
bool ParseOperator(const OperatorCall& call, const Fields<Spec>& fields,
                   const std::set<std::string>& later, ModelBuilder* builder, Spec* spec) {
  Value arguments = call.arguments;
  // The whole of it may be a template that gives a dictionary.
  if (!arguments.is_dict() && !builder->Evaluate(arguments, *call.scope, call.path, &arguments)) {
    return false;
  }
  if (arguments.is_dict()) {
    Dict evaluated;
    bool good = true;
    for (const auto& [key, raw] : arguments.as_dict()) {
      const std::string name = key.is_string() ? key.as_string() : ToJson(key);
      Value value = raw;
      if (later.count(name) == 0) {
        good &= builder->Evaluate(raw, *call.scope, call.path + "." + name, &value);
      }
      evaluated.Set(key, value);
    }
    if (!good) return false;
    arguments = Value(std::move(evaluated)).At(arguments.location());
  }
  return fields.Parse(arguments, call.path, builder->diagnostics(), spec);
}

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_PLAN_OPERATOR_H_
