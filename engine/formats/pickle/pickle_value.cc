#include "engine/formats/pickle/pickle_value.h"

namespace kur {

PickleValue::PickleValue(std::string value)
    : type_(Type::kString), data_(std::make_shared<const std::string>(std::move(value))) {}

PickleValue::PickleValue(Array value)
    : type_(Type::kArray), data_(std::make_shared<const Array>(std::move(value))) {}

PickleValue PickleValue::MakeBytes(std::string value) {
  PickleValue bytes(std::move(value));
  bytes.type_ = Type::kBytes;
  return bytes;
}

PickleValue PickleValue::MakeList(List elements) {
  PickleValue list;
  list.type_ = Type::kList;
  list.data_ = std::make_shared<const List>(std::move(elements));
  return list;
}

PickleValue PickleValue::MakeTuple(List elements) {
  PickleValue tuple = MakeList(std::move(elements));
  tuple.type_ = Type::kTuple;
  return tuple;
}

PickleValue PickleValue::MakeSet(List elements) {
  PickleValue set = MakeList(std::move(elements));
  set.type_ = Type::kSet;
  return set;
}

PickleValue PickleValue::MakeDict(Dict entries) {
  PickleValue dict;
  dict.type_ = Type::kDict;
  dict.data_ = std::make_shared<const Dict>(std::move(entries));
  return dict;
}

const PickleValue* PickleValue::Find(absl::string_view key) const {
  if (type_ != Type::kDict) return nullptr;
  const Dict& entries = as_dict();
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
    if (entry->first.type() == Type::kString && entry->first.as_string() == key) {
      return &entry->second;
    }
  }
  return nullptr;
}

absl::string_view TypeName(PickleValue::Type type) {
  // In the order of PickleValue::Type.
  constexpr absl::string_view kNames[] = {"None", "bool",  "int", "float", "str",          "bytes",
                                          "list", "tuple", "set", "dict",  "numpy.ndarray"};
  return kNames[static_cast<size_t>(type)];
}

}  // namespace kur
