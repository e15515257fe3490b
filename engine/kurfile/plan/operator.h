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

// The properties that a container inherits from the containers around it.
struct InheritedKeys {
  bool frozen = false;
  // The number of leading axes of a sample that the layers are applied along (see `parallel`).
  int mapped_axes = 0;
  int depth = 0;
};

// The use of an operator in a model.
struct OperatorCall {
  Value arguments;  // the value under the operator's name, as it was written
  ContainerKeys keys;
  std::string path;  // "model[3].for"
  const Scope* scope;
  InheritedKeys inherited;  // by the containers inside the operator

  OperatorCall(Value arguments, std::string path, const Scope* scope)
      : arguments(std::move(arguments)), path(std::move(path)), scope(scope) {}
};

// The interface through which operators add to the model during expansion. Not thread-safe.
class ModelBuilder {
 public:
  virtual ~ModelBuilder() = default;

  // Evaluates all templates in `value`. Returns false after an error, which it reports unless the
  // error follows from an earlier one.
  virtual bool Evaluate(const Value& value, const Scope& scope, const std::string& path,
                        Value* to) = 0;
  // Expands a list of containers, which a template may give. Reports errors and adds placeholders
  // for containers that have errors.
  virtual void ExpandList(const Value& containers, const std::string& path, const Scope& scope,
                          const InheritedKeys& inherited) = 0;
  // Returns the name of the layer added last, or "" if there is none.
  virtual std::string LastLayer() const = 0;
  // Returns whether the model may still grow. Call before each iteration of a loop. The first time
  // the model is too large, reports an error at `where`.
  virtual bool CheckBudget(const Value& where, const std::string& path) = 0;

  virtual Diagnostics* diagnostics() = 0;
};

// One kind of operator: a container that is not a layer itself, but adds layers or inspects the
// model.
struct OperatorKind {
  std::string doc;      // one line
  std::string example;  // as written in a Kurfile
  KeyTable keys;
  // Returns false after an error that leaves layers missing.
  std::function<bool(const OperatorCall&, ModelBuilder*)> expand;
};

// Evaluates and parses the arguments of an operator. Leaves the arguments under the keys `later`
// unevaluated. Returns false after an error, which it reports.
template <class Spec>
bool ParseOperator(const OperatorCall& call, const Fields<Spec>& fields,
                   const std::set<std::string>& later, ModelBuilder* builder, Spec* spec) {
  Value arguments = call.arguments;
  // A template may give the whole dictionary.
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
