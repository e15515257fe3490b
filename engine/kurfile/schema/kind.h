#ifndef KUR_ENGINE_KURFILE_SCHEMA_KIND_H_
#define KUR_ENGINE_KURFILE_SCHEMA_KIND_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/registry.h"
#include "engine/kurfile/schema/fields.h"

namespace kur {

// One kind (of layer, loss, optimizer, supplier, ...) of the Kurfile language. BaseSpec is the base
// of the category's specs and has the members `location` and `key`.
template <class BaseSpec>
struct Kind {
  std::string doc;      // one line
  std::string example;  // as in a Kurfile
  KeyTable keys;
  // Returns null after an error.
  std::function<std::shared_ptr<const BaseSpec>(const Value&, const std::string& key, Diagnostics*)>
      parse;
};

// Makes the kind of a spec struct with a table of fields, which must never be destroyed.
template <class BaseSpec, class Spec>
Kind<BaseSpec> MakeKind(std::string doc, std::string example, const Fields<Spec>& fields) {
  Kind<BaseSpec> kind;
  kind.doc = std::move(doc);
  kind.example = std::move(example);
  kind.keys = fields.Describe();
  kind.parse = [&fields](const Value& value, const std::string& key,
                         Diagnostics* diagnostics) -> std::shared_ptr<const BaseSpec> {
    auto spec = std::make_shared<Spec>();
    spec->location = value.location();
    spec->key = key;
    if (!fields.Parse(value, key, diagnostics, spec.get())) return nullptr;
    return spec;
  };
  return kind;
}

// Reports keys of the entry (`sibling_keys`) that are among the arguments of a kind by mistake.
// Returns the other arguments.
Value RemoveMisplacedKeys(const Value& arguments, const std::vector<std::string>& sibling_keys,
                          const KeyTable& keys, const std::string& kind, const std::string& key,
                          Diagnostics* diagnostics);

// Parses `value` as the kind `name`. Reports an unknown name at `location`, with the nearest known
// one. `category` is the word for messages: "layer". `sibling_keys` are the keys that belong beside
// the kind in its entry.
template <class BaseSpec>
std::shared_ptr<const BaseSpec> ParseKind(const std::string& category, const std::string& name,
                                          const Location& location, const Value& value,
                                          const std::string& key, Diagnostics* diagnostics,
                                          const std::vector<std::string>& sibling_keys = {}) {
  const auto& registry = Registry<Kind<BaseSpec>>::Get();
  const Kind<BaseSpec>* kind = registry.Find(name);
  if (kind == nullptr) {
    const std::string near = DidYouMean(name, registry.Names());
    diagnostics->Error(
        location, key,
        absl::StrCat("unknown ", category, " '", name, "'",
                     near.empty()
                         ? absl::StrCat("; known are: ", absl::StrJoin(registry.Names(), ", "))
                         : near));
    return nullptr;
  }
  const int errors = diagnostics->num_errors();
  const Value own = RemoveMisplacedKeys(value, sibling_keys, kind->keys, name, key, diagnostics);
  auto spec = kind->parse(own, key, diagnostics);
  return diagnostics->num_errors() > errors ? nullptr : spec;
}

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_SCHEMA_KIND_H_
