#ifndef KUR_ENGINE_FORMATS_PICKLE_PICKLE_GLOBALS_H_
#define KUR_ENGINE_FORMATS_PICKLE_PICKLE_GLOBALS_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/formats/pickle/pickle_node.h"

// The few functions and classes that a pickle of data may name, and what calling them makes.
// Nothing is ever looked up in Python or anywhere else: this is the whole list.
namespace kur::pickle {

// INVALID_ARGUMENT, naming it, for anything that is not on the list.
absl::StatusOr<Callable> FindCallable(absl::string_view module, absl::string_view name);

// What REDUCE makes of a callable and its tuple of arguments.
absl::StatusOr<Node*> Call(Callable callable, const Node& arguments, Arena& arena);

// What BUILD does: gives an array or element type its state.
absl::Status Build(Node& object, const Node& state, Arena& arena);

}  // namespace kur::pickle

#endif  // KUR_ENGINE_FORMATS_PICKLE_PICKLE_GLOBALS_H_
