// What load_json() and load_yaml() of a Kurfile's templates read.

#include "engine/kurfile/yaml/template_files.h"

#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"
#include "engine/kurfile/kurfile.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/temporary_directory.h"

namespace kur {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(TemplateFilesTest, TemplatesReadFilesOfTheKurfilesFolder) {
  const TemporaryDirectory dir;
  dir.Write("sizes.json", "{\"hidden\": [8, 4]}");
  dir.Write("sub/more.yml", "depth: 2");
  dir.Write("k.yml", R"(
settings:
  hidden: "{{ load_json('sizes.json').hidden[0] }}"
  depth: "{{ load_yaml('sub/more.yml').depth + gpu_count() }}"
model: [{input: {shape: [3]}, name: x}, {dense: "{{ hidden * depth }}"}]
)");
  KurfileOptions options;
  options.gpu_count = 3;
  const auto kurfile = Kurfile::Load(dir.path() + "/k.yml", options);
  ASSERT_TRUE(kurfile.ok()) << kurfile.status();
  EXPECT_EQ(kurfile->plan().layers[1].shape, Shape{8 * 5});
  // The files are part of the Kurfile and are submitted with it.
  EXPECT_THAT(kurfile->files(), ElementsAre(dir.path() + "/k.yml", dir.path() + "/sizes.json",
                                            dir.path() + "/sub/more.yml"));
  for (const char* path : {"../k.yml", "/etc/passwd", "~/x.yml", "none.yml"}) {
    dir.Write("k.yml", absl::StrCat("settings: {a: \"{{ load_yaml('", path, "') }}\"}\nmodel: []"));
    EXPECT_FALSE(Kurfile::Load(dir.path() + "/k.yml").ok()) << path;
  }
}

TEST(TemplateFilesTest, AFileThatTemplatesMissIsMissedHoweverTheKurfileIsNamed) {
  const TemporaryDirectory dir;
  dir.Write("k.yml", "settings: {a: \"{{ load_yaml('none.yml') }}\"}\nmodel: []");
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(dir.path());
  for (const std::string& name : {std::string("k.yml"), dir.path() + "/k.yml"}) {
    EXPECT_THAT(Kurfile::Load(name).status().message(), HasSubstr("No such file")) << name;
  }
  std::filesystem::current_path(before);
}

}  // namespace
}  // namespace kur
