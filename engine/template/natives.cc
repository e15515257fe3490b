#include "engine/template/natives.h"

#include <algorithm>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/template/text.h"

namespace kur::jinja {

Namespace::Namespace(std::vector<std::pair<std::string, Object>> attributes) {
  for (auto& [name, value] : attributes) Set(name, std::move(value));
}

void Namespace::Set(const std::string& name, Object value) {
  const auto [it, inserted] = index_.emplace(name, attributes_.size());
  if (inserted) {
    attributes_.emplace_back(name, std::move(value));
  } else {
    attributes_[it->second].second = std::move(value);
  }
}

absl::StatusOr<std::string> Namespace::Print(Runtime* runtime) const {
  std::vector<std::string> parts;
  int64_t size = 0;
  for (const auto& [name, value] : attributes_) {
    KUR_ASSIGN_OR_RETURN(const std::string text, Repr(runtime, value));
    parts.push_back(absl::StrCat(QuoteText(name), ": ", text));
    size += static_cast<int64_t>(parts.back().size());
    KUR_RETURN_IF_ERROR(runtime->budget().MakeText(size));
  }
  std::string text = "<Namespace {";
  for (size_t i = 0; i < parts.size(); ++i) absl::StrAppend(&text, i > 0 ? ", " : "", parts[i]);
  return text + "}>";
}

absl::StatusOr<std::optional<Object>> Namespace::Attribute(Runtime*, absl::string_view name) {
  const auto it = index_.find(name);
  if (it == index_.end()) return std::optional<Object>();
  return std::optional<Object>(attributes_[it->second].second);
}

absl::StatusOr<std::string> Loop::Print(Runtime*) const {
  return absl::StrCat("<LoopContext ", index_ + 1, "/", items_.size(), ">");
}

Object Loop::Neighbour(int64_t index, absl::string_view which) const {
  if (index >= 0 && index < static_cast<int64_t>(items_.size())) {
    return items_[static_cast<size_t>(index)];
  }
  UndefinedInfo info;
  info.name = absl::StrCat("'loop.", which, "' is undefined: there is no such item");
  return Object(std::move(info));
}

absl::StatusOr<std::optional<Object>> Loop::Attribute(Runtime* runtime, absl::string_view name) {
  const auto length = static_cast<int64_t>(items_.size());
  const auto some = [](auto value) { return std::optional<Object>(Object(std::move(value))); };
  if (name == "index") return some(index_ + 1);
  if (name == "index0") return some(index_);
  if (name == "revindex") return some(length - index_);
  if (name == "revindex0") return some(length - index_ - 1);
  if (name == "first") return some(index_ == 0);
  if (name == "last") return some(index_ == length - 1);
  if (name == "length") return some(length);
  if (name == "depth") return some(int64_t{depth_} + 1);
  if (name == "depth0") return some(int64_t{depth_});
  if (name == "previtem") return some(Neighbour(index_ - 1, name));
  if (name == "nextitem") return some(Neighbour(index_ + 1, name));
  if (name == "cycle") {
    return some(runtime->New<Function>(
        "cycle", [this](Runtime*, const Arguments& arguments) { return Cycle(arguments); }));
  }
  if (name == "changed") {
    return some(runtime->New<Function>("changed", [this](Runtime* r, const Arguments& arguments) {
      return Changed(r, arguments);
    }));
  }
  return std::optional<Object>();
}

absl::StatusOr<Object> Loop::Call(Runtime* runtime, const Arguments& arguments) {
  if (!context_.node->recursive) {
    return Fail("only a loop that is marked 'recursive' can be called");
  }
  if (arguments.positional.size() != 1 || !arguments.named.empty()) {
    return Fail("loop() takes one argument, the items to go through");
  }
  KUR_ASSIGN_OR_RETURN(std::string text,
                       context_.evaluator->RenderLoop(*context_.node, arguments.positional[0],
                                                      depth_ + 1, context_.frame));
  return runtime->Text(std::move(text));
}

absl::StatusOr<Object> Loop::Cycle(const Arguments& arguments) const {
  if (arguments.positional.empty()) return Fail("loop.cycle() needs items to choose from");
  return arguments.positional[static_cast<size_t>(index_) % arguments.positional.size()];
}

absl::StatusOr<Object> Loop::Changed(Runtime* runtime, const Arguments& arguments) {
  bool changed = !last_changed_.has_value() || last_changed_->size() != arguments.positional.size();
  for (size_t i = 0; !changed && i < arguments.positional.size(); ++i) {
    KUR_ASSIGN_OR_RETURN(const bool equal,
                         Equal(runtime, (*last_changed_)[i], arguments.positional[i]));
    changed = !equal;
  }
  last_changed_ = arguments.positional;
  return Object(changed);
}

absl::StatusOr<std::string> Macro::Print(Runtime*) const {
  return absl::StrCat("<Macro ", QuoteText(definition_.name), ">");
}

absl::StatusOr<std::optional<Object>> Macro::Attribute(Runtime* runtime, absl::string_view name) {
  if (name == "name") return std::optional<Object>(Object(definition_.name));
  if (name == "catch_varargs") return std::optional<Object>(Object(definition_.uses_varargs));
  if (name == "catch_kwargs") return std::optional<Object>(Object(definition_.uses_kwargs));
  if (name == "caller") return std::optional<Object>(Object(definition_.uses_caller));
  if (name != "arguments") return std::optional<Object>();
  std::vector<Object> names;
  for (const auto& [parameter, value] : definition_.parameters) names.emplace_back(parameter);
  KUR_ASSIGN_OR_RETURN(Object arguments, runtime->Tuple(std::move(names)));
  return std::optional<Object>(std::move(arguments));
}

absl::Status Macro::BindParameters(const Arguments& arguments, std::vector<bool>* used,
                                   const FramePtr& frame) {
  for (size_t i = 0; i < definition_.parameters.size(); ++i) {
    const auto& [name, fallback] = definition_.parameters[i];
    const auto named = absl::c_find_if(
        arguments.named, [&name = name](const auto& entry) { return entry.first == name; });
    if (i < arguments.positional.size()) {
      frame->Set(name, arguments.positional[i]);
    } else if (named != arguments.named.end()) {
      (*used)[static_cast<size_t>(named - arguments.named.begin())] = true;
      frame->Set(name, named->second);
    } else if (fallback != nullptr) {
      KUR_ASSIGN_OR_RETURN(Object value, evaluator_.EvaluateIn(frame, *fallback));
      frame->Set(name, std::move(value));
    } else {
      UndefinedInfo info;
      info.name = absl::StrCat("the parameter '", name, "' of the macro '", definition_.name,
                               "' was not given");
      frame->Set(name, Object(std::move(info)));
    }
  }
  return absl::OkStatus();
}

absl::Status Macro::BindRest(Runtime* runtime, const Arguments& arguments,
                             const std::vector<bool>& used, const FramePtr& frame) {
  const size_t taken = std::min(arguments.positional.size(), definition_.parameters.size());
  if (definition_.uses_varargs) {
    KUR_ASSIGN_OR_RETURN(Object varargs, runtime->Tuple({arguments.positional.begin() + taken,
                                                         arguments.positional.end()}));
    frame->Set("varargs", std::move(varargs));
  } else if (arguments.positional.size() > taken) {
    return Fail("the macro '", definition_.name, "' takes at most ", definition_.parameters.size(),
                " arguments, got ", arguments.positional.size());
  }
  auto kwargs = std::make_shared<ObjectMapping>();
  std::optional<Object> caller;
  for (size_t i = 0; i < arguments.named.size(); ++i) {
    if (used[i]) continue;
    const auto& [name, value] = arguments.named[i];
    if (definition_.uses_caller && name == "caller") {
      caller = value;
    } else if (definition_.uses_kwargs) {
      KUR_RETURN_IF_ERROR(runtime->SetEntry(kwargs.get(), Object(name), value));
    } else if (name == "caller") {
      return Fail("the macro '", definition_.name, "' does not use caller()");
    } else {
      return Fail("the macro '", definition_.name, "' takes no argument '", name, "'");
    }
  }
  if (definition_.uses_kwargs) {
    KUR_ASSIGN_OR_RETURN(Object dictionary, runtime->Dictionary(std::move(kwargs)));
    frame->Set("kwargs", std::move(dictionary));
  }
  if (definition_.uses_caller) {
    UndefinedInfo info;
    info.name = absl::StrCat("the macro '", definition_.name,
                             "' uses caller() but was not called by '{% call %}'");
    frame->Set("caller", caller.has_value() ? *caller : Object(std::move(info)));
  }
  return absl::OkStatus();
}

absl::StatusOr<Object> Macro::Call(Runtime* runtime, const Arguments& arguments) {
  auto frame = std::make_shared<Frame>(frame_);
  std::vector<bool> used(arguments.named.size());
  KUR_RETURN_IF_ERROR(BindParameters(arguments, &used, frame));
  KUR_RETURN_IF_ERROR(BindRest(runtime, arguments, used, frame));
  KUR_ASSIGN_OR_RETURN(std::string text, evaluator_.RenderIn(frame, definition_.body));
  return runtime->Text(std::move(text));
}

}  // namespace kur::jinja
