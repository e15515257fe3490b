#ifndef KUR_ENGINE_KURFILE_YAML_TEMPLATE_FILES_H_
#define KUR_ENGINE_KURFILE_YAML_TEMPLATE_FILES_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/value/value.h"

namespace kur {

// The JSON and YAML files that a Kurfile's templates read with load_json() and load_yaml(). Their
// paths are relative to the Kurfile's folder and stay in it. Each is read once. Not thread-safe.
class TemplateFiles {
 public:
  explicit TemplateFiles(std::string folder) : folder_(std::move(folder)) {}

  // The content of a file as a value; YAML holds for JSON too. PERMISSION_DENIED for a path that
  // leads out of the folder; a diagnostics status for what is no YAML.
  absl::StatusOr<Value> Load(const std::string& path);

  // What has been read, as paths of this machine, in order.
  const std::vector<std::string>& files() const { return files_; }

 private:
  const std::string folder_;
  std::map<std::string, Value> loaded_;  // by normalized path
  std::vector<std::string> files_;
};

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_YAML_TEMPLATE_FILES_H_
