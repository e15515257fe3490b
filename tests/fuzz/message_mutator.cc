#include "tests/fuzz/message_mutator.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "engine/base/utf8.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace kur::fuzz {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// One field of a message, or of a message in it, set or not.
struct Place {
  Message* message;
  const FieldDescriptor* field;
};

void FindPlaces(Message* message, std::vector<Place>* places) {
  const Reflection& reflection = *message->GetReflection();
  for (int i = 0; i < message->GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor* field = message->GetDescriptor()->field(i);
    places->push_back({message, field});
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (field->is_repeated()) {
      for (int j = 0; j < reflection.FieldSize(*message, field); ++j) {
        FindPlaces(reflection.MutableRepeatedMessage(message, field, j), places);
      }
    } else if (reflection.HasField(*message, field)) {
      FindPlaces(reflection.MutableMessage(message, field), places);
    }
  }
}

class Mutator {
 public:
  Mutator(unsigned seed, size_t max_size) : random_(seed), max_size_(max_size) {}

  void Mutate(Message* message) {
    std::vector<Place> places;
    FindPlaces(message, &places);
    const Place place = places[Draw(places.size())];
    if (place.field->is_repeated()) {
      MutateList(place);
    } else if (place.field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      const Reflection& reflection = *place.message->GetReflection();
      const bool is_set = reflection.HasField(*place.message, place.field);
      if (is_set && Draw(3) == 0) {
        reflection.ClearField(place.message, place.field);
      } else if (!is_set) {
        reflection.MutableMessage(place.message, place.field);
      }
    } else {
      SetScalar(place, -1);
    }
  }

  size_t Draw(size_t count) { return std::uniform_int_distribution<size_t>(0, count - 1)(random_); }

 private:
  void MutateList(const Place& place) {
    const Reflection& reflection = *place.message->GetReflection();
    const int size = reflection.FieldSize(*place.message, place.field);
    const auto any = [&] { return static_cast<int>(Draw(static_cast<size_t>(size))); };
    const size_t choice = size == 0 ? 0 : Draw(5);
    const bool is_message = place.field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
    if (choice == 0) {
      if (is_message) {
        Message* added = reflection.AddMessage(place.message, place.field);
        if (size > 0) {
          added->CopyFrom(reflection.GetRepeatedMessage(*place.message, place.field, any()));
        }
      } else {
        SetScalar(place, size);
      }
    } else if (choice == 1) {
      reflection.RemoveLast(place.message, place.field);
    } else if (choice == 2) {
      reflection.SwapElements(place.message, place.field, any(), any());
    } else if (!is_message) {
      SetScalar(place, any());
    }
  }

  template <class Number>
  Number Mutated(Number value) {
    uint8_t bytes[sizeof(value)];
    std::memcpy(bytes, &value, sizeof(value));
    LLVMFuzzerMutate(bytes, sizeof(bytes), sizeof(bytes));
    std::memcpy(&value, bytes, sizeof(value));
    return value;
  }

  std::string Mutated(std::string text, bool is_text) {
    const size_t size = text.size();
    text.resize(std::min(max_size_, size + 64));
    text.resize(LLVMFuzzerMutate(reinterpret_cast<uint8_t*>(&text[0]), std::min(size, text.size()),
                                 text.size()));
    return is_text ? ToUtf8(text) : text;
  }

  // Sets a field, or element `index` of a list, which may be the one after the last.
  void SetScalar(const Place& place, int index) {
    const FieldDescriptor* field = place.field;
    Message* message = place.message;
    const Reflection& reflection = *message->GetReflection();
    const bool add = index >= 0 && index == reflection.FieldSize(*message, field);
#define KUR_SET(Type, kind, mutate)                                        \
  if (add) {                                                               \
    const Type old{};                                                      \
    return reflection.Add##kind(message, field, mutate);                   \
  } else if (index >= 0) {                                                 \
    const Type old = reflection.GetRepeated##kind(*message, field, index); \
    return reflection.SetRepeated##kind(message, field, index, mutate);    \
  } else {                                                                 \
    const Type old = reflection.Get##kind(*message, field);                \
    return reflection.Set##kind(message, field, mutate);                   \
  }
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
        KUR_SET(int32_t, Int32, Mutated(old))
      case FieldDescriptor::CPPTYPE_INT64:
        KUR_SET(int64_t, Int64, Mutated(old))
      case FieldDescriptor::CPPTYPE_UINT32:
        KUR_SET(uint32_t, UInt32, Mutated(old))
      case FieldDescriptor::CPPTYPE_UINT64:
        KUR_SET(uint64_t, UInt64, Mutated(old))
      case FieldDescriptor::CPPTYPE_DOUBLE:
        KUR_SET(double, Double, Mutated(old))
      case FieldDescriptor::CPPTYPE_FLOAT:
        KUR_SET(float, Float, Mutated(old))
      case FieldDescriptor::CPPTYPE_BOOL:
        KUR_SET(bool, Bool, !old)
      case FieldDescriptor::CPPTYPE_ENUM: {
        const int most = field->enum_type()->value_count() + 1;
        const int number = static_cast<int>(Draw(static_cast<size_t>(most)));
        KUR_SET(int, EnumValue, (static_cast<void>(old), number))
      }
      case FieldDescriptor::CPPTYPE_STRING:
        KUR_SET(std::string, String, Mutated(old, field->type() == FieldDescriptor::TYPE_STRING))
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return;
    }
#undef KUR_SET
  }

  std::minstd_rand random_;
  const size_t max_size_;
};

}  // namespace

size_t Mutate(Message& scratch, uint8_t* data, size_t size, size_t max_size, unsigned seed) {
  constexpr size_t kRawOneIn = 50;
  Mutator mutator(seed, max_size);
  // What was read before an error is a beginning, too.
  static_cast<void>(scratch.ParseFromArray(data, static_cast<int>(size)));
  if (mutator.Draw(kRawOneIn) == 0) return LLVMFuzzerMutate(data, size, max_size);
  for (size_t i = 1 + mutator.Draw(3); i > 0; --i) mutator.Mutate(&scratch);
  const size_t written = scratch.ByteSizeLong();
  if (written > max_size) return LLVMFuzzerMutate(data, size, max_size);
  scratch.SerializeToArray(data, static_cast<int>(written));
  return written;
}

}  // namespace kur::fuzz
