// Text of objects as Python's str() and repr() write it.

#include <string>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/template/runtime.h"
#include "engine/template/text.h"

namespace kur::jinja {
namespace {

// Writes into one string and stops as soon as that is larger than the budget allows, so that a
// small object with many shared parts cannot blow up.
class Printer {
 public:
  explicit Printer(Runtime* runtime) : runtime_(*runtime) {}

  absl::Status Write(const Object& object) {
    const Budget::Level level(&runtime_.budget());
    KUR_RETURN_IF_ERROR(level.status());
    KUR_RETURN_IF_ERROR(runtime_.RequireDefined(object));
    switch (object.type()) {
      case Object::Type::kNone:
        return Append("None");
      case Object::Type::kBool:
        return Append(object.as_bool() ? "True" : "False");
      case Object::Type::kInt:
        return Append(absl::StrCat(object.as_int()));
      case Object::Type::kFloat:
        return Append(FormatFloat(object.as_float()));
      case Object::Type::kString:
        KUR_RETURN_IF_ERROR(runtime_.budget().MakeText(object.as_string().size()));
        return Append(QuoteText(object.as_string()));
      case Object::Type::kSequence:
        return WriteSequence(object.as_sequence());
      case Object::Type::kMapping:
        return WriteMapping(object.as_mapping());
      default: {
        KUR_ASSIGN_OR_RETURN(const std::string text, object.as_native().Print(&runtime_));
        return Append(text);
      }
    }
  }

  std::string Take() { return std::move(text_); }

 private:
  absl::Status Append(absl::string_view text) {
    const int64_t limit = runtime_.budget().limits().output_bytes;
    if (static_cast<int64_t>(text_.size() + text.size()) > limit) {
      return runtime_.budget().MakeText(limit + 1);
    }
    absl::StrAppend(&text_, text);
    return runtime_.budget().SpendOnText(text.size());
  }

  absl::Status WriteItems(const Sequence& sequence) {
    for (int64_t i = 0; i < sequence.size(); ++i) {
      if (i > 0) KUR_RETURN_IF_ERROR(Append(", "));
      KUR_RETURN_IF_ERROR(Write(sequence.at(i)));
    }
    return absl::OkStatus();
  }

  absl::Status WriteSequence(const Sequence& sequence) {
    absl::string_view open = "[", close = "]";
    switch (sequence.kind()) {
      case Sequence::Kind::kRange:
        return WriteRange(static_cast<const Range&>(sequence));
      case Sequence::Kind::kTuple:
      case Sequence::Kind::kGroup:
        open = "(";
        close = sequence.size() == 1 ? ",)" : ")";
        break;
      case Sequence::Kind::kKeys:
        open = "dict_keys([", close = "])";
        break;
      case Sequence::Kind::kValues:
        open = "dict_values([", close = "])";
        break;
      case Sequence::Kind::kItems:
        open = "dict_items([", close = "])";
        break;
      case Sequence::Kind::kList:
        break;
    }
    KUR_RETURN_IF_ERROR(Append(open));
    KUR_RETURN_IF_ERROR(WriteItems(sequence));
    return Append(close);
  }

  absl::Status WriteRange(const Range& range) {
    const std::string step = range.step() == 1 ? "" : absl::StrCat(", ", range.step());
    return Append(absl::StrCat("range(", range.start(), ", ", range.stop(), step, ")"));
  }

  absl::Status WriteMapping(const Mapping& mapping) {
    KUR_RETURN_IF_ERROR(Append("{"));
    for (int64_t i = 0; i < mapping.size(); ++i) {
      if (i > 0) KUR_RETURN_IF_ERROR(Append(", "));
      KUR_RETURN_IF_ERROR(Write(mapping.key(i)));
      KUR_RETURN_IF_ERROR(Append(": "));
      KUR_RETURN_IF_ERROR(Write(mapping.value(i)));
    }
    return Append("}");
  }

  Runtime& runtime_;
  std::string text_;
};

}  // namespace

absl::StatusOr<std::string> Repr(Runtime* runtime, const Object& object) {
  Printer printer(runtime);
  KUR_RETURN_IF_ERROR(printer.Write(object));
  return printer.Take();
}

absl::StatusOr<std::string> Print(Runtime* runtime, const Object& object) {
  if (object.is_string()) {
    KUR_RETURN_IF_ERROR(runtime->budget().MakeText(object.as_string().size()));
    return object.as_string();
  }
  if (object.is_undefined() && object.undefined().silent) return std::string();
  return Repr(runtime, object);
}

}  // namespace kur::jinja
