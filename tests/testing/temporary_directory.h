#ifndef KUR_TESTS_TESTING_TEMPORARY_DIRECTORY_H_
#define KUR_TESTS_TESTING_TEMPORARY_DIRECTORY_H_

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <system_error>

namespace kur {

// A new, empty directory of the test's own with a short canonical path (a UNIX socket fits into
// it), removed with all that is in it when destroyed.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern =
        (std::filesystem::canonical(std::filesystem::temp_directory_path()) / "kur-XXXXXX")
            .string();
    if (mkdtemp(pattern.data()) == nullptr) abort();
    path_ = pattern;
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::string& path() const { return path_; }
  // The path of a file in it, there or not.
  std::string File(const std::string& name) const { return path_ + "/" + name; }

  // Writes a file (and the folders that it needs) and returns its path.
  std::string Write(const std::string& name, const std::string& content) const {
    const std::string path = File(name);
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    if (!(std::ofstream(path, std::ios::binary | std::ios::trunc) << content).flush()) abort();
    return path;
  }

  // The content of a file; "(missing)" if it is not there.
  std::string Read(const std::string& name) const {
    const std::ifstream stream(File(name), std::ios::binary);
    if (!stream) return "(missing)";
    std::ostringstream content;
    content << stream.rdbuf();
    return content.str();
  }

 private:
  std::string path_;
};

}  // namespace kur

#endif  // KUR_TESTS_TESTING_TEMPORARY_DIRECTORY_H_
