#ifndef KUR_ENGINE_KURFILE_SPECS_HOOK_SPEC_H_
#define KUR_ENGINE_KURFILE_SPECS_HOOK_SPEC_H_

#include <memory>
#include <string>
#include <vector>

#include "engine/kurfile/schema/kind.h"
#include "engine/value/secret_reference.h"

namespace kur {

// One parsed hook. Immutable once parsed, thread-safe.
class HookSpec {
 public:
  virtual ~HookSpec() = default;

  // Returns the name of the kind: "mnist".
  virtual std::string kind() const = 0;

  // Returns whether the hook may be under `train`, where hooks follow the training.
  virtual bool IsForTraining() const = 0;
  // Returns whether the hook may be under `validate`, `test` and `evaluate`, where hooks receive
  // the outputs of the model.
  virtual bool IsForResults() const = 0;

  // Returns false for a kind that this version accepts but does not run.
  virtual bool IsRunnable() const { return true; }

  // Returns every file that the hook writes.
  virtual std::vector<FileReference> Files() const { return {}; }

  // Returns the secrets that the hook uses.
  virtual std::vector<SecretUse> Secrets() const { return {}; }

  // The place in the Kurfile, for messages.
  Location location;
  std::string key;
};

using HookKind = Kind<HookSpec>;
using HookSpecs = std::vector<std::shared_ptr<const HookSpec>>;

// Parses `hooks` of `section`. Reports errors, and warns of hooks that are not run.
HookSpecs ParseHooks(const std::string& section, const Value& hooks, Diagnostics* diagnostics);

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_SPECS_HOOK_SPEC_H_
