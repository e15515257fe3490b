#include "engine/formats/pickle/pickle_reader.h"

#include <optional>
#include <unordered_map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/files_without_links.h"
#include "engine/base/status.h"
#include "engine/base/utf8.h"
#include "engine/formats/pickle/pickle_machine.h"
#include "engine/formats/pickle/pickle_node.h"
#include "engine/formats/pickle/pickle_text.h"

namespace kur {
namespace {

using pickle::Kind;
using pickle::Node;

// Converts the objects of a machine to values. An object with two references is converted once and
// shared, so the values take no more memory than the objects. Not thread-safe.
class Converter {
 public:
  explicit Converter(int max_depth) : max_depth_(max_depth) {}

  absl::StatusOr<PickleValue> Convert(const Node& node, int depth) {
    switch (node.kind) {
      case Kind::kNone:
        return PickleValue();
      case Kind::kBool:
        return PickleValue(std::get<bool>(node.value));
      case Kind::kInt:
        return PickleValue(node.integer());
      case Kind::kFloat:
        return PickleValue(std::get<double>(node.value));
      default:
        break;
    }
    if (depth > max_depth_) {
      return absl::ResourceExhaustedError(
          absl::StrCat("containers are nested more than ", max_depth_, " deep"));
    }
    const auto [entry, is_new] = done_.emplace(&node, std::nullopt);
    if (!is_new) {
      if (entry->second.has_value()) return *entry->second;
      return absl::InvalidArgumentError("a container holds itself");
    }
    KUR_ASSIGN_OR_RETURN(PickleValue value, ConvertObject(node, depth));
    done_[&node] = value;
    return value;
  }

 private:
  absl::StatusOr<PickleValue> ConvertObject(const Node& node, int depth) {
    switch (node.kind) {
      case Kind::kText:
        if (!IsUtf8(node.text())) return absl::DataLossError("a string is not UTF-8");
        return PickleValue(std::string(node.text()));
      case Kind::kLatin1:
        return PickleValue(pickle::Latin1ToUtf8(node.text()));
      case Kind::kBytes:
        return PickleValue::MakeBytes(std::string(node.text()));
      case Kind::kDict:
        return ConvertDict(node, depth);
      case Kind::kArray:
        if (std::get<std::shared_ptr<const Array>>(node.value) == nullptr) {
          return absl::DataLossError("a numpy array was left without its data");
        }
        return PickleValue(*std::get<std::shared_ptr<const Array>>(node.value));
      case Kind::kCallable:
      case Kind::kElementType:
        return absl::InvalidArgumentError("it holds a class or a numpy.dtype, which is not data");
      default:
        return ConvertList(node, depth);
    }
  }

  absl::StatusOr<PickleValue> ConvertList(const Node& node, int depth) {
    PickleValue::List elements;
    elements.reserve(node.children().size());
    for (const Node* child : node.children()) {
      KUR_ASSIGN_OR_RETURN(PickleValue element, Convert(*child, depth + 1));
      elements.push_back(std::move(element));
    }
    if (node.Is(Kind::kTuple)) return PickleValue::MakeTuple(std::move(elements));
    if (node.Is(Kind::kSet)) return PickleValue::MakeSet(std::move(elements));
    return PickleValue::MakeList(std::move(elements));
  }

  absl::StatusOr<PickleValue> ConvertDict(const Node& node, int depth) {
    PickleValue::Dict entries;
    entries.reserve(node.children().size() / 2);
    for (size_t i = 0; i + 1 < node.children().size(); i += 2) {
      KUR_ASSIGN_OR_RETURN(PickleValue key, Convert(*node.children()[i], depth + 1));
      KUR_ASSIGN_OR_RETURN(PickleValue value, Convert(*node.children()[i + 1], depth + 1));
      entries.emplace_back(std::move(key), std::move(value));
    }
    return PickleValue::MakeDict(std::move(entries));
  }

  const int max_depth_;
  // Empty while the conversion is in progress.
  std::unordered_map<const Node*, std::optional<PickleValue>> done_;
};

absl::StatusOr<PickleValue> Parse(absl::string_view data, const PickleLimits& limits) {
  pickle::Arena arena(data.size(), limits);
  KUR_ASSIGN_OR_RETURN(const Node* root, pickle::Machine(data, arena).Run());
  return Converter(limits.max_depth).Convert(*root, 0);
}

}  // namespace

absl::StatusOr<PickleValue> ReadPickle(const std::string& path, const PickleLimits& limits) {
  KUR_ASSIGN_OR_RETURN(const std::string data, FilesWithoutLinks().Read(path));
  return ParsePickle(data, path, limits);
}

absl::StatusOr<PickleValue> ParsePickle(absl::string_view data, absl::string_view name,
                                        const PickleLimits& limits) {
  auto value = Parse(data, limits);
  if (!value.ok()) return Annotate(value.status(), absl::StrCat(name, ": cannot read the pickle"));
  return value;
}

}  // namespace kur
