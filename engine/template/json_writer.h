#ifndef KUR_ENGINE_TEMPLATE_JSON_WRITER_H_
#define KUR_ENGINE_TEMPLATE_JSON_WRITER_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "engine/template/runtime.h"

namespace kur::jinja {

// As json.dumps(object, sort_keys=True) of Python writes it, in ASCII; with `indent` >= 0 every
// element stands on a line of its own.
absl::StatusOr<std::string> WriteJson(Runtime* runtime, const Object& object, int64_t indent);

// As pprint.pformat() of Python writes it: repr() with sorted keys, broken into lines of at most
// 80 characters where a container allows it.
absl::StatusOr<std::string> PrettyText(Runtime* runtime, const Object& object);

}  // namespace kur::jinja

#endif  // KUR_ENGINE_TEMPLATE_JSON_WRITER_H_
