// Writes objects as str() and repr() of Python do.

#include <string>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/template/runtime.h"
#include "engine/template/text.h"

namespace kur::jinja {
namespace {

absl::Status Write(Runtime* runtime, const Object& object, TextBuilder* text);

absl::Status WriteSequence(Runtime* runtime, const Sequence& sequence, TextBuilder* text) {
  KUR_RETURN_IF_ERROR(text->Append(sequence.is_tuple() ? "(" : "["));
  for (int64_t i = 0; i < sequence.size(); ++i) {
    if (i > 0) KUR_RETURN_IF_ERROR(text->Append(", "));
    KUR_RETURN_IF_ERROR(Write(runtime, sequence.at(i), text));
  }
  if (!sequence.is_tuple()) return text->Append("]");
  return text->Append(sequence.size() == 1 ? ",)" : ")");
}

absl::Status WriteMapping(Runtime* runtime, const Mapping& mapping, TextBuilder* text) {
  KUR_RETURN_IF_ERROR(text->Append("{"));
  for (int64_t i = 0; i < mapping.size(); ++i) {
    if (i > 0) KUR_RETURN_IF_ERROR(text->Append(", "));
    KUR_RETURN_IF_ERROR(Write(runtime, mapping.key(i), text));
    KUR_RETURN_IF_ERROR(text->Append(": "));
    KUR_RETURN_IF_ERROR(Write(runtime, mapping.value(i), text));
  }
  return text->Append("}");
}

absl::Status Write(Runtime* runtime, const Object& object, TextBuilder* text) {
  const Budget::Level level(&runtime->budget());
  KUR_RETURN_IF_ERROR(level.status());
  KUR_RETURN_IF_ERROR(runtime->RequireDefined(object));
  switch (object.type()) {
    case Object::Type::kNone:
      return text->Append("None");
    case Object::Type::kBool:
      return text->Append(object.as_bool() ? "True" : "False");
    case Object::Type::kInt:
      return text->Append(absl::StrCat(object.as_int()));
    case Object::Type::kFloat:
      return text->Append(FormatFloat(object.as_float()));
    case Object::Type::kString:
      KUR_RETURN_IF_ERROR(
          runtime->budget().MakeText(static_cast<int64_t>(object.as_string().size())));
      return text->Append(QuoteText(object.as_string()));
    case Object::Type::kSequence:
      return WriteSequence(runtime, object.as_sequence(), text);
    case Object::Type::kMapping:
      return WriteMapping(runtime, object.as_mapping(), text);
    case Object::Type::kUndefined:
      break;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> Repr(Runtime* runtime, const Object& object) {
  TextBuilder text(&runtime->budget());
  KUR_RETURN_IF_ERROR(Write(runtime, object, &text));
  return text.Release();
}

absl::StatusOr<std::string> Print(Runtime* runtime, const Object& object) {
  if (object.is_string()) {
    KUR_RETURN_IF_ERROR(
        runtime->budget().MakeText(static_cast<int64_t>(object.as_string().size())));
    return object.as_string();
  }
  if (object.is_undefined() && object.undefined().silent) return std::string();
  return Repr(runtime, object);
}

absl::StatusOr<Object> JoinTexts(Runtime* runtime, const std::vector<Object>& items,
                                 absl::string_view separator) {
  TextBuilder joined(&runtime->budget());
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) KUR_RETURN_IF_ERROR(joined.Append(separator));
    KUR_ASSIGN_OR_RETURN(const std::string text, Print(runtime, items[i]));
    KUR_RETURN_IF_ERROR(joined.Append(text));
  }
  return Object(joined.Release());
}

}  // namespace kur::jinja
