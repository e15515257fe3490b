#ifndef KUR_CLIENT_OUTPUT_STRUCTURED_H_
#define KUR_CLIENT_OUTPUT_STRUCTURED_H_

#include <string>

#include "engine/value/value.h"
#include "google/protobuf/message.h"
#include "nlohmann/json.hpp"

namespace kur::client {

// How a command prints data.
enum class OutputFormat { kTable, kWide, kJson, kYaml, kName };

// True for the formats that programs read.
inline bool IsStructured(OutputFormat format) {
  return format == OutputFormat::kJson || format == OutputFormat::kYaml;
}

using Json = nlohmann::ordered_json;

// A message by protobuf's JSON mapping, with the field names of the .proto files and with every
// field, also those that hold their default: scripts can rely on them. 64-bit integers are strings
// there, as the mapping has it.
Json ToJson(const google::protobuf::Message& message);

// The same on one line.
std::string ToJsonLine(const google::protobuf::Message& message);

// YAML for the same data, ending in a line end.
std::string ToYaml(const Json& json);

// `json` in kJson or kYaml, ending in a line end.
std::string RenderStructured(OutputFormat format, const Json& json);

// A value of a Kurfile.
Json ValueJson(const Value& value);

// A list of messages.
template <class Messages>
Json ToJsonList(const Messages& messages) {
  Json list = Json::array();
  for (const auto& message : messages) list.push_back(ToJson(message));
  return list;
}

}  // namespace kur::client

#endif  // KUR_CLIENT_OUTPUT_STRUCTURED_H_
