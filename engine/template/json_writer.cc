#include "engine/template/json_writer.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "engine/base/status.h"
#include "engine/template/text.h"

namespace kur::jinja {
namespace {

using Entries = std::vector<std::pair<Object, Object>>;

// The entries in the order of their keys, which must all be of one kind.
absl::StatusOr<Entries> SortedEntries(Runtime* runtime, const Mapping& mapping) {
  KUR_RETURN_IF_ERROR(runtime->budget().MakeItems(mapping.size()));
  Entries entries;
  for (int64_t i = 0; i < mapping.size(); ++i) {
    entries.emplace_back(mapping.key(i), mapping.value(i));
  }
  absl::Status status;
  std::stable_sort(entries.begin(), entries.end(), [&](const auto& a, const auto& b) {
    if (!status.ok()) return false;
    const auto order = Compare(runtime, a.first, b.first);
    if (!order.ok()) status = order.status();
    return order.ok() && *order < 0;
  });
  if (!status.ok()) return status;
  return entries;
}

void AppendJsonText(absl::string_view text, std::string* json) {
  json->push_back('"');
  for (const absl::string_view character : Characters(text)) {
    const char32_t c = CodePoint(character);
    static constexpr absl::string_view kSpecial = "\"\\\b\f\n\r\t";
    static constexpr absl::string_view kLetters = "\"\\bfnrt";
    const size_t special = c < 0x80 ? kSpecial.find(static_cast<char>(c)) : kSpecial.npos;
    if (special != absl::string_view::npos) {
      absl::StrAppend(json, "\\", kLetters.substr(special, 1));
    } else if (c >= 0x20 && c < 0x7F) {
      json->push_back(static_cast<char>(c));
    } else if (c == 0x7F) {
      json->push_back('\x7f');
    } else if (c < 0x10000) {
      absl::StrAppendFormat(json, "\\u%04x", static_cast<unsigned>(c));
    } else {
      const unsigned rest = static_cast<unsigned>(c) - 0x10000;
      absl::StrAppendFormat(json, "\\u%04x\\u%04x", 0xD800 + (rest >> 10), 0xDC00 + (rest & 0x3FF));
    }
  }
  json->push_back('"');
}

class JsonWriter {
 public:
  JsonWriter(Runtime* runtime, int64_t indent) : runtime_(*runtime), indent_(indent) {}

  absl::Status Write(const Object& object, int64_t depth) {
    const Budget::Level level(&runtime_.budget());
    KUR_RETURN_IF_ERROR(level.status());
    KUR_RETURN_IF_ERROR(runtime_.RequireDefined(object));
    if (object.is_mapping()) return WriteMapping(object.as_mapping(), depth);
    if (object.is_sequence() &&
        (object.as_sequence().is_tuple() || object.as_sequence().kind() == Sequence::Kind::kList)) {
      return WriteSequence(object.as_sequence(), depth);
    }
    if (object.is_sequence() || object.is_native()) {
      return Fail(KindOf(object), " cannot be written as JSON");
    }
    WriteScalar(object);
    return Check();
  }

  std::string Take() { return std::move(json_); }

 private:
  absl::Status Check() {
    const auto size = static_cast<int64_t>(json_.size());
    if (size > runtime_.budget().limits().output_bytes) return runtime_.budget().MakeText(size);
    return runtime_.budget().Spend(1);
  }

  void WriteScalar(const Object& object) {
    if (object.is_string()) {
      AppendJsonText(object.as_string(), &json_);
    } else if (object.is_none()) {
      json_ += "null";
    } else if (object.is_bool()) {
      json_ += object.as_bool() ? "true" : "false";
    } else if (object.is_int()) {
      absl::StrAppend(&json_, object.as_int());
    } else if (std::isfinite(object.as_float())) {
      json_ += FormatFloat(object.as_float());
    } else {
      json_ += std::isnan(object.as_float()) ? "NaN"
               : object.as_float() > 0       ? "Infinity"
                                             : "-Infinity";
    }
  }

  // Before an element, or with `last` before the closing bracket.
  absl::Status Separate(bool first, bool last, int64_t depth) {
    if (!first && !last) json_ += indent_ < 0 ? ", " : ",";
    if (indent_ >= 0) {
      const int64_t columns = indent_ * (depth + (last ? 0 : 1));
      KUR_RETURN_IF_ERROR(runtime_.budget().MakeText(columns));
      absl::StrAppend(&json_, "\n", std::string(static_cast<size_t>(columns), ' '));
    }
    return Check();
  }

  absl::Status WriteSequence(const Sequence& sequence, int64_t depth) {
    json_ += '[';
    for (int64_t i = 0; i < sequence.size(); ++i) {
      KUR_RETURN_IF_ERROR(Separate(i == 0, false, depth));
      KUR_RETURN_IF_ERROR(Write(sequence.at(i), depth + 1));
    }
    if (sequence.size() > 0) KUR_RETURN_IF_ERROR(Separate(false, true, depth));
    json_ += ']';
    return Check();
  }

  absl::Status WriteMapping(const Mapping& mapping, int64_t depth) {
    KUR_ASSIGN_OR_RETURN(const Entries entries, SortedEntries(&runtime_, mapping));
    json_ += '{';
    for (size_t i = 0; i < entries.size(); ++i) {
      KUR_RETURN_IF_ERROR(Separate(i == 0, false, depth));
      const Object& key = entries[i].first;
      if (key.is_sequence() || key.is_native()) {
        return Fail(KindOf(key), " cannot be a key in JSON");
      }
      if (!key.is_string()) json_ += '"';
      WriteScalar(key);
      if (!key.is_string()) json_ += '"';
      json_ += ": ";
      KUR_RETURN_IF_ERROR(Write(entries[i].second, depth + 1));
    }
    if (!entries.empty()) KUR_RETURN_IF_ERROR(Separate(false, true, depth));
    json_ += '}';
    return Check();
  }

  Runtime& runtime_;
  const int64_t indent_;
  std::string json_;
};

// Writes what fits on the rest of a line in one piece, and else an element a line.
class PrettyWriter {
 public:
  explicit PrettyWriter(Runtime* runtime) : runtime_(*runtime) {}

  // `column` is where the text starts, `reserved` what must follow it on its last line.
  absl::Status Write(const Object& object, int64_t column, int64_t reserved) {
    const Budget::Level level(&runtime_.budget());
    KUR_RETURN_IF_ERROR(level.status());
    KUR_ASSIGN_OR_RETURN(const std::string line, OneLine(object));
    const bool fits = CharacterCount(line) <= kWidth - column - reserved;
    if (!fits && object.is_mapping() && object.as_mapping().size() > 0) {
      return WriteMapping(object.as_mapping(), column, reserved);
    }
    const bool list =
        object.is_sequence() &&
        (object.as_sequence().is_tuple() || object.as_sequence().kind() == Sequence::Kind::kList);
    if (!fits && list && object.as_sequence().size() > 0) {
      return WriteSequence(object.as_sequence(), column, reserved);
    }
    text_ += line;
    return runtime_.budget().MakeText(static_cast<int64_t>(text_.size()));
  }

  std::string Take() { return std::move(text_); }

 private:
  static constexpr int64_t kWidth = 80;

  // repr() with the keys of dictionaries sorted where they can be.
  absl::StatusOr<std::string> OneLine(const Object& object) {
    KUR_ASSIGN_OR_RETURN(const Object sorted, SortKeys(object));
    return Repr(&runtime_, sorted);
  }

  absl::StatusOr<Object> SortKeys(const Object& object) {
    const Budget::Level level(&runtime_.budget());
    KUR_RETURN_IF_ERROR(level.status());
    if (object.is_mapping()) {
      KUR_ASSIGN_OR_RETURN(const Entries entries, Sorted(object.as_mapping()));
      auto mapping = std::make_shared<ObjectMapping>();
      for (const auto& [key, value] : entries) {
        KUR_ASSIGN_OR_RETURN(Object inner, SortKeys(value));
        KUR_RETURN_IF_ERROR(runtime_.SetEntry(mapping.get(), key, std::move(inner)));
      }
      return runtime_.Dictionary(std::move(mapping));
    }
    if (!object.is_sequence() || object.as_sequence().kind() == Sequence::Kind::kRange) {
      return object;
    }
    std::vector<Object> items;
    for (int64_t i = 0; i < object.as_sequence().size(); ++i) {
      KUR_ASSIGN_OR_RETURN(Object item, SortKeys(object.as_sequence().at(i)));
      items.push_back(std::move(item));
    }
    return runtime_.List(std::move(items), object.as_sequence().kind());
  }

  absl::StatusOr<Entries> Sorted(const Mapping& mapping) {
    auto sorted = SortedEntries(&runtime_, mapping);
    if (sorted.ok() || absl::IsResourceExhausted(sorted.status())) return sorted;
    Entries entries;
    for (int64_t i = 0; i < mapping.size(); ++i) {
      entries.emplace_back(mapping.key(i), mapping.value(i));
    }
    return entries;
  }

  absl::Status NextLine(int64_t column) {
    absl::StrAppend(&text_, ",\n", std::string(static_cast<size_t>(column), ' '));
    return runtime_.budget().MakeText(static_cast<int64_t>(text_.size()));
  }

  absl::Status WriteSequence(const Sequence& sequence, int64_t column, int64_t reserved) {
    const bool tuple = sequence.is_tuple();
    const std::string close = !tuple ? "]" : sequence.size() == 1 ? ",)" : ")";
    text_ += tuple ? '(' : '[';
    for (int64_t i = 0; i < sequence.size(); ++i) {
      if (i > 0) KUR_RETURN_IF_ERROR(NextLine(column + 1));
      const bool last = i + 1 == sequence.size();
      KUR_RETURN_IF_ERROR(Write(sequence.at(i), column + 1,
                                last ? reserved + static_cast<int64_t>(close.size()) : 1));
    }
    text_ += close;
    return absl::OkStatus();
  }

  absl::Status WriteMapping(const Mapping& mapping, int64_t column, int64_t reserved) {
    KUR_ASSIGN_OR_RETURN(const Entries entries, Sorted(mapping));
    text_ += '{';
    for (size_t i = 0; i < entries.size(); ++i) {
      if (i > 0) KUR_RETURN_IF_ERROR(NextLine(column + 1));
      KUR_ASSIGN_OR_RETURN(const std::string key, Repr(&runtime_, entries[i].first));
      absl::StrAppend(&text_, key, ": ");
      const bool last = i + 1 == entries.size();
      KUR_RETURN_IF_ERROR(
          Write(entries[i].second, column + CharacterCount(key) + 3, last ? reserved + 1 : 1));
    }
    text_ += '}';
    return absl::OkStatus();
  }

  Runtime& runtime_;
  std::string text_;
};

}  // namespace

absl::StatusOr<std::string> WriteJson(Runtime* runtime, const Object& object, int64_t indent) {
  JsonWriter writer(runtime, indent);
  KUR_RETURN_IF_ERROR(writer.Write(object, 0));
  return writer.Take();
}

absl::StatusOr<std::string> PrettyText(Runtime* runtime, const Object& object) {
  PrettyWriter writer(runtime);
  KUR_RETURN_IF_ERROR(writer.Write(object, 0, 0));
  return writer.Take();
}

}  // namespace kur::jinja
