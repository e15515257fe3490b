// The reference as text: pieces for a terminal, the whole as Markdown.

#include <algorithm>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "engine/base/suggest.h"
#include "engine/kurfile/reference/reference.h"

namespace kur {
namespace {

using Path = std::vector<std::string>;

// Returns "integer, default 3" or "one of: a, b; required".
std::string TypeText(const FieldInfo& field) {
  std::string text = field.keys != nullptr || !field.category.empty() ? "" : field.type;
  if (field.keys != nullptr) text = "dictionary";
  if (field.keys != nullptr && !field.keys->shorthand.empty()) {
    absl::StrAppend(&text, ", or its ", field.keys->shorthand, " alone");
  }
  if (field.category == "optimizer" || field.category == "schedule") {
    text = field.category;
  } else if (!field.category.empty()) {
    text = absl::StrCat("list of ", field.category, field.category == "loss" ? "es" : "s");
  }
  if (field.required) return text + "; required";
  if (field.default_value.empty() || field.default_value == "null") return text;
  return absl::StrCat(text, "; default ", field.default_value);
}

// Returns a value that shows how the key is written.
std::string ExampleOf(const FieldInfo& field) {
  return field.example.empty() ? field.default_value : field.example;
}

std::string FieldLine(const FieldInfo& field) {
  return absl::StrCat("  ", field.name, "  (", TypeText(field), ")\n      ", field.doc, "\n");
}

std::string KeysText(const KeyTable& keys, const std::string& title = "Keys") {
  if (keys.fields.empty()) return "";
  std::string text = absl::StrCat("\n", title, ":\n");
  for (const FieldInfo& field : keys.fields) text += FieldLine(field);
  if (!keys.shorthand.empty()) {
    absl::StrAppend(&text, "\nA value that is no dictionary is its ", keys.shorthand, ".\n");
  }
  return text;
}

std::string KindText(const CategoryInfo& category, const KindInfo& kind) {
  return absl::StrCat(kind.name, " (", category.name, ")\n  ", kind.doc, "\n\nExample:\n  ",
                      absl::StrReplaceAll(kind.example, {{"\n", "\n  "}}), "\n",
                      KeysText(kind.keys));
}

std::string FieldText(const std::string& path, const FieldInfo& field) {
  std::string text = absl::StrCat(path, "  (", TypeText(field), ")\n  ", field.doc, "\n");
  if (const std::string example = ExampleOf(field); !example.empty()) {
    absl::StrAppend(&text, "\nExample:\n  ", field.name, ": ", example, "\n");
  }
  if (field.keys != nullptr) text += KeysText(*field.keys);
  if (!field.category.empty()) {
    absl::StrAppend(&text, "\nSee `kurctl explain ", field.category, "`.\n");
  }
  return text;
}

std::string CategoryText(const CategoryInfo& category) {
  std::string text = absl::StrCat(category.title, "\n  ", category.doc, "\n\n");
  for (const KindInfo& kind : category.kinds) {
    absl::StrAppend(&text, "  ", kind.name, "\n      ", kind.doc, "\n");
  }
  return text +
         KeysText(category.sibling_keys, absl::StrCat("Keys beside that of the ", category.name));
}

std::string Overview(const Reference& reference) {
  std::string text = "A Kurfile is a dictionary of sections:\n";
  for (const FieldInfo& section : reference.sections) {
    absl::StrAppend(&text, "  ", section.name, section.required ? "  (required)" : "", "\n      ",
                    section.doc, "\n");
  }
  text += "\nSorts of kinds:\n";
  for (const CategoryInfo& category : reference.categories) {
    std::vector<std::string> names;
    for (const KindInfo& kind : category.kinds) names.push_back(kind.name);
    absl::StrAppend(&text, "  ", category.name, "\n      ", absl::StrJoin(names, ", "), "\n");
  }
  text += "\nKeys of any container of a model:\n";
  for (const FieldInfo& field : reference.container_keys.fields) text += FieldLine(field);
  return text;
}

const FieldInfo* FindField(const std::vector<FieldInfo>& fields, const std::string& name) {
  const auto it = std::find_if(fields.begin(), fields.end(),
                               [&](const FieldInfo& field) { return field.name == name; });
  return it == fields.end() ? nullptr : &*it;
}

// Returns the field at the end of a path below `fields`, or null.
const FieldInfo* Descend(const std::vector<FieldInfo>& fields, const Path& path, size_t from) {
  const FieldInfo* field = FindField(fields, path[from]);
  if (field == nullptr || from + 1 == path.size()) return field;
  return field->keys == nullptr ? nullptr : Descend(field->keys->fields, path, from + 1);
}

// Returns the text of the kind or key at a path in a category, or "" if there is none.
std::string TextInKind(const CategoryInfo& category, const Path& path, size_t from) {
  if (const FieldInfo* field = Descend(category.sibling_keys.fields, path, from)) {
    return FieldText(absl::StrJoin(path, "."), *field);
  }
  for (const KindInfo& kind : category.kinds) {
    if (kind.name != path[from]) continue;
    if (from + 1 == path.size()) return KindText(category, kind);
    const FieldInfo* field = Descend(kind.keys.fields, path, from + 1);
    if (field != nullptr) return FieldText(absl::StrJoin(path, "."), *field);
  }
  return "";
}

void AddPaths(const std::string& prefix, const std::vector<FieldInfo>& fields,
              std::set<std::string>* paths) {
  for (const FieldInfo& field : fields) {
    const std::string path = absl::StrCat(prefix, field.name);
    paths->insert(path);
    if (field.keys != nullptr) AddPaths(path + ".", field.keys->fields, paths);
  }
}

std::string Cell(const std::string& text) {
  return absl::StrReplaceAll(text, {{"|", "\\|"}, {"{{", "`{{"}, {"}}", "}}`"}});
}

std::string CodeCell(const std::string& text) {
  return text.empty() ? "" : absl::StrCat("`", absl::StrReplaceAll(text, {{"|", "\\|"}}), "`");
}

void AppendTable(const std::string& prefix, const std::vector<FieldInfo>& fields,
                 std::string* page) {
  for (const FieldInfo& field : fields) {
    absl::StrAppend(page, "| `", prefix, field.name, "` | ", Cell(TypeText(field)), " | ",
                    Cell(field.doc), " | ", CodeCell(ExampleOf(field)), " |\n");
    if (field.keys != nullptr) {
      AppendTable(absl::StrCat(prefix, field.name, "."), field.keys->fields, page);
    }
  }
}

void AppendKeys(const KeyTable& keys, std::string* page) {
  if (keys.fields.empty()) return;
  *page += "\n| key | value | meaning | example |\n| --- | --- | --- | --- |\n";
  AppendTable("", keys.fields, page);
  if (!keys.shorthand.empty()) {
    absl::StrAppend(page, "\nA value that is no dictionary is its `", keys.shorthand, "`.\n");
  }
}

}  // namespace

absl::StatusOr<std::string> Explain(const std::string& path) {
  const Reference& reference = KurfileReference();
  if (path.empty()) return Overview(reference);
  Path parts = absl::StrSplit(path, '.');
  // The other names of sections.
  for (const auto& [other, ours] : {std::pair("training", "train"),
                                    {"validation", "validate"},
                                    {"testing", "test"},
                                    {"evaluation", "evaluate"}}) {
    if (parts[0] == other) parts[0] = ours;
  }
  if (const FieldInfo* field = Descend(reference.sections, parts, 0)) {
    return FieldText(absl::StrJoin(parts, "."), *field);
  }
  for (const CategoryInfo& category : reference.categories) {
    if (parts[0] == category.name) {
      if (parts.size() == 1) return CategoryText(category);
      if (std::string text = TextInKind(category, parts, 1); !text.empty()) return text;
    }
  }
  for (const CategoryInfo& category : reference.categories) {
    if (std::string text = TextInKind(category, parts, 0); !text.empty()) return text;
  }
  if (const FieldInfo* field = Descend(reference.container_keys.fields, parts, 0)) {
    return FieldText(path, *field);
  }
  return absl::NotFoundError(absl::StrCat("a Kurfile has no '", path, "'",
                                          DidYouMean(path, ExplainPaths()),
                                          "; `kurctl explain` shows what it has"));
}

std::vector<std::string> ExplainPaths() {
  const Reference& reference = KurfileReference();
  std::set<std::string> paths;
  AddPaths("", reference.sections, &paths);
  AddPaths("", reference.container_keys.fields, &paths);
  for (const CategoryInfo& category : reference.categories) {
    paths.insert(category.name);
    AddPaths(category.name + ".", category.sibling_keys.fields, &paths);
    for (const KindInfo& kind : category.kinds) {
      for (const std::string& prefix : {std::string(), category.name + "."}) {
        paths.insert(prefix + kind.name);
        AddPaths(absl::StrCat(prefix, kind.name, "."), kind.keys.fields, &paths);
      }
    }
  }
  return {paths.begin(), paths.end()};
}

std::string ReferenceMarkdown() {
  const Reference& reference = KurfileReference();
  std::string page =
      "# Kurfile reference\n\n"
      "Made by `kurctl explain --markdown` from the tables that read Kurfiles; do not edit it by "
      "hand.\n"
      "[README.md](README.md) introduces the language.\n\n## Sections\n";
  for (const FieldInfo& section : reference.sections) {
    absl::StrAppend(&page, "\n### `", section.name, "`\n\n", section.required ? "Required: " : "",
                    Cell(section.doc), ".\n\n```yaml\n", section.name, ": ", section.example,
                    "\n```\n");
    if (section.keys != nullptr) AppendKeys(*section.keys, &page);
  }
  page += "\n## Keys of any container of a model\n";
  AppendKeys(reference.container_keys, &page);
  for (const CategoryInfo& category : reference.categories) {
    absl::StrAppend(&page, "\n## ", category.title, "\n\n", category.doc, "\n");
    if (!category.sibling_keys.fields.empty()) {
      absl::StrAppend(&page, "\n### Keys beside that of the ", category.name, "\n");
      AppendKeys(category.sibling_keys, &page);
    }
    for (const KindInfo& kind : category.kinds) {
      absl::StrAppend(&page, "\n### `", kind.name, "`\n\n", Cell(kind.doc), "\n\n```yaml\n",
                      kind.example, "\n```\n");
      AppendKeys(kind.keys, &page);
    }
  }
  return page;
}

}  // namespace kur
