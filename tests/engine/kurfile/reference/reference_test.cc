// The reference is complete, and the kinds parse their own examples.

#include "engine/kurfile/reference/reference.h"

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "engine/base/file_system.h"
#include "engine/kurfile/specs/augmentation_spec.h"
#include "engine/kurfile/specs/hook_spec.h"
#include "engine/kurfile/specs/layer_spec.h"
#include "engine/kurfile/specs/loss_spec.h"
#include "engine/kurfile/specs/metric_spec.h"
#include "engine/kurfile/specs/optimizer_spec.h"
#include "engine/kurfile/specs/schedule_spec.h"
#include "engine/kurfile/specs/supplier_spec.h"
#include "engine/kurfile/yaml/yaml.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace kur {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

Value Yaml(const std::string& text) {
  const auto value = ParseYaml(text, std::make_shared<const std::string>("example"));
  EXPECT_TRUE(value.ok()) << text << "\n" << value.status();
  return value.value_or(Value());
}

template <class Kind>
void ExpectParses(const KindInfo& info, const Value& arguments) {
  Diagnostics diagnostics;
  Registry<Kind>::Get().Find(info.name)->parse(arguments, info.name, &diagnostics);
  EXPECT_TRUE(diagnostics.ToStatus().ok()) << diagnostics.ToStatus();
}

void ExpectExampleParses(const std::string& category, const KindInfo& kind) {
  const Value example = Yaml(kind.example);
  ASSERT_TRUE(example.is_dict());
  if (category == "operator") {
    EXPECT_TRUE(example.as_dict().Contains(kind.name));
    return;
  }
  if (category == "layer" || category == "supplier" || category == "metric" || category == "hook" ||
      category == "augmentation") {
    const Value* arguments = example.Find(kind.name);
    ASSERT_NE(arguments, nullptr);
    if (category == "layer") ExpectParses<LayerKind>(kind, *arguments);
    if (category == "metric") ExpectParses<MetricKind>(kind, *arguments);
    if (category == "supplier") ExpectParses<SupplierKind>(kind, *arguments);
    if (category == "augmentation") ExpectParses<AugmentationKind>(kind, *arguments);
    if (category == "hook") ExpectParses<HookKind>(kind, *arguments);
    return;
  }
  Dict rest = example.as_dict();
  ASSERT_EQ(*rest.Find("name"), Value(kind.name));
  rest.Erase("name");
  if (category == "loss") ExpectParses<LossKind>(kind, Value(rest));
  if (category == "optimizer") ExpectParses<OptimizerKind>(kind, Value(rest));
  if (category == "schedule") ExpectParses<ScheduleKind>(kind, Value(rest));
}

void ExpectDocumented(const std::string& path, const std::vector<FieldInfo>& fields) {
  for (const FieldInfo& field : fields) {
    SCOPED_TRACE(absl::StrCat(path, ".", field.name));
    EXPECT_FALSE(field.doc.empty());
    EXPECT_NE(field.doc.back(), '.');
    EXPECT_FALSE(field.example.empty() && field.default_value.empty()) << "lacks an example";
    if (!field.example.empty()) Yaml(absl::StrCat(field.name, ": ", field.example));
    if (field.keys != nullptr) ExpectDocumented(path + "." + field.name, field.keys->fields);
  }
}

TEST(ReferenceTest, EveryKindHasAnExampleThatItReads) {
  for (const CategoryInfo& category : KurfileReference().categories) {
    EXPECT_FALSE(category.kinds.empty()) << category.name;
    ExpectDocumented(category.name, category.sibling_keys.fields);
    for (const KindInfo& kind : category.kinds) {
      SCOPED_TRACE(absl::StrCat(category.name, ".", kind.name));
      EXPECT_FALSE(kind.doc.empty());
      ExpectExampleParses(category.name, kind);
      ExpectDocumented(kind.name, kind.keys.fields);
    }
  }
  ExpectDocumented("", KurfileReference().sections);
  ExpectDocumented("", KurfileReference().container_keys.fields);
}

TEST(ReferenceTest, ExplainsEveryPathThatItOffers) {
  for (const std::string& path : ExplainPaths()) {
    const auto text = Explain(path);
    EXPECT_TRUE(text.ok()) << path << ": " << text.status();
  }
  EXPECT_THAT(ExplainPaths(), Contains("layer.convolution.border"));
  EXPECT_THAT(ExplainPaths(), Contains("train.checkpoint.minutes"));
  EXPECT_THAT(*Explain("supplier"), HasSubstr("Keys beside that of the supplier:"));
  EXPECT_THAT(*Explain("supplier.columns.NAME.one_hot"), HasSubstr("how many classes there are"));
  EXPECT_THAT(*Explain("layer.convolution.border"), HasSubstr("one of: same, valid; default same"));
  EXPECT_THAT(*Explain("dense"), HasSubstr("A value that is no dictionary is its size."));
  EXPECT_THAT(*Explain(""), HasSubstr("Sorts of kinds:"));
}

TEST(ReferenceTest, SuggestsTheNearestPath) {
  EXPECT_THAT(std::string(Explain("convolutoin").status().message()),
              HasSubstr("did you mean 'convolution'?"));
  EXPECT_FALSE(Explain("layer.dense.size.more").ok());
}

TEST(ReferenceTest, TheWrittenReferenceIsThatOfTheProgram) {
  const auto page =
      FileSystem::Posix().Read(std::string(KUR_SOURCE_DIR) + "/engine/kurfile/REFERENCE.md");
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_TRUE(*page == ReferenceMarkdown())
      << "write it anew: kurctl explain --markdown > engine/kurfile/REFERENCE.md";
}

TEST(ReferenceTest, TheSchemaKnowsEveryKind) {
  const auto schema = nlohmann::json::parse(KurfileJsonSchema());
  const auto& containers = schema["definitions"]["container"]["anyOf"][0]["properties"];
  for (const char* name : {"convolution", "for", "parallel", "name", "freeze"}) {
    EXPECT_TRUE(containers.contains(name)) << name;
  }
  const auto& entry = schema["definitions"]["supplier"]["properties"];
  for (const char* name : {"csv", "name", "when", "columns", "split"}) {
    EXPECT_TRUE(entry.contains(name)) << name;
  }
  // The author names the columns: any name is valid, but its value may not be.
  const auto& columns = entry["columns"]["anyOf"][0];
  EXPECT_FALSE(columns.contains("properties") && columns["properties"].contains("NAME"));
  EXPECT_TRUE(columns["additionalProperties"]["anyOf"][0]["properties"].contains("one_hot"));
  const auto& column = columns["additionalProperties"]["anyOf"][0]["properties"];
  EXPECT_THAT(column["normalize"]["anyOf"], Contains(nlohmann::json({{"type", "string"}})));
  EXPECT_TRUE(schema["properties"].contains("training"));
  EXPECT_EQ(schema["additionalProperties"], false);
}

}  // namespace
}  // namespace kur
