#ifndef KUR_ENGINE_FORMATS_PICKLE_PICKLE_GLOBALS_H_
#define KUR_ENGINE_FORMATS_PICKLE_PICKLE_GLOBALS_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/formats/pickle/pickle_node.h"

// The whole list of functions and classes that a pickle of data may name, imitated here. Nothing is
// ever looked up in Python.
namespace kur::pickle {

// Returns a callable of the list. INVALID_ARGUMENT names any other module and name.
absl::StatusOr<Callable> FindCallable(absl::string_view module, absl::string_view name);

// Executes REDUCE: calls a callable with a tuple of arguments.
absl::StatusOr<Node*> Call(Callable callable, const Node& arguments, Arena& arena);

// Executes BUILD: gives an array or element type its state.
absl::Status Build(Node& object, const Node& state, Arena& arena);

}  // namespace kur::pickle

#endif  // KUR_ENGINE_FORMATS_PICKLE_PICKLE_GLOBALS_H_
