#include "engine/kurfile/yaml/loader.h"

#include <fnmatch.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "engine/base/file_system.h"
#include "engine/base/status.h"
#include "engine/base/suggest.h"
#include "engine/base/utf8.h"
#include "engine/kurfile/yaml/merge.h"
#include "engine/kurfile/yaml/yaml.h"
#include "engine/value/diagnostics.h"
#include "engine/value/literal_secret.h"

namespace kur {
namespace {

constexpr int64_t kMaxFileBytes = 1 << 20;
constexpr size_t kMaxFiles = 64;

bool HasWildcard(const std::string& text) { return text.find_first_of("*?[") != std::string::npos; }

constexpr size_t kMaxEntries = 20000;

// Appends the files below `base` that match parts[i...] to `found`. Counts the directory entries
// that it looks at in `*entries` and stops beyond kMaxEntries.
void GlobParts(const SourceTree& sources, const std::string& base,
               const std::vector<std::string>& parts, size_t i, int depth, size_t* entries,
               std::vector<std::string>* found) {
  constexpr int kMaxDepth = 64;
  if (depth > kMaxDepth || ++*entries > kMaxEntries) return;
  if (i == parts.size()) {
    if (sources.Exists(base) && !sources.IsFolder(base)) found->push_back(base);
    return;
  }
  if (!HasWildcard(parts[i])) {
    GlobParts(sources, JoinPath(base, parts[i]), parts, i + 1, depth, entries, found);
    return;
  }
  const bool any_folders = parts[i] == "**";
  if (any_folders) GlobParts(sources, base, parts, i + 1, depth, entries, found);
  const auto names = sources.List(base);
  if (!names.ok()) return;
  for (const std::string& name : *names) {
    if (++*entries > kMaxEntries) return;
    const std::string path = JoinPath(base, name);
    if (any_folders) {
      if (name[0] != '.' && sources.IsFolder(path))
        GlobParts(sources, path, parts, i, depth + 1, entries, found);
    } else if (fnmatch(parts[i].c_str(), name.c_str(), FNM_PERIOD) == 0) {
      GlobParts(sources, path, parts, i + 1, depth, entries, found);
    }
  }
}

absl::StatusOr<MergeStrategy> ParseMergeStrategy(const Value& include) {
  const Value* method = include.Find("method");
  if (method == nullptr || method->is_null()) return MergeStrategy::kBlend;
  const std::string name = method->is_string() ? method->as_string() : "";
  if (name == "blend") return MergeStrategy::kBlend;
  if (name == "merge") return MergeStrategy::kMerge;
  if (name == "concat") return MergeStrategy::kConcat;
  return ErrorAt(method->location(), "include.method",
                 absl::StrCat("must be one of: blend, merge, concat; got ", Describe(*method),
                              DidYouMean(name, {"blend", "merge", "concat"})));
}

// One step of the path of an override: a key or an index.
struct Step {
  std::string key;
  int64_t index = -1;
};

// As deep as a Kurfile may be nested.
constexpr size_t kMaxSteps = static_cast<size_t>(YamlLimits().depth);

absl::StatusOr<std::vector<Step>> ParseOverridePath(absl::string_view path) {
  std::vector<Step> steps;
  const auto add = [&steps](Step step) {
    steps.push_back(std::move(step));
    if (steps.size() <= kMaxSteps) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat("a path of more than ", kMaxSteps, " parts"));
  };
  for (absl::string_view part : absl::StrSplit(path, '.')) {
    const size_t bracket = part.find('[');
    const absl::string_view key = part.substr(0, bracket);
    if (key.empty()) return absl::InvalidArgumentError("an empty key");
    KUR_RETURN_IF_ERROR(add({std::string(key)}));
    absl::string_view rest = bracket == absl::string_view::npos ? "" : part.substr(bracket);
    while (!rest.empty()) {
      const size_t close = rest.find(']');
      int64_t index = 0;
      if (rest[0] != '[' || close == absl::string_view::npos ||
          !absl::SimpleAtoi(rest.substr(1, close - 1), &index) || index < 0) {
        return absl::InvalidArgumentError("indices are written as [0]");
      }
      KUR_RETURN_IF_ERROR(add({"", index}));
      rest.remove_prefix(close + 1);
    }
  }
  return steps;
}

// Returns how deep lists and dictionaries are nested; 0 for any other value.
int DepthOf(const Value& value) {
  int deepest = 0;
  if (value.is_list()) {
    for (const Value& element : value.as_list()) deepest = std::max(deepest, DepthOf(element));
  } else if (value.is_dict()) {
    for (const auto& [key, element] : value.as_dict()) {
      deepest = std::max(deepest, DepthOf(element));
    }
  } else {
    return 0;
  }
  return deepest + 1;
}

absl::StatusOr<Value> SetAt(const Value& value, const std::vector<Step>& steps, size_t i,
                            const Value& replacement) {
  if (i == steps.size()) return replacement;
  const Step& step = steps[i];
  if (step.index < 0) {
    if (!value.is_dict() && !value.is_null()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "'", step.key, "' is looked for in a value that is no dictionary: ", Describe(value)));
    }
    Dict dict = value.is_dict() ? value.as_dict() : Dict();
    const Value* old = dict.Find(step.key);
    KUR_ASSIGN_OR_RETURN(Value changed,
                         SetAt(old == nullptr ? Value() : *old, steps, i + 1, replacement));
    dict.Set(Value(step.key).At(replacement.location()), std::move(changed));
    return Value(std::move(dict)).At(value.location());
  }
  if (!value.is_list() || step.index >= static_cast<int64_t>(value.as_list().size())) {
    return absl::InvalidArgumentError(
        absl::StrCat("there is no element [", step.index, "]",
                     value.is_list() ? absl::StrCat(": the list has ", value.as_list().size())
                                     : absl::StrCat(" in a ", TypeName(value.type()))));
  }
  Value::List list = value.as_list();
  KUR_ASSIGN_OR_RETURN(list[static_cast<size_t>(step.index)],
                       SetAt(list[static_cast<size_t>(step.index)], steps, i + 1, replacement));
  return Value(std::move(list)).At(value.location());
}

}  // namespace

absl::StatusOr<std::vector<std::string>> Glob(const SourceTree& sources,
                                              const std::string& pattern) {
  std::vector<std::string> parts = absl::StrSplit(pattern, '/', absl::SkipEmpty());
  std::vector<std::string> found;
  size_t entries = 0;
  GlobParts(sources, absl::StartsWith(pattern, "/") ? "/" : "", parts, 0, 0, &entries, &found);
  if (entries > kMaxEntries) {
    return absl::InvalidArgumentError(absl::StrCat(pattern, " means looking at more than ",
                                                   kMaxEntries, " files; name a smaller folder"));
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

absl::StatusOr<Value> Loader::Load(const std::string& path) { return LoadFile(path, {}); }

absl::StatusOr<Value> Loader::LoadFile(const std::string& path, const Location& included_at) {
  const auto failed = [&](const absl::Status& status) {
    if (!included_at.known()) return status;
    return ErrorAt(included_at, "include", std::string(status.message()));
  };
  const auto identity = sources_.Identify(path);
  if (!identity.ok()) return failed(identity.status());
  if (std::count(open_.begin(), open_.end(), *identity) > 0) {
    return failed(absl::InvalidArgumentError(absl::StrCat(path, " includes itself")));
  }
  if (std::count(identities_.begin(), identities_.end(), *identity) > 0) return Value();
  if (files_.size() >= kMaxFiles) {
    return failed(absl::InvalidArgumentError(absl::StrCat("more than ", kMaxFiles, " files")));
  }
  const auto text = sources_.Read(path, kMaxFileBytes);
  if (!text.ok()) return failed(text.status());
  files_.push_back(path);
  identities_.push_back(*identity);
  open_.push_back(*identity);

  std::string shown = path;
  if (!display_root_.empty()) {
    const std::string root = display_root_ + "/";
    if (absl::StartsWith(shown, root)) shown = shown.substr(root.size());
  }
  const auto name = std::make_shared<const std::string>(shown);
  KUR_ASSIGN_OR_RETURN(Value data, ParseYaml(*text, name));
  if (!data.is_dict()) {
    return ErrorAt(
        {name, 1, 1}, "",
        absl::StrCat("a Kurfile is a dictionary of sections, this is a ", TypeName(data.type())));
  }
  const Value* include = data.Find("include");
  if (include != nullptr) {
    const Value wanted = *include;
    Dict rest = data.as_dict();
    rest.Erase("include");
    KUR_ASSIGN_OR_RETURN(data,
                         LoadIncludes(path, wanted, Value(std::move(rest)).At(data.location())));
  }
  open_.pop_back();
  return data;
}

absl::StatusOr<Value> Loader::LoadIncludes(const std::string& path, const Value& include,
                                           Value data) {
  if (include.is_null()) return data;
  const Value::List entries = include.is_list() ? include.as_list() : Value::List{include};
  for (const Value& entry : entries) {
    const Value* source = entry.is_dict() ? entry.Find("source") : &entry;
    if (source == nullptr) {
      return ErrorAt(entry.location(), "include", "missing key 'source': the file to include");
    }
    if (entry.is_dict()) {
      for (const auto& [key, value] : entry.as_dict()) {
        if (key == Value("source") || key == Value("method")) continue;
        return ErrorAt(key.location(), "include",
                       absl::StrCat("unknown key ", Describe(key), "; known keys: source, method"));
      }
    }
    KUR_ASSIGN_OR_RETURN(const MergeStrategy strategy, ParseMergeStrategy(entry));
    KUR_ASSIGN_OR_RETURN(const auto files, FindIncluded(path, *source));
    for (const std::string& file : files) {
      KUR_ASSIGN_OR_RETURN(const Value included, LoadFile(file, source->location()));
      if (included.is_dict()) data = MergeValues(included, data, strategy);
    }
  }
  return data;
}

absl::StatusOr<std::vector<std::string>> Loader::FindIncluded(const std::string& includer,
                                                              const Value& source) const {
  const Value::List names = source.is_list() ? source.as_list() : Value::List{source};
  std::vector<std::string> files;
  for (const Value& name : names) {
    if (!name.is_string() || name.as_string().empty()) {
      return ErrorAt(name.location(), "include",
                     absl::StrCat("expected the name of a file, got ", Describe(name)));
    }
    const std::string path = JoinPath(DirectoryOf(includer), name.as_string());
    // Before looking for what it names: the answer must not depend on what is there.
    if (!sources_.MayInclude(path)) {
      return ErrorAt(name.location(), "include",
                     absl::StrCat(name.as_string(), " leads outside of the Kurfile's folder"));
    }
    std::vector<std::string> matches = {path};
    if (HasWildcard(path)) {
      auto globbed = Glob(sources_, path);
      if (!globbed.ok()) {
        return ErrorAt(name.location(), "include", std::string(globbed.status().message()));
      }
      matches = *std::move(globbed);
    }
    for (const std::string& match : matches) {
      // Show and open files without a leading "./".
      files.push_back(absl::StartsWith(match, "./") ? match.substr(2) : match);
    }
  }
  return files;
}

absl::StatusOr<Value> ApplyOverride(const Value& value, const std::string& override_text) {
  // Stands in every message about the value, so it is short, and shows no secret.
  constexpr int64_t kMostShown = 100;
  const std::string masked = MaskLiteralSecrets(override_text);
  const absl::string_view shown = CharacterPrefix(masked, kMostShown);
  const auto place = std::make_shared<const std::string>(
      absl::StrCat("--set ", ToUtf8(shown), shown.size() < masked.size() ? "…" : ""));
  const auto refuse = [&place](absl::string_view why) {
    return ErrorAt({place, 0, 0}, "", std::string(why));
  };
  if (!IsUtf8(override_text)) return refuse("an override is a text in UTF-8");
  const size_t equals = override_text.find('=');
  if (equals == std::string::npos || equals == 0) {
    return refuse("an override is written PATH=VALUE: train.stop_when.epochs=3");
  }
  KUR_ASSIGN_OR_RETURN(Value replacement, ParseYaml(override_text.substr(equals + 1), place));
  replacement = replacement.At({place, 0, 0});
  const auto steps = ParseOverridePath(override_text.substr(0, equals));
  if (!steps.ok()) return refuse(steps.status().message());
  if (steps->size() + static_cast<size_t>(DepthOf(replacement)) > kMaxSteps) {
    return refuse(absl::StrCat("makes the Kurfile nested deeper than ", kMaxSteps, " levels"));
  }
  auto changed = SetAt(value, *steps, 0, replacement);
  if (!changed.ok()) return refuse(changed.status().message());
  return changed;
}

}  // namespace kur
