#ifndef KUR_ENGINE_KURFILE_SUPPLIER_SPEC_H_
#define KUR_ENGINE_KURFILE_SUPPLIER_SPEC_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/registry.h"
#include "engine/kurfile/fields.h"
#include "engine/kurfile/shape.h"

namespace kur {

// What a Kurfile says of one data supplier: parsed, immutable, thread-safe. Says what would be read
// but never opens it.
class SupplierSpec {
 public:
  virtual ~SupplierSpec() = default;

  // The name of the kind: "mnist".
  virtual std::string kind() const = 0;

  // Every file that the supplier would read.
  virtual std::vector<FileReference> Files() const = 0;

  // The sources whose sample shapes are known without opening anything.
  virtual std::map<std::string, Shape> KnownShapes() const { return {}; }

  // Where the supplier stands in the Kurfile, for messages.
  Location location;
  std::string key;
};

// One kind of supplier as the language knows it.
struct SupplierKind {
  std::string doc;      // one line
  std::string example;  // as in a Kurfile
  std::vector<FieldInfo> fields;
  // Null if anything was reported.
  std::function<std::shared_ptr<const SupplierSpec>(const Value&, const std::string& key,
                                                    Diagnostics*)>
      parse;
};

// The kind of a spec struct with a table of fields.
template <class Spec>
SupplierKind MakeSupplierKind(std::string doc, std::string example, const Fields<Spec>& fields) {
  SupplierKind kind;
  kind.doc = std::move(doc);
  kind.example = std::move(example);
  kind.fields = fields.Describe();
  kind.parse = [&fields](const Value& value, const std::string& key,
                         Diagnostics* diagnostics) -> std::shared_ptr<const SupplierSpec> {
    auto spec = std::make_shared<Spec>();
    spec->location = value.location();
    spec->key = key;
    if (!fields.Parse(value, key, diagnostics, spec.get())) return nullptr;
    return spec;
  };
  return kind;
}

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_SUPPLIER_SPEC_H_
