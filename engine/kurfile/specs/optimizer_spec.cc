#include "engine/kurfile/specs/optimizer_spec.h"

#include "engine/kurfile/schema/fields.h"

namespace kur {
namespace {

const Fields<ClipSpec>& ClipFields() {
  static const auto* const kFields = new Fields<ClipSpec>(
      Fields<ClipSpec>()
          .Optional("norm", &ClipSpec::norm, "largest L2 norm over all gradients")
          .Example("100")
          .Optional("abs", &ClipSpec::abs, "largest absolute value of an element")
          .Example("0.5"));
  return *kFields;
}

const Fields<LayerOverride>& LayerOverrideFields() {
  static const auto* const kFields = new Fields<LayerOverride>(
      Fields<LayerOverride>()
          .Optional("name", &LayerOverride::name, "the layers' names, with * and ?")
          .Example("dense*")
          .Optional("tag", &LayerOverride::tag, "a tag of the layers, or of what they are in")
          .Example("head")
          .Optional("learning_rate", &LayerOverride::learning_rate,
                    "in place of the optimizer's; 'schedule' scales both", IfGiven(NotNegative()))
          .Example("0.0001")
          .Optional("decay", &LayerOverride::decay,
                    "in place of the optimizer's decay or weight_decay", IfGiven(NotNegative()))
          .Example("0"));
  return *kFields;
}

}  // namespace

KeyTable ClipKeys() { return ClipFields().Describe(); }

Value FieldTraits<ClipSpec>::Schema() { return Value(Dict()); }

bool FieldTraits<ClipSpec>::Parse(const Value& value, const std::string& key,
                                  Diagnostics* diagnostics, ClipSpec* to) {
  if (value.is_null()) return true;
  if (!ClipFields().Parse(value, key, diagnostics, to)) return false;
  if (to->norm.has_value() == to->abs.has_value()) {
    diagnostics->Error(value.location(), key, "give either 'norm' or 'abs'");
    return false;
  }
  if (to->norm.value_or(1) <= 0 || to->abs.value_or(1) <= 0) {
    diagnostics->Error(value.location(), key, "must be greater than 0");
    return false;
  }
  return true;
}

bool FieldTraits<LayerOverride>::Parse(const Value& value, const std::string& key,
                                       Diagnostics* diagnostics, LayerOverride* to) {
  to->location = value.location();
  to->key = key;
  if (!LayerOverrideFields().Parse(value, key, diagnostics, to)) return false;
  if (to->name.has_value() == to->tag.has_value()) {
    diagnostics->Error(value.location(), key, "give either 'name' or 'tag'");
    return false;
  }
  if (!to->learning_rate && !to->decay) {
    diagnostics->Error(value.location(), key, "changes nothing: give 'learning_rate' or 'decay'");
    return false;
  }
  return true;
}

}  // namespace kur
