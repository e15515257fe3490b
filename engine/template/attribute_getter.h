#ifndef KUR_ENGINE_TEMPLATE_ATTRIBUTE_GETTER_H_
#define KUR_ENGINE_TEMPLATE_ATTRIBUTE_GETTER_H_

#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/template/runtime.h"

namespace kur::jinja {

// What filters call `attribute`: none (the object itself), an index, or a path such as
// "address.0.city". Immutable once it is made; not thread-safe, as a Runtime is not.
class AttributeGetter {
 public:
  // Returns INVALID_ARGUMENT unless `attribute` is none, a string or an integer.
  static absl::StatusOr<AttributeGetter> Make(const Object& attribute);
  // Sets what takes the place of what is not there.
  void set_fallback(Object fallback) { fallback_ = std::move(fallback); }

  // Returns something undefined if there is no such attribute and no fallback.
  absl::StatusOr<Object> Get(Runtime* runtime, Object object) const;

 private:
  std::vector<Object> parts_;
  std::optional<Object> fallback_;
};

}  // namespace kur::jinja

#endif  // KUR_ENGINE_TEMPLATE_ATTRIBUTE_GETTER_H_
