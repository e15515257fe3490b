#ifndef KUR_ENGINE_KURFILE_SPECS_SUPPLIER_SPEC_H_
#define KUR_ENGINE_KURFILE_SPECS_SUPPLIER_SPEC_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/kurfile/schema/kind.h"
#include "engine/value/shape.h"

namespace kur {

struct SupplierView;

// What a Kurfile says of one data supplier: parsed, immutable, thread-safe. Says what would be read
// but never opens it.
class SupplierSpec {
 public:
  virtual ~SupplierSpec() = default;

  // The name of the kind: "mnist".
  virtual std::string kind() const = 0;

  // Every file that the supplier would read.
  virtual std::vector<FileReference> Files() const = 0;

  // Every file that opening the supplier for a training may write.
  virtual std::vector<FileReference> Outputs() const { return {}; }

  // The sources whose sample shapes are known without opening anything.
  virtual std::map<std::string, Shape> KnownShapes() const { return {}; }

  // The same of one source, whether there is one of that name or not.
  virtual std::optional<Shape> KnownShape(const std::string& source) const {
    const auto shapes = KnownShapes();
    const auto found = shapes.find(source);
    return found == shapes.end() ? std::nullopt : std::make_optional(found->second);
  }

  // Whether columns of text can be read, where the Kurfile says which texts stand for which class.
  virtual bool ReadsText() const { return false; }

  // What the Kurfile makes of the sources of another supplier; null if this is none of that kind.
  virtual const SupplierView* view() const { return nullptr; }

  // Where the supplier stands in the Kurfile, for messages.
  Location location;
  std::string key;
};

using SupplierKind = Kind<SupplierSpec>;

// The kind of a spec struct with a table of fields, which must live for ever.
template <class Spec>
SupplierKind MakeSupplierKind(std::string doc, std::string example, const Fields<Spec>& fields) {
  return MakeKind<SupplierSpec>(std::move(doc), std::move(example), fields);
}

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_SPECS_SUPPLIER_SPEC_H_
