#ifndef KUR_ENGINE_KURFILE_REFERENCE_REFERENCE_H_
#define KUR_ENGINE_KURFILE_REFERENCE_REFERENCE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/kurfile/schema/fields.h"

namespace kur {

// The documentation of one kind, from its registration.
struct KindInfo {
  std::string name;
  std::string doc;      // one line
  std::string example;  // as written in a Kurfile
  KeyTable keys;
};

// A category of kinds, such as the layers.
struct CategoryInfo {
  std::string name;   // "layer"
  std::string title;  // "Layers"
  std::string doc;
  std::vector<KindInfo> kinds;
  KeyTable sibling_keys;  // keys that are allowed beside any kind, in the same entry
};

// The documentation of everything that a Kurfile may contain, from the tables that parse it.
// `explain`, the written reference and the schema for editors are made from it. Contains the kinds
// that are linked into the program.
struct Reference {
  std::vector<FieldInfo> sections;       // the top level of a Kurfile
  KeyTable container_keys;               // the common keys of all containers of a model
  std::vector<CategoryInfo> categories;  // layer, operator, loss, ..., hook

  const CategoryInfo* FindCategory(const std::string& name) const;
};

// Returns the reference of this program. Thread-safe.
const Reference& KurfileReference();

// Returns the part of the reference under a dotted path as text for a terminal: "layer",
// "layer.convolution.border", "convolution", "train.checkpoint.minutes". An empty path gives an
// overview. NOT_FOUND with the nearest known path.
absl::StatusOr<std::string> Explain(const std::string& path);

// Returns every path that Explain() knows and that is worth completing, sorted.
std::vector<std::string> ExplainPaths();

// Returns the whole reference as a page of Markdown.
std::string ReferenceMarkdown();

// Returns the schema of Kurfiles (JSON Schema, draft 7), for editors that complete and check YAML.
// The schema accepts every valid Kurfile. Whatever needs evaluation (templates, shapes, names of
// layers) is left to `kurctl validate`.
std::string KurfileJsonSchema();

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_REFERENCE_REFERENCE_H_
