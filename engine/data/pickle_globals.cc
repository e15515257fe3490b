#include "engine/data/pickle_globals.h"

#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "engine/base/status.h"
#include "engine/data/pickle_text.h"

namespace kur::pickle {
namespace {

struct KnownCallable {
  absl::string_view module;
  absl::string_view name;
  Callable callable;
};

// NumPy 2 moved numpy.core to numpy._core; Python 2 called builtins __builtin__. Both are taken
// back before the search.
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

constexpr int64_t kMostAxes = 64;

absl::Status Malformed(absl::string_view what) {
  return absl::DataLossError(absl::StrCat("malformed ", what));
}

// The name of an element type without its byte order, as numpy.dtype() takes it: "f4", "u1".
absl::StatusOr<ElementType> ParseElementType(absl::string_view code) {
  constexpr std::pair<absl::string_view, DType> kCodes[] = {
      {"b1", DType::kBool},    {"?", DType::kBool},     {"i1", DType::kInt8},
      {"i2", DType::kInt16},   {"i4", DType::kInt32},   {"i8", DType::kInt64},
      {"u1", DType::kUint8},   {"u2", DType::kUint16},  {"u4", DType::kUint32},
      {"u8", DType::kUint64},  {"f2", DType::kFloat16}, {"f4", DType::kFloat32},
      {"f8", DType::kFloat64},
  };
  ElementType type;
  absl::string_view bare = code;
  if (!bare.empty() && absl::StrContains("<>=|", bare.front())) {
    type.big_endian = bare.front() == '>';
    bare.remove_prefix(1);
  }
  for (const auto& [known, dtype] : kCodes) {
    if (known != bare) continue;
    type.dtype = dtype;
    return type;
  }
  const bool objects = absl::StartsWith(bare, "O");
  const bool text = absl::StartsWith(bare, "S") || absl::StartsWith(bare, "U");
  return absl::InvalidArgumentError(
      absl::StrCat("a numpy array has elements of the type '", code, "'",
                   objects ? " (Python objects, as when rows differ in length)"
                   : text  ? " (strings)"
                           : "",
                   "; only booleans, integers and floats of up to 64 bits can be read"));
}

absl::StatusOr<std::vector<int64_t>> ParseShape(const Node& node) {
  if (!node.IsSequence() || node.children().size() > kMostAxes) {
    return Malformed("shape of a numpy array");
  }
  std::vector<int64_t> shape;
  for (const Node* extent : node.children()) {
    if (!extent->Is(Kind::kInt)) return Malformed("shape of a numpy array");
    shape.push_back(extent->integer());
  }
  return shape;
}

// Turns column-major elements into row-major ones.
Array::Bytes FromFortranOrder(absl::string_view data, const std::vector<int64_t>& shape,
                              int64_t item_size) {
  std::vector<int64_t> strides(shape.size());
  int64_t stride = item_size;
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  Array::Bytes bytes(data.size());
  std::vector<int64_t> index(shape.size());
  int64_t from = 0;
  for (size_t to = 0; to < bytes.size(); to += static_cast<size_t>(item_size)) {
    std::memcpy(&bytes[to], data.data() + from, static_cast<size_t>(item_size));
    for (size_t axis = shape.size(); axis-- > 0;) {
      from += strides[axis];
      if (++index[axis] < shape[axis]) break;
      from -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return bytes;
}

absl::StatusOr<std::shared_ptr<const Array>> MakeArray(const ElementType& type,
                                                       std::vector<int64_t> shape, bool fortran,
                                                       absl::string_view data, Arena& arena) {
  const int64_t item_size = ItemSize(type.dtype);
  KUR_ASSIGN_OR_RETURN(const int64_t count, CountElements(shape, item_size));
  if (static_cast<uint64_t>(count * item_size) != data.size()) {
    return absl::DataLossError(absl::StrCat("a numpy array needs ", count * item_size,
                                            " bytes of data but has ", data.size()));
  }
  KUR_RETURN_IF_ERROR(arena.Reserve(static_cast<int64_t>(data.size())));
  Array::Bytes bytes = fortran && shape.size() > 1 && count > 0
                           ? FromFortranOrder(data, shape, item_size)
                           : Array::Bytes(data.begin(), data.end());
  if (type.big_endian) SwapBytes(bytes.data(), bytes.size(), item_size);
  KUR_ASSIGN_OR_RETURN(Array array,
                       Array::FromBytes(type.dtype, std::move(shape), std::move(bytes)));
  return std::make_shared<const Array>(std::move(array));
}

// numpy.dtype(code, align, copy)
absl::StatusOr<Node*> CallDType(const Node::Children& arguments, Arena& arena) {
  if (arguments.empty() || !arguments[0]->IsText()) return Malformed("numpy.dtype");
  KUR_ASSIGN_OR_RETURN(const ElementType type, ParseElementType(arguments[0]->text()));
  return arena.Make(Kind::kElementType, type);
}

// The state of a dtype is (version, byte order, subdtype, names, fields, ...).
absl::Status BuildElementType(ElementType& type, const Node& state) {
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

// The state of an array is (version, shape, dtype, is_fortran, data).
absl::Status BuildArray(Node& object, const Node& state, Arena& arena) {
  if (!state.Is(Kind::kTuple) || state.children().size() != 5) return Malformed("numpy.ndarray");
  const Node::Children& parts = state.children();
  const Node& order = *parts[3];
  if (!parts[2]->Is(Kind::kElementType) || !parts[4]->IsBytes() ||
      !(order.Is(Kind::kBool) || order.Is(Kind::kInt))) {
    return Malformed("numpy.ndarray");
  }
  const bool fortran = order.Is(Kind::kBool) ? std::get<bool>(order.value) : order.integer() != 0;
  KUR_ASSIGN_OR_RETURN(std::vector<int64_t> shape, ParseShape(*parts[1]));
  KUR_ASSIGN_OR_RETURN(object.value, MakeArray(std::get<ElementType>(parts[2]->value),
                                               std::move(shape), fortran, parts[4]->text(), arena));
  return absl::OkStatus();
}

// numpy.core.multiarray.scalar(dtype, bytes)
absl::StatusOr<Node*> CallScalar(const Node::Children& arguments, Arena& arena) {
  if (arguments.size() != 2 || !arguments[0]->Is(Kind::kElementType) || !arguments[1]->IsBytes()) {
    return Malformed("numpy scalar");
  }
  KUR_ASSIGN_OR_RETURN(auto array, MakeArray(std::get<ElementType>(arguments[0]->value), {},
                                             /*fortran=*/false, arguments[1]->text(), arena));
  return arena.Make(Kind::kArray, std::move(array));
}

// numpy.core.numeric._frombuffer(buffer, dtype, shape, order)
absl::StatusOr<Node*> CallFromBuffer(const Node::Children& arguments, Arena& arena) {
  if (arguments.size() != 4 || !arguments[0]->IsBytes() || !arguments[1]->Is(Kind::kElementType) ||
      !arguments[3]->IsText()) {
    return Malformed("numpy.ndarray");
  }
  KUR_ASSIGN_OR_RETURN(std::vector<int64_t> shape, ParseShape(*arguments[2]));
  KUR_ASSIGN_OR_RETURN(auto array,
                       MakeArray(std::get<ElementType>(arguments[1]->value), std::move(shape),
                                 arguments[3]->text() == "F", arguments[0]->text(), arena));
  return arena.Make(Kind::kArray, std::move(array));
}

// _codecs.encode(text, "latin1"): how Python 3 writes bytes in the protocols of Python 2.
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
  return arena.Make(Kind::kBytes, arena.Keep(std::move(bytes)));
}

// bytes(), bytearray(), bytearray(bytes), bytearray(text, "latin-1")
absl::StatusOr<Node*> CallBytes(const Node::Children& arguments, Arena& arena) {
  if (arguments.empty()) return arena.Make(Kind::kBytes, absl::string_view());
  if (arguments.size() == 2) return CallEncode(arguments, arena);
  if (!arguments[0]->IsBytes()) return Malformed("bytes");
  return arena.Make(Kind::kBytes, arguments[0]->text());
}

// set() and set(list)
absl::StatusOr<Node*> CallSet(const Node::Children& arguments, Arena& arena) {
  if (arguments.empty()) return arena.Make(Kind::kSet, Node::Children());
  if (arguments.size() != 1 || !arguments[0]->IsSequence()) return Malformed("set");
  KUR_RETURN_IF_ERROR(arena.Count(arguments[0]->children().size()));
  return arena.Make(Kind::kSet, arguments[0]->children());
}

// OrderedDict() and, by Python 2, OrderedDict([[key, value], ...])
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
      // The arguments describe an empty array: what counts is the state that follows.
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
    return BuildElementType(std::get<ElementType>(object.value), state);
  }
  return absl::InvalidArgumentError("the pickle holds an object with state, which is not data");
}

}  // namespace kur::pickle
