#ifndef KUR_ENGINE_FORMATS_PICKLE_PICKLE_NODE_H_
#define KUR_ENGINE_FORMATS_PICKLE_PICKLE_NODE_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "engine/formats/array.h"
#include "engine/formats/numpy_array.h"
#include "engine/formats/pickle/pickle_reader.h"

// The objects that exist while a pickle is executed. Unlike a PickleValue they change and may refer
// to each other in circles, so one arena owns them all.
namespace kur::pickle {

// The functions and classes that a pickle may call.
enum class Callable : uint8_t {
  kReconstruct,  // numpy.core.multiarray._reconstruct
  kNdarray,      // numpy.ndarray
  kDType,        // numpy.dtype
  kScalar,       // numpy.core.multiarray.scalar
  kFromBuffer,   // numpy.core.numeric._frombuffer
  kEncode,       // _codecs.encode
  kOrderedDict,  // collections.OrderedDict
  kBytes,        // bytes
  kByteArray,    // bytearray
  kSet,          // set
  kFrozenSet,    // frozenset
};

enum class Kind : uint8_t {
  kNone,
  kBool,
  kInt,
  kFloat,
  kText,    // str, UTF-8
  kLatin1,  // str of Python 2: bytes
  kBytes,
  kList,
  kTuple,
  kSet,
  kDict,  // key, value, key, value, ...
  kCallable,
  kElementType,  // numpy.dtype
  kArray,        // null until BUILD
};

struct Node {
  using Children = std::vector<Node*>;

  Kind kind = Kind::kNone;
  std::variant<std::monostate, bool, int64_t, double, absl::string_view, Children, Callable,
               NumpyType, std::shared_ptr<const Array>>
      value;

  bool Is(Kind k) const { return kind == k; }
  bool IsBytes() const { return kind == Kind::kBytes || kind == Kind::kLatin1; }
  bool IsText() const { return kind == Kind::kText || kind == Kind::kLatin1; }
  bool IsSequence() const { return kind == Kind::kTuple || kind == Kind::kList; }
  int64_t integer() const { return std::get<int64_t>(value); }
  absl::string_view text() const { return std::get<absl::string_view>(value); }
  Children& children() { return std::get<Children>(value); }
  const Children& children() const { return std::get<Children>(value); }
};

// Owns the nodes of one pickle and the texts that were decoded for them, and limits both. Not
// thread-safe.
class Arena {
 public:
  // For a pickle of `size` bytes, which must outlive the arena: texts point into it.
  Arena(size_t size, const PickleLimits& limits)
      : limits_(limits), bytes_left_(static_cast<int64_t>(4 * size + (size_t{1} << 16))) {}

  template <class T>
  absl::StatusOr<Node*> Make(Kind kind, T value) {
    const absl::Status counted = Count(1);
    if (!counted.ok()) return counted;
    Node& node = nodes_.emplace_back();
    node.kind = kind;
    node.value = std::move(value);
    return &node;
  }

  // Counts `objects` new objects or references to objects. RESOURCE_EXHAUSTED beyond the limit.
  absl::Status Count(size_t objects) {
    objects_ += static_cast<int64_t>(objects);
    if (objects_ <= limits_.max_objects) return absl::OkStatus();
    return absl::ResourceExhaustedError(
        absl::StrCat("the pickle makes more than ", limits_.max_objects,
                     " objects; numbers in such quantity belong in a numpy array"));
  }

  // Counts `bytes` new bytes of data. RESOURCE_EXHAUSTED beyond a small multiple of the pickle's
  // size: an honest pickle decodes its content once, a hostile one copies data again and again.
  absl::Status Reserve(int64_t bytes) {
    bytes_left_ -= bytes;
    if (bytes_left_ >= 0) return absl::OkStatus();
    return absl::ResourceExhaustedError("the pickle unpacks to several times its size");
  }

  // Owns a decoded text. Call Reserve() for its size before.
  absl::string_view StoreText(std::string text) { return texts_.emplace_back(std::move(text)); }

 private:
  const PickleLimits limits_;
  int64_t objects_ = 0;
  int64_t bytes_left_;
  std::deque<Node> nodes_;
  std::deque<std::string> texts_;
};

}  // namespace kur::pickle

#endif  // KUR_ENGINE_FORMATS_PICKLE_PICKLE_NODE_H_
