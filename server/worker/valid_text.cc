#include "server/worker/valid_text.h"

#include <string>
#include <vector>

#include "engine/base/utf8.h"
#include "google/protobuf/descriptor.h"

namespace kur::worker {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

void MakeFieldValid(const Reflection& reflection, const FieldDescriptor* field, Message* message) {
  const bool is_text = field->type() == FieldDescriptor::TYPE_STRING;
  if (!is_text && field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) return;
  const int count = field->is_repeated() ? reflection.FieldSize(*message, field) : 1;
  for (int i = 0; i < count; ++i) {
    if (!is_text) {
      MakeTextValid(field->is_repeated() ? reflection.MutableRepeatedMessage(message, field, i)
                                         : reflection.MutableMessage(message, field));
      continue;
    }
    const std::string text = field->is_repeated() ? reflection.GetRepeatedString(*message, field, i)
                                                  : reflection.GetString(*message, field);
    if (IsUtf8(text)) continue;
    if (field->is_repeated()) {
      reflection.SetRepeatedString(message, field, i, ToUtf8(text));
    } else {
      reflection.SetString(message, field, ToUtf8(text));
    }
  }
}

}  // namespace

void MakeTextValid(Message* message) {
  const Reflection& reflection = *message->GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(*message, &fields);
  for (const FieldDescriptor* field : fields) MakeFieldValid(reflection, field, message);
}

}  // namespace kur::worker
