#ifndef KUR_TESTS_ENGINE_FORMATS_TAR_TEST_UTIL_H_
#define KUR_TESTS_ENGINE_FORMATS_TAR_TEST_UTIL_H_

#include <cstdio>
#include <cstring>
#include <string>

namespace kur {

// A member of a tar archive (POSIX ustar). Type '0' is a file, '1' a hard link and '2' a symbolic
// link to `target`, '5' a directory.
inline std::string TarMember(const std::string& name, const std::string& content, char type = '0',
                             size_t claimed_size = std::string::npos,
                             const std::string& target = "/etc/passwd") {
  std::string header(512, '\0');
  name.copy(&header[0], 100);
  std::memcpy(&header[100], "0000644", 7);
  const size_t size = claimed_size == std::string::npos ? content.size() : claimed_size;
  std::snprintf(&header[124], 12, "%011zo", size);
  std::memcpy(&header[136], "00000000000", 11);
  header[156] = type;
  if (type == '1' || type == '2') target.copy(&header[157], 100);
  std::memcpy(&header[257], "ustar\00000", 8);
  std::memset(&header[148], ' ', 8);
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  std::snprintf(&header[148], 8, "%06o", sum);
  return header + content + std::string((512 - content.size() % 512) % 512, '\0');
}

inline const std::string& TarEnd() {
  static const auto* end = new std::string(1024, '\0');
  return *end;
}

}  // namespace kur

#endif  // KUR_TESTS_ENGINE_FORMATS_TAR_TEST_UTIL_H_
