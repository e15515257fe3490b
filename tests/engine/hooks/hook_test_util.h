#ifndef KUR_TESTS_ENGINE_HOOKS_HOOK_TEST_UTIL_H_
#define KUR_TESTS_ENGINE_HOOKS_HOOK_TEST_UTIL_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/hooks/hook.h"
#include "nlohmann/json.hpp"
#include "tests/engine/testing/golden_cases.h"

namespace kur::testing {

// Records what hooks do. Not thread-safe.
class RecordingHost : public HookHost {
 public:
  struct Message {
    std::string url;
    std::string bearer;
    nlohmann::json json;
  };

  void Print(const std::string& line) override { lines.push_back(line); }
  void Warn(const std::string& line) override { warnings.push_back(line); }

  absl::Status WriteFile(const FileReference& file, const std::string&,
                         const std::string& content) override {
    files[file.path] = content;
    return absl::OkStatus();
  }
  absl::Status WriteResults(const FileReference& file, const std::string& format,
                            const HookData& data) override {
    results[file.path + " as " + format] = data;
    return absl::OkStatus();
  }
  absl::StatusOr<std::string> Post(const std::string& url, const std::string& bearer,
                                   const std::string& json) override {
    messages.push_back({url, bearer, nlohmann::json::parse(json)});
    return response;
  }

  std::vector<std::string> lines;
  std::vector<std::string> warnings;
  std::map<std::string, std::string> files;  // content by path
  std::map<std::string, HookData> results;   // by "PATH as FORMAT"
  std::vector<Message> messages;
  absl::StatusOr<std::string> response = "ok";  // to every message
};

// Builds the hook of a kind from the YAML of its options.
inline std::unique_ptr<ResultHook> BuildResultHook(const std::string& kind,
                                                   const std::string& yaml = "null") {
  return Registry<HookBuilder>::Get().Find(kind)->build_for_results(
      *ParseSpec<HookKind>(kind, yaml));
}
inline std::unique_ptr<TrainingHook> BuildTrainingHook(const std::string& kind,
                                                       const std::string& yaml) {
  return Registry<HookBuilder>::Get().Find(kind)->build_for_training(
      *ParseSpec<HookKind>(kind, yaml));
}

}  // namespace kur::testing

#endif  // KUR_TESTS_ENGINE_HOOKS_HOOK_TEST_UTIL_H_
