#ifndef KUR_TESTS_ENGINE_DATA_DATA_TEST_UTIL_H_
#define KUR_TESTS_ENGINE_DATA_DATA_TEST_UTIL_H_

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "engine/base/file_system.h"
#include "engine/data/array.h"
#include "engine/data/source.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace kur {

// A file that tests/reference/data_fixtures.py wrote.
inline std::string FixturePath(const std::string& name) {
  return std::string(KUR_TEST_DATA_DIR) + "/engine/data/fixtures/" + name;
}

inline std::string ReadFile(const std::string& path) {
  auto content = FileSystem::Posix().Read(path);
  EXPECT_TRUE(content.ok()) << content.status();
  return content.ok() ? *content : "";
}

inline std::string ReadFixture(const std::string& name) { return ReadFile(FixturePath(name)); }

// A directory of the test's own, removed with the object.
class TempDir {
 public:
  TempDir() {
    std::string pattern = testing::TempDir() + "/kur-data-XXXXXX";
    path_ = mkdtemp(pattern.data());
  }
  ~TempDir() { std::filesystem::remove_all(path_); }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::string& path() const { return path_; }
  std::string File(const std::string& name) const { return path_ + "/" + name; }

  // Writes a file and returns its path.
  std::string Write(const std::string& name, const std::string& content) const {
    const std::string path = File(name);
    std::filesystem::create_directories(DirectoryOf(path));
    std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
    EXPECT_EQ(*FileSize(path), static_cast<int64_t>(content.size()));
    return path;
  }

 private:
  std::string path_;
};

inline std::vector<double> Values(const Array& array) {
  std::vector<double> values;
  for (int64_t i = 0; i < array.count(); ++i) values.push_back(array.At(i));
  return values;
}

// What a batch of these samples holds.
inline std::vector<float> Gathered(const Source& source, const std::vector<int64_t>& indices) {
  const auto count = static_cast<int64_t>(indices.size());
  const int64_t extent = source.Extent(indices.data(), count);
  const Shape row(source.shape().begin() + 1, source.shape().end());
  // Values that would show where nothing was written.
  std::vector<float> values(static_cast<size_t>(count * extent * NumElements(row)), -77);
  EXPECT_TRUE(source.Gather(indices.data(), count, extent, values.data()).ok());
  return values;
}

MATCHER_P2(FailsWith, code, text, "") {
  const absl::Status& status = arg.status();
  *result_listener << status.ToString();
  return status.code() == code &&
         testing::Value(std::string(status.message()), testing::HasSubstr(text));
}

}  // namespace kur

#endif  // KUR_TESTS_ENGINE_DATA_DATA_TEST_UTIL_H_
