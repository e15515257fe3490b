#ifndef KUR_ENGINE_KURFILE_YAML_TEMPLATE_FILES_H_
#define KUR_ENGINE_KURFILE_YAML_TEMPLATE_FILES_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/kurfile/yaml/source_tree.h"
#include "engine/value/value.h"

namespace kur {

// Reads the JSON and YAML files of load_json() and load_yaml() in templates. Paths are relative to
// the Kurfile's folder and may not leave it. Reads each file once. Not thread-safe.
class TemplateFiles {
 public:
  // `sources` must outlive the object.
  TemplateFiles(const SourceTree& sources, std::string folder)
      : sources_(sources), folder_(std::move(folder)) {}

  // Returns the content of a file, parsed as YAML, of which JSON is a subset. PERMISSION_DENIED for
  // a path that leads out of the folder; a diagnostics status if the file is not YAML.
  absl::StatusOr<Value> Load(const std::string& path);

  // Returns the files that were read, in order, as paths of the source tree.
  const std::vector<std::string>& files() const { return files_; }

 private:
  const SourceTree& sources_;
  const std::string folder_;
  std::map<std::string, Value> loaded_;  // by normalized path
  std::vector<std::string> files_;
};

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_YAML_TEMPLATE_FILES_H_
