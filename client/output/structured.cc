#include "client/output/structured.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/util/json_util.h"

namespace kur::client {
namespace {

std::string JsonText(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

// Returns whether YAML reads the unquoted text as the same string.
bool IsPlainYaml(const std::string& text) {
  if (text.empty() || !absl::ascii_isalpha(text[0])) return false;
  for (const char c : text) {
    if (!absl::ascii_isalnum(c) && c != '_' && c != '-' && c != '.' && c != '/') return false;
  }
  const std::string lower = absl::AsciiStrToLower(text);
  for (const char* word : {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}) {
    if (lower == word) return false;
  }
  return true;
}

std::string YamlScalar(const Json& json) {
  // A JSON string is a double-quoted YAML string.
  if (json.is_string() && IsPlainYaml(json.get<std::string>())) return json.get<std::string>();
  return JsonText(json, -1);
}

bool IsScalar(const Json& json) { return !json.is_structured() || json.empty(); }

void AppendYaml(const Json& json, int indent, std::string* out) {
  const std::string margin(indent, ' ');
  bool first = true;
  for (const auto& item : json.items()) {
    // The first line of a structure in a list stands on the line of the dash.
    if (!std::exchange(first, false) || indent == 0) *out += margin;
    if (json.is_array()) {
      *out += "- ";
      if (IsScalar(item.value())) {
        absl::StrAppend(out, YamlScalar(item.value()), "\n");
      } else {
        AppendYaml(item.value(), indent + 2, out);
      }
      continue;
    }
    absl::StrAppend(out, YamlScalar(Json(item.key())), ":");
    if (IsScalar(item.value())) {
      absl::StrAppend(out, " ", YamlScalar(item.value()), "\n");
    } else {
      absl::StrAppend(out, "\n", margin, "  ");
      AppendYaml(item.value(), indent + 2, out);
    }
  }
}

}  // namespace

std::string ToJsonLine(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string text;
  const auto status = google::protobuf::util::MessageToJsonString(message, &text, options);
  // Fails only for an Any of an unknown type and for a time outside of the years 1 to 9999.
  if (!status.ok()) return Json({{"error", status.ToString()}}).dump();
  return text;
}

Json ToJson(const google::protobuf::Message& message) { return Json::parse(ToJsonLine(message)); }

Json ValueJson(const Value& value) { return Json::parse(kur::ToJson(value)); }

std::string ToYaml(const Json& json) {
  if (IsScalar(json)) return YamlScalar(json) + "\n";
  std::string out;
  AppendYaml(json, 0, &out);
  return out;
}

std::string RenderStructured(OutputFormat format, const Json& json) {
  return format == OutputFormat::kYaml ? ToYaml(json) : JsonText(json, 2) + "\n";
}

}  // namespace kur::client
