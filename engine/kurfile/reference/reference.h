#ifndef KUR_ENGINE_KURFILE_REFERENCE_REFERENCE_H_
#define KUR_ENGINE_KURFILE_REFERENCE_REFERENCE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/kurfile/schema/fields.h"

namespace kur {

// One kind of the language, as its registration describes it.
struct KindInfo {
  std::string name;
  std::string doc;      // one line
  std::string example;  // as in a Kurfile
  KeyTable keys;
};

// A category of kinds.
struct CategoryInfo {
  std::string name;   // "layer"
  std::string title;  // "Layers"
  std::string doc;
  std::vector<KindInfo> kinds;
  KeyTable sibling_keys;  // what may stand sibling_keys any kind, in the same entry
};

// Everything that can be written in a Kurfile, gathered from the tables that read it: what
// `explain`, the written reference and the schema for editors are made of. It holds the kinds that
// the program is linked with.
struct Reference {
  std::vector<FieldInfo> sections;       // the top level of a Kurfile
  KeyTable container_keys;               // what any container of a model may have
  std::vector<CategoryInfo> categories;  // layer, operator, loss, ..., hook

  const CategoryInfo* FindCategory(const std::string& name) const;
};

// The reference of this program.
const Reference& KurfileReference();

// The part of the reference under a dotted path, as text for a terminal: "layer",
// "layer.convolution.border", "convolution", "train.checkpoint.minutes"; an empty path is an
// overview. NOT_FOUND with the nearest known path.
absl::StatusOr<std::string> Explain(const std::string& path);

// Every path that Explain() knows and that is worth completing, sorted.
std::vector<std::string> ExplainPaths();

// The whole reference as a page of Markdown.
std::string ReferenceMarkdown();

// Returns the schema of Kurfiles (JSON Schema, draft 7), for editors that complete and check YAML.
// The schema accepts every valid Kurfile. Whatever needs evaluation (templates, shapes, names of
// layers) is left to `kurctl validate`.
std::string KurfileJsonSchema();

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_REFERENCE_REFERENCE_H_
