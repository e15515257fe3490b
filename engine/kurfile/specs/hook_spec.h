#ifndef KUR_ENGINE_KURFILE_SPECS_HOOK_SPEC_H_
#define KUR_ENGINE_KURFILE_SPECS_HOOK_SPEC_H_

#include <memory>
#include <string>
#include <vector>

#include "engine/kurfile/schema/kind.h"

namespace kur {

// What a Kurfile says of one hook: parsed, immutable, thread-safe.
class HookSpec {
 public:
  virtual ~HookSpec() = default;

  // The name of the kind: "mnist".
  virtual std::string kind() const = 0;

  // Whether it may stand under `train`, where hooks hear how training goes, and under `validate`,
  // `test` and `evaluate`, where they get what the model gives.
  virtual bool IsForTraining() const = 0;
  virtual bool IsForResults() const = 0;

  // False for a kind that this version understands, but does not run: it is left out.
  virtual bool IsRunnable() const { return true; }

  // Every file that the hook would write.
  virtual std::vector<FileReference> Files() const { return {}; }

  // Where the hook stands in the Kurfile, for messages.
  Location location;
  std::string key;
};

using HookKind = Kind<HookSpec>;
using HookSpecs = std::vector<std::shared_ptr<const HookSpec>>;

// Reads `hooks` of `section`. Reports what is wrong, and warns of hooks that are not run.
HookSpecs ParseHooks(const std::string& section, const Value& hooks, Diagnostics* diagnostics);

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_SPECS_HOOK_SPEC_H_
