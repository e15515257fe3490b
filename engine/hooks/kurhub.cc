// kurhub: posts plots to the service Kurhub. Only the spec exists: Kurfiles with it are accepted,
// but the hook does nothing.

#include <optional>
#include <string>

#include "engine/kurfile/specs/hook_spec.h"

namespace kur {
namespace {

struct KurhubSpec : HookSpec {
  std::string uuid;
  std::optional<std::string> endpoint;

  std::string kind() const override { return "kurhub"; }
  bool IsForTraining() const override { return true; }
  bool IsForResults() const override { return false; }
  bool IsRunnable() const override { return false; }
};

const Fields<KurhubSpec>& KurhubFields() {
  static const auto* const kFields = new Fields<KurhubSpec>(
      Fields<KurhubSpec>()
          .Required("uuid", &KurhubSpec::uuid, "the id of the model there")
          .Example("9a34c1f0")
          .Optional("endpoint", &KurhubSpec::endpoint, "the address of the service")
          .Example("http://localhost/kur_updates")
          .Shorthand("uuid"));
  return *kFields;
}

const Registration<HookKind> kKind(
    "kurhub", MakeKind<HookSpec>("Posts plots to Kurhub (this version leaves it out).",
                                 "kurhub: {uuid: 9a34c1f0}", KurhubFields()));

}  // namespace
}  // namespace kur
