#ifndef KUR_CLIENT_OUTPUT_STRUCTURED_H_
#define KUR_CLIENT_OUTPUT_STRUCTURED_H_

#include <string>

#include "engine/value/value.h"
#include "google/protobuf/message.h"
#include "nlohmann/json.hpp"

namespace kur::client {

// The format in which a command prints data.
enum class OutputFormat { kTable, kWide, kJson, kYaml, kName };

// Returns whether programs read the format.
inline bool IsStructured(OutputFormat format) {
  return format == OutputFormat::kJson || format == OutputFormat::kYaml;
}

using Json = nlohmann::ordered_json;

// Converts a message by the JSON mapping of protobuf, with the field names of the .proto files.
// Includes fields with their default value, so that scripts can rely on them. 64-bit integers
// become strings, as the mapping demands.
Json ToJson(const google::protobuf::Message& message);

// Converts a message as ToJson() does and prints it on one line.
std::string ToJsonLine(const google::protobuf::Message& message);

// Prints `json` as YAML that ends in a newline.
std::string ToYaml(const Json& json);

// Prints `json` in the format, kJson or kYaml. The text ends in a newline.
std::string RenderStructured(OutputFormat format, const Json& json);

// Converts a value of a Kurfile.
Json ValueJson(const Value& value);

// Converts each of `messages` with ToJson().
template <class Messages>
Json ToJsonList(const Messages& messages) {
  Json list = Json::array();
  for (const auto& message : messages) list.push_back(ToJson(message));
  return list;
}

}  // namespace kur::client

#endif  // KUR_CLIENT_OUTPUT_STRUCTURED_H_
