// The schema for editors, made from the reference.

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/kurfile/reference/reference.h"
#include "nlohmann/json.hpp"

namespace kur {
namespace {

using Json = nlohmann::ordered_json;

Json Null() { return {{"type", "null"}}; }

Json Ref(const std::string& definition) { return {{"$ref", "#/definitions/" + definition}}; }

Json ListOf(Json element) { return {{"type", "array"}, {"items", std::move(element)}}; }

// Adds the alternative that a template gives the value, which is always allowed.
Json OrTemplate(std::vector<Json> alternatives) {
  alternatives.push_back(Ref("template"));
  return {{"anyOf", alternatives}};
}

// Returns whether a number may be a value or an element of it. Then a text that reads as a number
// is allowed, too, because every text is a template.
bool HoldsNumbers(const Value& schema) {
  if (schema.is_string()) return schema == Value("integer") || schema == Value("number");
  if (schema.is_list()) {
    return std::any_of(schema.as_list().begin(), schema.as_list().end(), HoldsNumbers);
  }
  if (!schema.is_dict()) return false;
  return std::any_of(schema.as_dict().begin(), schema.as_dict().end(),
                     [](const Dict::Entry& entry) { return HoldsNumbers(entry.second); });
}

Json ObjectOf(const KeyTable& keys);

Json CategorySchema(const std::string& category) {
  if (category == "optimizer" || category == "schedule") return Ref(category);
  if (category == "layer") return ListOf(Ref("container"));
  if (category == "loss") return ListOf(Ref("loss"));
  if (category == "metric") return {{"anyOf", {ListOf(Ref("metric")), Ref("metric")}}};
  if (category == "augmentation" || category == "hook") return ListOf(Ref(category));
  // Suppliers: one set of data, or several sets by name.
  return {{"anyOf",
           {ListOf(Ref("supplier")),
            {{"type", "object"}, {"additionalProperties", ListOf(Ref("supplier"))}}}}};
}

// Returns the forms of a dictionary with these keys: the dictionary itself, its shorthand, or null.
std::vector<Json> Forms(const KeyTable& keys) {
  std::vector<Json> forms = {ObjectOf(keys)};
  bool all_optional = true;
  for (const FieldInfo& field : keys.fields) {
    all_optional = all_optional && !field.required;
    if (field.name != keys.shorthand) continue;
    forms.push_back(Json::parse(ToJson(field.schema)));
    if (HoldsNumbers(field.schema)) forms.push_back(Ref("number"));
  }
  if (all_optional) forms.push_back(Null());
  return forms;
}

// Returns the forms of a field with keys that are not dictionaries.
std::vector<Json> PlainForms(const FieldInfo& field) {
  std::vector<Json> forms;
  if (field.keys->Has(KeyTable::kAnyName)) forms.push_back(ListOf({{"type", "string"}}));
  const Json schema = Json::parse(ToJson(field.schema));
  if (!field.keys->shorthand.empty() || !schema.contains("anyOf")) return forms;
  for (const Json& form : schema["anyOf"]) {
    if (form != Json({{"type", "object"}})) forms.push_back(form);
  }
  return forms;
}

Json FieldSchema(const FieldInfo& field) {
  Json schema;
  if (!field.category.empty()) {
    schema = OrTemplate({CategorySchema(field.category), Null()});
  } else {
    std::vector<Json> forms = {Json::parse(ToJson(field.schema))};
    if (field.keys != nullptr) {
      forms = Forms(*field.keys);
      for (Json& form : PlainForms(field)) forms.push_back(std::move(form));
    }
    if (field.keys == nullptr && HoldsNumbers(field.schema)) forms.push_back(Ref("number"));
    const bool takes_null = std::find(forms.begin(), forms.end(), Null()) != forms.end();
    if (!field.required && !takes_null) forms.push_back(Null());
    const bool anything = forms[0].empty();
    schema = anything ? Json::object() : OrTemplate(std::move(forms));
  }
  Json described = {{"description", field.doc}};
  described.update(schema);
  return described;
}

Json ObjectOf(const KeyTable& keys) {
  Json properties = Json::object();
  Json required = Json::array();
  for (const FieldInfo& field : keys.fields) {
    if (field.name != KeyTable::kAnyName) properties[field.name] = FieldSchema(field);
    if (field.required) required.push_back(field.name);
  }
  Json others = false;
  for (const FieldInfo& field : keys.fields) {
    if (field.name == KeyTable::kAnyName) others = FieldSchema(field);
  }
  Json object = {{"type", "object"}, {"properties", properties}, {"additionalProperties", others}};
  if (!required.empty()) object["required"] = required;
  return object;
}

Json KindSchema(const KindInfo& kind) {
  Json schema = {{"description", kind.doc}};
  schema.update(OrTemplate(Forms(kind.keys)));
  return schema;
}

// Returns the schema of an entry of a model. No name is wrong here, because the use of a template
// has a name that the Kurfile chooses.
Json ContainerSchema(const Reference& reference) {
  Json properties = Json::object();
  for (const FieldInfo& field : reference.container_keys.fields) {
    properties[field.name] = FieldSchema(field);
  }
  for (const char* category : {"layer", "operator"}) {
    for (const KindInfo& kind : reference.FindCategory(category)->kinds) {
      properties[kind.name] = KindSchema(kind);
    }
  }
  return {{"anyOf", {{{"type", "object"}, {"properties", properties}}, {{"type", "string"}}}}};
}

Json SupplierSchema(const CategoryInfo& category) {
  Json properties = Json::object();
  for (const FieldInfo& field : category.sibling_keys.fields)
    properties[field.name] = FieldSchema(field);
  for (const KindInfo& kind : category.kinds) properties[kind.name] = KindSchema(kind);
  return {{"type", "object"}, {"properties", properties}, {"additionalProperties", false}};
}

// Returns the schema of a name, or of options under the name.
Json MetricSchema(const CategoryInfo& category) {
  Json names = Json::array();
  Json properties = Json::object();
  for (const KindInfo& kind : category.kinds) {
    names.push_back(kind.name);
    properties[kind.name] = KindSchema(kind);
  }
  const Json options = {{"type", "object"},
                        {"properties", properties},
                        {"additionalProperties", false},
                        {"maxProperties", 1}};
  return OrTemplate({{{"enum", names}}, options});
}

// Returns the schema of the name of a kind, or of a dictionary with its keys under the name.
Json EntrySchema(const CategoryInfo& category) {
  Json properties = {
      {"when", {{"description", "leaves the " + category.name + " out if this is false"}}}};
  Json names = Json::array();
  for (const KindInfo& kind : category.kinds) {
    properties[kind.name] = KindSchema(kind);
    names.push_back(kind.name);
  }
  return OrTemplate(
      {{{"enum", names}},
       {{"type", "object"}, {"properties", properties}, {"additionalProperties", false}}});
}

// Returns the schema of a dictionary whose `name` decides which other keys are allowed.
Json NamedKindSchema(const CategoryInfo& category, const std::string& default_name) {
  Json names = Json::array();
  Json rules = Json::array();
  for (const KindInfo& kind : category.kinds) {
    names.push_back(kind.name);
    Json keys = ObjectOf(kind.keys);
    keys["properties"]["name"] = Json::object();
    Json condition = {{"properties", {{"name", {{"const", kind.name}}}}}};
    if (kind.name != default_name) condition["required"] = {"name"};
    rules.push_back({{"if", condition}, {"then", keys}});
  }
  Json schema = {{"type", "object"},
                 {"properties", {{"name", {{"enum", names}, {"description", category.doc}}}}},
                 {"allOf", rules}};
  if (default_name.empty()) schema["required"] = {"name"};
  return schema;
}

// Returns the schema of each section, also under its alias. Settings may have further keys, which
// are the author's own.
Json SectionSchemas(const Reference& reference) {
  Json properties = Json::object();
  for (const FieldInfo& section : reference.sections) {
    const Json schema = FieldSchema(section);
    properties[section.name] = schema;
    if (section.name == "train") properties["training"] = schema;
    if (section.name == "validate") properties["validation"] = schema;
    if (section.name == "test") properties["testing"] = schema;
    if (section.name == "evaluate") properties["evaluation"] = schema;
  }
  for (Json& form : properties["settings"]["anyOf"]) {
    if (!form.contains("properties")) continue;
    form["additionalProperties"] = true;
    for (auto& [name, setting] : form["properties"].items()) {
      for (Json& inner : setting["anyOf"]) {
        if (inner.contains("properties")) inner["additionalProperties"] = true;
      }
    }
  }
  return properties;
}

// Returns the schemas that other parts of the schema refer to by name.
Json Definitions(const Reference& reference) {
  const auto named_kind = [&](const char* category, const char* default_name) {
    return NamedKindSchema(*reference.FindCategory(category), default_name);
  };
  return {
      {"template", {{"type", "string"}, {"pattern", "\\{[{%]"}, {"description", "a template"}}},
      {"number",
       {{"type", "string"},
        {"pattern", "^\\s*[-+]?(\\d+\\.?\\d*|\\.\\d+)([eE][-+]?\\d+)?\\s*$"},
        {"description", "a text that reads as a number"}}},
      {"container", ContainerSchema(reference)},
      {"supplier", SupplierSchema(*reference.FindCategory("supplier"))},
      {"metric", MetricSchema(*reference.FindCategory("metric"))},
      {"augmentation", EntrySchema(*reference.FindCategory("augmentation"))},
      {"hook", EntrySchema(*reference.FindCategory("hook"))},
      {"loss", named_kind("loss", "")},
      {"optimizer", {{"anyOf", {named_kind("optimizer", "adam"), {{"type", "string"}}, Null()}}}},
      {"schedule", {{"anyOf", {named_kind("schedule", ""), {{"type", "string"}}, Null()}}}}};
}

}  // namespace

std::string KurfileJsonSchema() {
  const Reference& reference = KurfileReference();
  const Json schema = {{"$schema", "http://json-schema.org/draft-07/schema#"},
                       {"title", "Kurfile"},
                       {"type", "object"},
                       {"properties", SectionSchemas(reference)},
                       {"additionalProperties", false},
                       {"definitions", Definitions(reference)}};
  return schema.dump(2) + "\n";
}

}  // namespace kur
