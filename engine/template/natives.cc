#include "engine/template/natives.h"

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/template/left_out.h"

namespace kur::jinja {

absl::StatusOr<std::optional<Object>> Namespace::Attribute(absl::string_view name) {
  const auto it = attributes_.find(name);
  if (it == attributes_.end()) return std::optional<Object>();
  return std::optional<Object>(it->second);
}

absl::StatusOr<std::optional<Object>> Loop::Attribute(absl::string_view name) {
  const auto length = static_cast<int64_t>(items_.size());
  const auto some = [](auto value) { return std::optional<Object>(Object(value)); };
  if (name == "index") return some(index_ + 1);
  if (name == "index0") return some(index_);
  if (name == "revindex") return some(length - index_);
  if (name == "revindex0") return some(length - index_ - 1);
  if (name == "first") return some(index_ == 0);
  if (name == "last") return some(index_ == length - 1);
  if (name == "length") return some(length);
  const std::string left_out = LeftOutMessage(NameKind::kLoopAttribute, name);
  if (left_out.empty()) return std::optional<Object>();
  return std::optional<Object>(Object::Undefined(left_out));
}

absl::Status Macro::CheckArguments(const Arguments& arguments) const {
  const auto& parameters = definition_.parameters;
  if (arguments.positional.size() > parameters.size()) {
    return Fail("the macro '", definition_.name, "' takes at most ", parameters.size(),
                " arguments, got ", arguments.positional.size());
  }
  for (const auto& entry : arguments.named) {
    const auto at = absl::c_find_if(
        parameters, [&entry](const auto& parameter) { return parameter.first == entry.first; });
    // One that was given by its place too is one too many.
    if (at - parameters.begin() < static_cast<std::ptrdiff_t>(arguments.positional.size()) ||
        at == parameters.end()) {
      return Fail("the macro '", definition_.name, "' takes no argument '", entry.first, "'");
    }
  }
  return absl::OkStatus();
}

absl::Status Macro::BindParameters(const Arguments& arguments, const FramePtr& frame) {
  for (size_t i = 0; i < definition_.parameters.size(); ++i) {
    const auto& [name, fallback] = definition_.parameters[i];
    const auto named = absl::c_find_if(
        arguments.named, [&name = name](const auto& entry) { return entry.first == name; });
    if (i < arguments.positional.size()) {
      frame->Set(name, arguments.positional[i]);
    } else if (named != arguments.named.end()) {
      frame->Set(name, named->second);
    } else if (fallback != nullptr) {
      KUR_ASSIGN_OR_RETURN(Object value, evaluator_.EvaluateIn(frame, *fallback));
      frame->Set(name, std::move(value));
    } else {
      frame->Set(name, Object::Undefined(absl::StrCat("the parameter '", name, "' of the macro '",
                                                      definition_.name, "' was not given")));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Object> Macro::Call(Runtime* runtime, const Arguments& arguments) {
  KUR_RETURN_IF_ERROR(CheckArguments(arguments));
  auto frame = std::make_shared<Frame>(frame_);
  KUR_RETURN_IF_ERROR(BindParameters(arguments, frame));
  KUR_ASSIGN_OR_RETURN(std::string text, evaluator_.RenderIn(frame, definition_.body));
  return runtime->Text(std::move(text));
}

}  // namespace kur::jinja
