#ifndef KUR_TESTS_ENGINE_DATA_DATA_TEST_UTIL_H_
#define KUR_TESTS_ENGINE_DATA_DATA_TEST_UTIL_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "engine/base/file_system.h"
#include "engine/data/source.h"
#include "engine/formats/array.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/temporary_directory.h"

namespace kur {

// Returns the path of a file that tests/reference/data_fixtures.py wrote.
inline std::string FixturePath(const std::string& name) {
  return std::string(KUR_TEST_DATA_DIR) + "/engine/data/fixtures/" + name;
}

inline std::string ReadFile(const std::string& path) {
  auto content = FileSystem::Posix().Read(path);
  EXPECT_TRUE(content.ok()) << content.status();
  return content.ok() ? *content : "";
}

inline std::string ReadFixture(const std::string& name) { return ReadFile(FixturePath(name)); }

inline Array::Bytes MakeBytes(const std::vector<uint8_t>& bytes) {
  return Array::Bytes(bytes.data(), bytes.data() + bytes.size());
}

inline std::vector<double> Values(const Array& array) {
  std::vector<double> values;
  for (int64_t i = 0; i < array.count(); ++i) values.push_back(array.At(i));
  return values;
}

// Gathers a batch of the samples at `indices`.
inline std::vector<float> Gathered(const Source& source, const std::vector<int64_t>& indices) {
  const auto count = static_cast<int64_t>(indices.size());
  const int64_t extent = source.Extent(indices.data(), count);
  const Shape row(source.shape().begin() + 1, source.shape().end());
  // Marks elements that are not written.
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
