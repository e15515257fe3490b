// The functions that every template knows.

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/template/builtins.h"
#include "engine/template/natives.h"

namespace kur::jinja {
namespace {

// Goes through its items again and again.
class Cycler final : public Native {
 public:
  explicit Cycler(std::vector<Object> items) : items_(std::move(items)) {}
  std::string kind() const override { return "cycler"; }
  absl::StatusOr<std::string> Print(Runtime*) const override { return std::string("<Cycler>"); }
  absl::StatusOr<std::optional<Object>> Attribute(Runtime* runtime,
                                                  absl::string_view name) override {
    if (name == "current") return std::optional<Object>(items_[at_]);
    if (name == "next") {
      return std::optional<Object>(
          Object(runtime->New<Function>("next", [this](Runtime*, const Arguments&) {
            return absl::StatusOr<Object>(items_[std::exchange(at_, (at_ + 1) % items_.size())]);
          })));
    }
    if (name == "reset") {
      return std::optional<Object>(
          Object(runtime->New<Function>("reset", [this](Runtime*, const Arguments&) {
            at_ = 0;
            return absl::StatusOr<Object>(Object());
          })));
    }
    return std::optional<Object>();
  }

 private:
  std::vector<Object> items_;
  size_t at_ = 0;
};

// Nothing the first time, the separator from then on.
class Joiner final : public Native {
 public:
  explicit Joiner(Object separator) : separator_(std::move(separator)) {}
  std::string kind() const override { return "joiner"; }
  absl::StatusOr<std::string> Print(Runtime*) const override { return std::string("<Joiner>"); }
  bool callable() const override { return true; }
  absl::StatusOr<Object> Call(Runtime*, const Arguments&) override {
    return std::exchange(used_, true) ? separator_ : Object("");
  }

 private:
  Object separator_;
  bool used_ = false;
};

absl::StatusOr<Object> MakeRange(Runtime*, const Object&, const BoundArguments& arguments) {
  KUR_ASSIGN_OR_RETURN(int64_t start, arguments.Integer(0));
  KUR_ASSIGN_OR_RETURN(int64_t stop, arguments.Integer(1));
  KUR_ASSIGN_OR_RETURN(const int64_t step, arguments.Integer(2, 1));
  if (!arguments.has(1)) stop = std::exchange(start, 0);
  if (step == 0) return Fail("the step cannot be 0");
  // No 64-bit difference overflows when it is unsigned.
  uint64_t size = 0;
  if (step > 0 && start < stop) {
    size = (static_cast<uint64_t>(stop) - static_cast<uint64_t>(start) - 1) /
               static_cast<uint64_t>(step) +
           1;
  } else if (step < 0 && start > stop) {
    size = (static_cast<uint64_t>(start) - static_cast<uint64_t>(stop) - 1) /
               (uint64_t{0} - static_cast<uint64_t>(step)) +
           1;
  }
  if (size > static_cast<uint64_t>(INT64_MAX)) return Fail("the range is too long");
  return Object(std::shared_ptr<const Sequence>(
      std::make_shared<const Range>(start, stop, step, static_cast<int64_t>(size))));
}

absl::Status AddPairs(Runtime* runtime, const Object& source, ObjectMapping* mapping) {
  if (source.is_mapping()) {
    const Mapping& other = source.as_mapping();
    for (int64_t i = 0; i < other.size(); ++i) {
      KUR_RETURN_IF_ERROR(runtime->SetEntry(mapping, other.key(i), other.value(i)));
    }
    return absl::OkStatus();
  }
  KUR_ASSIGN_OR_RETURN(const std::vector<Object> pairs, runtime->Items(source));
  for (const Object& pair : pairs) {
    KUR_ASSIGN_OR_RETURN(const std::vector<Object> parts, runtime->Items(pair));
    if (parts.size() != 2) return Fail("needs pairs of a key and a value");
    KUR_RETURN_IF_ERROR(runtime->SetEntry(mapping, parts[0], parts[1]));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<ObjectMapping>> CollectEntries(Runtime* runtime,
                                                              const BoundArguments& arguments) {
  auto mapping = std::make_shared<ObjectMapping>();
  if (arguments.has(0)) KUR_RETURN_IF_ERROR(AddPairs(runtime, arguments.get(0), mapping.get()));
  for (const auto& [name, value] : arguments.named_rest()) {
    KUR_RETURN_IF_ERROR(runtime->SetEntry(mapping.get(), Object(name), value));
  }
  return mapping;
}

absl::StatusOr<Object> MakeDict(Runtime* runtime, const Object&, const BoundArguments& arguments) {
  KUR_ASSIGN_OR_RETURN(auto mapping, CollectEntries(runtime, arguments));
  return runtime->Dictionary(std::move(mapping));
}

absl::StatusOr<Object> MakeNamespace(Runtime* runtime, const Object&,
                                     const BoundArguments& arguments) {
  KUR_ASSIGN_OR_RETURN(const auto mapping, CollectEntries(runtime, arguments));
  std::vector<std::pair<std::string, Object>> attributes;
  for (int64_t i = 0; i < mapping->size(); ++i) {
    if (!mapping->key(i).is_string()) return Fail("needs names that are strings");
    attributes.emplace_back(mapping->key(i).as_string(), mapping->value(i));
  }
  return Object(runtime->New<Namespace>(std::move(attributes)));
}

absl::StatusOr<Object> MakeCycler(Runtime* runtime, const Object&,
                                  const BoundArguments& arguments) {
  if (arguments.rest().empty()) return Fail("needs items to choose from");
  return Object(runtime->New<Cycler>(arguments.rest()));
}

absl::StatusOr<Object> MakeJoiner(Runtime* runtime, const Object&,
                                  const BoundArguments& arguments) {
  return Object(runtime->New<Joiner>(arguments.has(0) ? arguments.get(0) : Object(", ")));
}

absl::StatusOr<Object> RefuseLipsum(Runtime*, const Object&, const BoundArguments&) {
  return Fail("makes up text, which is not the same twice; Kurfiles do without it");
}

absl::StatusOr<Object> GpuCount(Runtime* runtime, const Object&, const BoundArguments&) {
  if (!runtime->host().gpu_count) return Fail("the number of GPUs is not known here");
  return Object(runtime->host().gpu_count());
}

absl::StatusOr<Object> LoadWith(
    Runtime* runtime, const std::function<absl::StatusOr<Value>(const std::string&)>& load,
    const BoundArguments& arguments) {
  KUR_ASSIGN_OR_RETURN(const std::string path, arguments.Text(0));
  if (!load) return Fail("files cannot be read here");
  // Reading a file is dear: a loop must not do it for long.
  KUR_RETURN_IF_ERROR(runtime->budget().Spend(runtime->budget().limits().steps / 100));
  auto value = load(path);
  if (!value.ok()) return Fail(value.status().message());
  return Object::Wrap(runtime->Keep(*std::move(value)));
}

absl::StatusOr<Object> LoadJson(Runtime* runtime, const Object&, const BoundArguments& arguments) {
  return LoadWith(runtime, runtime->host().load_json, arguments);
}

absl::StatusOr<Object> LoadYaml(Runtime* runtime, const Object&, const BoundArguments& arguments) {
  return LoadWith(runtime, runtime->host().load_yaml, arguments);
}

using FunctionTable = std::map<std::string, std::unique_ptr<Native>, std::less<>>;

const FunctionTable& Functions() {
  static const auto* const kTable = [] {
    auto* table = new FunctionTable;
    const auto add = [table](const std::string& name, absl::string_view parameters,
                             BuiltinFunction function) {
      table->emplace(name, std::make_unique<Function>(
                               name, [name, builtin = Builtin{Signature(parameters), function}](
                                         Runtime* runtime, const Arguments& arguments) {
                                 return CallBuiltin(runtime, builtin, absl::StrCat(name, "()"),
                                                    Object(), arguments);
                               }));
    };
    add("range", "start stop? step?", &MakeRange);
    add("dict", "pairs? **", &MakeDict);
    add("namespace", "pairs? **", &MakeNamespace);
    add("cycler", "*", &MakeCycler);
    add("joiner", "sep?", &MakeJoiner);
    add("lipsum", "* **", &RefuseLipsum);
    add("gpu_count", "", &GpuCount);
    add("load_json", "filename use_cache?", &LoadJson);
    add("load_yaml", "filename use_cache?", &LoadYaml);
    return table;
  }();
  return *kTable;
}

}  // namespace

Native* FindFunction(absl::string_view name) {
  const auto it = Functions().find(std::string(name));
  return it == Functions().end() ? nullptr : it->second.get();
}

std::vector<std::string> FunctionNames() {
  std::vector<std::string> names;
  for (const auto& entry : Functions()) names.push_back(entry.first);
  return names;
}

}  // namespace kur::jinja
