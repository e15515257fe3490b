#include "server/auth/cookie.h"

#include <fcntl.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "engine/base/sha256.h"
#include "engine/base/status.h"
#include "engine/base/unique_fd.h"

namespace kur::server {
namespace {

constexpr size_t kDigits = 64;

// Returns the cookie in the file; "" if none is there that only this account knows.
std::string ReadCookie(const std::string& path) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat info = {};
  if (!fd.valid() || fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode) ||
      info.st_uid != geteuid() || (info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return "";
  }
  std::string cookie(kDigits, '\0');
  const bool whole = pread(fd.get(), &cookie[0], kDigits, 0) == static_cast<ssize_t>(kDigits);
  return whole && info.st_size == static_cast<off_t>(kDigits) && IsSha256Hex(cookie) ? cookie : "";
}

}  // namespace

absl::StatusOr<std::string> OpenCookie(FileSystem& files, const std::string& path) {
  std::string cookie = ReadCookie(path);
  if (!cookie.empty()) return cookie;
  std::array<unsigned char, kDigits / 2> bytes;
  if (RAND_bytes(bytes.data(), bytes.size()) != 1) {
    return absl::InternalError("the system gives no random numbers");
  }
  cookie = absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  KUR_RETURN_IF_ERROR(WriteFileAtomically(files, path, cookie, 0600));
  return cookie;
}

}  // namespace kur::server
