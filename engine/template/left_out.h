#ifndef KUR_ENGINE_TEMPLATE_LEFT_OUT_H_
#define KUR_ENGINE_TEMPLATE_LEFT_OUT_H_

#include <string>

#include "absl/strings/string_view.h"

// What Jinja2 and Python have and Kurfiles' templates have not, so that whoever writes it is told
// so. Pure functions, thread-safe.
namespace kur::jinja {

enum class NameKind {
  kFilter,
  kTest,
  kGlobal,
  kStatement,
  kLoopAttribute,
  kStringMethod,
  kListMethod,
  kDictMethod
};

// Returns "the filter 'urlize' of Jinja2 is not part of Kurfiles' templates", with what to do
// instead where something can be done; "" for a name that Jinja2 or Python do not have either.
std::string LeftOutMessage(NameKind kind, absl::string_view name);

}  // namespace kur::jinja

#endif  // KUR_ENGINE_TEMPLATE_LEFT_OUT_H_
