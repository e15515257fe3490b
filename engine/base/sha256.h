#ifndef KUR_ENGINE_BASE_SHA256_H_
#define KUR_ENGINE_BASE_SHA256_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/base/file_system.h"

namespace kur {

// Computes a SHA-256 digest (FIPS 180-4) incrementally, by OpenSSL. Not thread-safe.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void Update(absl::string_view data);
  // Returns the digest as 64 lower-case hexadecimal digits. Call once, after the last Update().
  std::string Hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string Sha256Hex(absl::string_view data);

// Returns the digest of a file, which is read in pieces.
absl::StatusOr<std::string> Sha256OfFile(const std::string& path,
                                         FileSystem& files = FileSystem::Posix());

// Returns the digest of a file that no link leads to. This process caches the digest until the
// file's inode, size or times change. Thread-safe.
absl::StatusOr<std::string> Sha256OfUnchangedFile(const std::string& path);

// Returns whether `text` is 64 lower-case hexadecimal digits.
bool IsSha256Hex(absl::string_view text);

}  // namespace kur

#endif  // KUR_ENGINE_BASE_SHA256_H_
