// Holds the filters that Kur adds to Jinja2's.

#include "engine/base/status.h"
#include "engine/template/builtins.h"

namespace kur::jinja {
namespace {

absl::StatusOr<absl::string_view> PathText(const Object& self) {
  if (!self.is_string()) return Fail("needs a path, not ", KindOf(self));
  return absl::string_view(self.as_string());
}

size_t BaseNameStart(absl::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == absl::string_view::npos ? 0 : slash + 1;
}

// Makes "b.c" of "a/b.c".
absl::StatusOr<Object> BaseNameOf(Runtime* runtime, const Object& self, const BoundArguments&) {
  KUR_ASSIGN_OR_RETURN(const absl::string_view path, PathText(self));
  return runtime->Text(std::string(path.substr(BaseNameStart(path))));
}

// Makes "a" of "a//b", "/" of "/b", "" of "b".
absl::StatusOr<Object> DirectoryName(Runtime* runtime, const Object& self, const BoundArguments&) {
  KUR_ASSIGN_OR_RETURN(const absl::string_view path, PathText(self));
  const absl::string_view head = path.substr(0, BaseNameStart(path));
  const size_t last = head.find_last_not_of('/');
  if (last == absl::string_view::npos) return runtime->Text(std::string(head));
  return runtime->Text(std::string(head.substr(0, last + 1)));
}

// Makes ("a/b", ".c") of "a/b.c"; dots at the start of a name begin no extension.
absl::StatusOr<Object> SplitExtension(Runtime* runtime, const Object& self, const BoundArguments&) {
  KUR_ASSIGN_OR_RETURN(const absl::string_view path, PathText(self));
  const size_t start = BaseNameStart(path);
  const absl::string_view name = path.substr(start);
  const size_t first = name.find_first_not_of('.');
  size_t dot = name.rfind('.');
  if (dot == absl::string_view::npos || first == absl::string_view::npos || dot < first) {
    dot = name.size();
  }
  return runtime->Tuple({Object(path.substr(0, start + dot)), Object(path.substr(start + dot))});
}

absl::StatusOr<Object> Combine(Runtime* runtime, const Object& self,
                               const BoundArguments& arguments) {
  auto mapping = std::make_shared<ObjectMapping>();
  KUR_RETURN_IF_ERROR(runtime->SetEntries(mapping.get(), self));
  if (!arguments.get(0).is_none()) {
    KUR_RETURN_IF_ERROR(runtime->SetEntries(mapping.get(), arguments.get(0)));
  }
  return runtime->Dictionary(std::move(mapping));
}

absl::StatusOr<Object> AsDict(Runtime* runtime, const Object& self,
                              const BoundArguments& arguments) {
  auto mapping = std::make_shared<ObjectMapping>();
  KUR_RETURN_IF_ERROR(runtime->SetEntry(mapping.get(), arguments.get(0), self));
  return runtime->Dictionary(std::move(mapping));
}

absl::StatusOr<Object> Ternary(Runtime* runtime, const Object& self,
                               const BoundArguments& arguments) {
  KUR_ASSIGN_OR_RETURN(const bool truth, runtime->Truth(self));
  return arguments.get(truth ? 0 : 1);
}

}  // namespace

void AddKurFilters(BuiltinTable* table) {
  table->insert({{"basename", {Signature(""), &BaseNameOf}},
                 {"dirname", {Signature(""), &DirectoryName}},
                 {"splitext", {Signature(""), &SplitExtension}},
                 {"combine", {Signature("new?"), &Combine}},
                 {"as_dict", {Signature("key"), &AsDict}},
                 {"ternary", {Signature("result_true result_false"), &Ternary}}});
}

}  // namespace kur::jinja
