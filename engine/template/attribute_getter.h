#ifndef KUR_ENGINE_TEMPLATE_ATTRIBUTE_GETTER_H_
#define KUR_ENGINE_TEMPLATE_ATTRIBUTE_GETTER_H_

#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/template/runtime.h"

namespace kur::jinja {

// What filters call `attribute`: none (the object itself), an index, or a path such as
// "address.0.city".
class AttributeGetter {
 public:
  // INVALID_ARGUMENT unless `attribute` is none, a string or an integer.
  static absl::StatusOr<AttributeGetter> Make(const Object& attribute);
  // One for each part of "age,name".
  static absl::StatusOr<std::vector<AttributeGetter>> MakeSeveral(const Object& attribute);

  // Takes the place of what is not there.
  void set_fallback(Object fallback) { fallback_ = std::move(fallback); }

  // Undefined if there is no such attribute and no fallback.
  absl::StatusOr<Object> Get(Runtime* runtime, Object object) const;

 private:
  std::vector<Object> parts_;
  std::optional<Object> fallback_;
};

// A string in lower case; anything else as it is.
Object IgnoreCase(const Object& object);

}  // namespace kur::jinja

#endif  // KUR_ENGINE_TEMPLATE_ATTRIBUTE_GETTER_H_
