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

struct Package;
struct SupplierView;

// One parsed data supplier: describes the data but never opens it. Immutable once parsed,
// thread-safe.
class SupplierSpec {
 public:
  virtual ~SupplierSpec() = default;

  // Returns the name of the kind: "mnist".
  virtual std::string kind() const = 0;

  // Returns every file that the supplier reads.
  virtual std::vector<FileReference> Files() const = 0;

  // Returns those of the files that may be downloaded; owned by the spec.
  virtual std::vector<const Package*> Packages() const { return {}; }

  // Returns every file that opening the supplier for training may write.
  virtual std::vector<FileReference> Outputs() const { return {}; }

  // Returns the sample shapes of the sources that are known without opening anything.
  virtual std::map<std::string, Shape> KnownShapes() const { return {}; }

  // Returns the sample shape of one source if it is known. The source need not exist.
  virtual std::optional<Shape> KnownShape(const std::string& source) const {
    const auto shapes = KnownShapes();
    const auto found = shapes.find(source);
    return found == shapes.end() ? std::nullopt : std::make_optional(found->second);
  }

  // Returns whether the supplier can read columns of text, if the Kurfile says which text stands
  // for which class.
  virtual bool ReadsText() const { return false; }

  // Returns the view that this spec is; null if it is no view.
  virtual const SupplierView* view() const { return nullptr; }

  // The place in the Kurfile, for messages.
  Location location;
  std::string key;
};

using SupplierKind = Kind<SupplierSpec>;

// Makes the kind of a spec struct with a table of fields, which must never be destroyed.
template <class Spec>
SupplierKind MakeSupplierKind(std::string doc, std::string example, const Fields<Spec>& fields) {
  return MakeKind<SupplierSpec>(std::move(doc), std::move(example), fields);
}

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_SPECS_SUPPLIER_SPEC_H_
