#ifndef KUR_TESTS_SERVER_TESTING_TEMPORARY_DIRECTORY_H_
#define KUR_TESTS_SERVER_TESTING_TEMPORARY_DIRECTORY_H_

#include <stdlib.h>

#include <filesystem>
#include <string>
#include <system_error>

namespace kur::server {

// A new, empty directory with a short path (a UNIX socket fits into it), removed with all that is
// in it when destroyed.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "kurd-XXXXXX").string();
    path_ = mkdtemp(&pattern[0]);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace kur::server

#endif  // KUR_TESTS_SERVER_TESTING_TEMPORARY_DIRECTORY_H_
