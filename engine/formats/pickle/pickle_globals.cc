#include "engine/formats/pickle/pickle_globals.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "engine/base/status.h"
#include "engine/formats/numpy_array.h"
#include "engine/formats/pickle/pickle_text.h"

namespace kur::pickle {
namespace {

struct KnownCallable {
  absl::string_view module;
  absl::string_view name;
  Callable callable;
};

// NumPy 2 renamed numpy.core to numpy._core; Python 2 called builtins __builtin__. FindCallable()
// maps both to the names here.
constexpr KnownCallable kCallables[] = {
    {"numpy.core.multiarray", "_reconstruct", Callable::kReconstruct},
    {"numpy", "ndarray", Callable::kNdarray},
    {"numpy", "dtype", Callable::kDType},
    {"numpy.core.multiarray", "scalar", Callable::kScalar},
    {"numpy.core.numeric", "_frombuffer", Callable::kFromBuffer},
    {"_codecs", "encode", Callable::kEncode},
    {"collections", "OrderedDict", Callable::kOrderedDict},
    {"builtins", "bytes", Callable::kBytes},
    {"builtins", "bytearray", Callable::kByteArray},
    {"builtins", "set", Callable::kSet},
    {"builtins", "frozenset", Callable::kFrozenSet},
};

constexpr int64_t kMaxAxes = 64;

absl::Status Malformed(absl::string_view what) {
  return absl::DataLossError(absl::StrCat("malformed ", what));
}

absl::StatusOr<std::vector<int64_t>> ParseShape(const Node& node) {
  if (!node.IsSequence() || node.children().size() > kMaxAxes) {
    return Malformed("shape of a numpy array");
  }
  std::vector<int64_t> shape;
  for (const Node* extent : node.children()) {
    if (!extent->Is(Kind::kInt)) return Malformed("shape of a numpy array");
    shape.push_back(extent->integer());
  }
  return shape;
}

absl::StatusOr<std::shared_ptr<const Array>> MakeArray(const NumpyType& type,
                                                       std::vector<int64_t> shape,
                                                       bool fortran_order, absl::string_view data,
                                                       Arena& arena) {
  if (type.is_object) return NumpyObjectsError("O");
  if (type.is_text()) {
    return absl::InvalidArgumentError("a numpy scalar is a text, where a number is expected");
  }
  const int64_t item_size = ItemSize(type.dtype);
  KUR_ASSIGN_OR_RETURN(const int64_t count, CountElements(shape, item_size));
  if (static_cast<uint64_t>(count * item_size) != data.size()) {
    return absl::DataLossError(absl::StrCat("a numpy array needs ", count * item_size,
                                            " bytes of data but has ", data.size()));
  }
  KUR_RETURN_IF_ERROR(arena.Reserve(static_cast<int64_t>(data.size())));
  const auto* const begin = reinterpret_cast<const uint8_t*>(data.data());
  KUR_ASSIGN_OR_RETURN(Array array, MakeNumpyArray(type, std::move(shape), fortran_order,
                                                   Array::Bytes(begin, begin + data.size())));
  return std::make_shared<const Array>(std::move(array));
}

// Executes numpy.dtype(code, align, copy).
absl::StatusOr<Node*> CallDType(const Node::Children& arguments, Arena& arena) {
  if (arguments.empty() || !arguments[0]->IsText()) return Malformed("numpy.dtype");
  KUR_ASSIGN_OR_RETURN(const NumpyType type, ParseNumpyType(arguments[0]->text()));
  return arena.Make(Kind::kElementType, type);
}

// Sets the state of a dtype: (version, byte order, subdtype, names, fields, ...).
absl::Status BuildElementType(NumpyType& type, const Node& state) {
  if (!state.Is(Kind::kTuple) || state.children().size() < 5) return Malformed("numpy.dtype");
  const Node::Children& parts = state.children();
  if (!parts[1]->IsText()) return Malformed("numpy.dtype");
  for (size_t i = 2; i < 5; ++i) {
    if (!parts[i]->Is(Kind::kNone)) {
      return absl::InvalidArgumentError(
          "a numpy array has structured elements; store each field as an array of its own");
    }
  }
  type.big_endian = parts[1]->text() == ">";
  return absl::OkStatus();
}

// Builds a list from an array of objects: of one object from an array without axes, which is how
// numpy.save() writes a dictionary, otherwise of those along its one axis.
absl::Status BuildObjectList(Node& object, const NumpyType& type, const std::vector<int64_t>& shape,
                             const Node::Children& elements) {
  if (!type.is_object) return Malformed("numpy.ndarray");
  const int64_t count = shape.empty() ? 1 : shape[0];
  if (shape.size() > 1) return NumpyObjectsError("O");
  if (static_cast<int64_t>(elements.size()) != count) return Malformed("numpy.ndarray");
  object.kind = Kind::kList;
  object.value = elements;
  return absl::OkStatus();
}

// Builds a list of texts from an array of them.
absl::Status BuildTextList(Node& object, const NumpyType& type, const std::vector<int64_t>& shape,
                           absl::string_view data, Arena& arena) {
  if (shape.size() > 1) {
    return absl::InvalidArgumentError("a numpy array of texts has more than one axis");
  }
  KUR_RETURN_IF_ERROR(arena.Reserve(static_cast<int64_t>(data.size())));
  KUR_ASSIGN_OR_RETURN(std::vector<std::string> texts,
                       NumpyTexts(type, shape.empty() ? 1 : shape[0], data));
  Node::Children children;
  for (std::string& text : texts) {
    KUR_ASSIGN_OR_RETURN(Node * child, arena.Make(Kind::kText, arena.StoreText(std::move(text))));
    children.push_back(child);
  }
  object.kind = Kind::kList;
  object.value = std::move(children);
  return absl::OkStatus();
}

// Sets the state of an array: (version, shape, dtype, is_fortran, data).
absl::Status BuildArray(Node& object, const Node& state, Arena& arena) {
  if (!state.Is(Kind::kTuple) || state.children().size() != 5) return Malformed("numpy.ndarray");
  const Node::Children& parts = state.children();
  const Node& order = *parts[3];
  const Node& data = *parts[4];
  if (!parts[2]->Is(Kind::kElementType) || !(data.IsBytes() || data.Is(Kind::kList)) ||
      !(order.Is(Kind::kBool) || order.Is(Kind::kInt))) {
    return Malformed("numpy.ndarray");
  }
  const bool fortran_order =
      order.Is(Kind::kBool) ? std::get<bool>(order.value) : order.integer() != 0;
  const auto& type = std::get<NumpyType>(parts[2]->value);
  KUR_ASSIGN_OR_RETURN(std::vector<int64_t> shape, ParseShape(*parts[1]));
  if (data.Is(Kind::kList)) return BuildObjectList(object, type, shape, data.children());
  if (type.is_text()) return BuildTextList(object, type, shape, data.text(), arena);
  KUR_ASSIGN_OR_RETURN(object.value,
                       MakeArray(type, std::move(shape), fortran_order, data.text(), arena));
  return absl::OkStatus();
}

// Executes numpy.core.multiarray.scalar(dtype, bytes).
absl::StatusOr<Node*> CallScalar(const Node::Children& arguments, Arena& arena) {
  if (arguments.size() != 2 || !arguments[0]->Is(Kind::kElementType) || !arguments[1]->IsBytes()) {
    return Malformed("numpy scalar");
  }
  KUR_ASSIGN_OR_RETURN(auto array, MakeArray(std::get<NumpyType>(arguments[0]->value), {},
                                             /*fortran_order=*/false, arguments[1]->text(), arena));
  return arena.Make(Kind::kArray, std::move(array));
}

// Executes numpy.core.numeric._frombuffer(buffer, dtype, shape, order).
absl::StatusOr<Node*> CallFromBuffer(const Node::Children& arguments, Arena& arena) {
  if (arguments.size() != 4 || !arguments[0]->IsBytes() || !arguments[1]->Is(Kind::kElementType) ||
      !arguments[3]->IsText()) {
    return Malformed("numpy.ndarray");
  }
  KUR_ASSIGN_OR_RETURN(std::vector<int64_t> shape, ParseShape(*arguments[2]));
  KUR_ASSIGN_OR_RETURN(auto array,
                       MakeArray(std::get<NumpyType>(arguments[1]->value), std::move(shape),
                                 arguments[3]->text() == "F", arguments[0]->text(), arena));
  return arena.Make(Kind::kArray, std::move(array));
}

// Executes _codecs.encode(text, "latin1"), which is how Python 3 writes bytes in the protocols of
// Python 2.
absl::StatusOr<Node*> CallEncode(const Node::Children& arguments, Arena& arena) {
  if (arguments.size() != 2 || !arguments[0]->Is(Kind::kText) || !arguments[1]->IsText()) {
    return Malformed("_codecs.encode");
  }
  const std::string codec = absl::StrReplaceAll(arguments[1]->text(), {{"-", ""}, {"_", ""}});
  if (codec != "latin1") {
    return absl::InvalidArgumentError(
        absl::StrCat("bytes encoded by '", arguments[1]->text(), "' cannot be read"));
  }
  KUR_RETURN_IF_ERROR(arena.Reserve(static_cast<int64_t>(arguments[0]->text().size())));
  KUR_ASSIGN_OR_RETURN(std::string bytes, Utf8ToLatin1(arguments[0]->text()));
  return arena.Make(Kind::kBytes, arena.StoreText(std::move(bytes)));
}

// Executes bytes(), bytearray(), bytearray(bytes) or bytearray(text, "latin-1").
absl::StatusOr<Node*> CallBytes(const Node::Children& arguments, Arena& arena) {
  if (arguments.empty()) return arena.Make(Kind::kBytes, absl::string_view());
  if (arguments.size() == 2) return CallEncode(arguments, arena);
  if (!arguments[0]->IsBytes()) return Malformed("bytes");
  return arena.Make(Kind::kBytes, arguments[0]->text());
}

// Executes set() or set(list).
absl::StatusOr<Node*> CallSet(const Node::Children& arguments, Arena& arena) {
  if (arguments.empty()) return arena.Make(Kind::kSet, Node::Children());
  if (arguments.size() != 1 || !arguments[0]->IsSequence()) return Malformed("set");
  KUR_RETURN_IF_ERROR(arena.Count(arguments[0]->children().size()));
  return arena.Make(Kind::kSet, arguments[0]->children());
}

// Executes OrderedDict() or, from Python 2, OrderedDict([[key, value], ...]).
absl::StatusOr<Node*> CallOrderedDict(const Node::Children& arguments, Arena& arena) {
  Node::Children entries;
  if (!arguments.empty()) {
    if (arguments.size() != 1 || !arguments[0]->IsSequence()) return Malformed("OrderedDict");
    KUR_RETURN_IF_ERROR(arena.Count(2 * arguments[0]->children().size()));
    for (const Node* pair : arguments[0]->children()) {
      if (!pair->IsSequence() || pair->children().size() != 2) return Malformed("OrderedDict");
      entries.insert(entries.end(), pair->children().begin(), pair->children().end());
    }
  }
  return arena.Make(Kind::kDict, std::move(entries));
}

}  // namespace

absl::StatusOr<Callable> FindCallable(absl::string_view module, absl::string_view name) {
  std::string place(module);
  if (absl::StartsWith(place, "numpy._core.")) place.replace(0, 11, "numpy.core");
  if (place == "__builtin__") place = "builtins";
  for (const KnownCallable& known : kCallables) {
    if (known.module == place && known.name == name) return known.callable;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("the pickle names ", module, ".", name,
                   ", which is not data; only numbers, strings, lists, dictionaries and numpy "
                   "arrays can be read"));
}

absl::StatusOr<Node*> Call(Callable callable, const Node& arguments, Arena& arena) {
  const Node::Children& list = arguments.children();
  switch (callable) {
    case Callable::kReconstruct:
    case Callable::kNdarray:
      // The arguments describe an empty array; BUILD then gives it its content.
      return arena.Make(Kind::kArray, std::shared_ptr<const Array>());
    case Callable::kDType:
      return CallDType(list, arena);
    case Callable::kScalar:
      return CallScalar(list, arena);
    case Callable::kFromBuffer:
      return CallFromBuffer(list, arena);
    case Callable::kEncode:
      return CallEncode(list, arena);
    case Callable::kOrderedDict:
      return CallOrderedDict(list, arena);
    case Callable::kBytes:
    case Callable::kByteArray:
      return CallBytes(list, arena);
    case Callable::kSet:
    case Callable::kFrozenSet:
      return CallSet(list, arena);
  }
  return Malformed("call");
}

absl::Status Build(Node& object, const Node& state, Arena& arena) {
  if (object.Is(Kind::kArray)) return BuildArray(object, state, arena);
  if (object.Is(Kind::kElementType)) {
    return BuildElementType(std::get<NumpyType>(object.value), state);
  }
  return absl::InvalidArgumentError("the pickle holds an object with state, which is not data");
}

}  // namespace kur::pickle
