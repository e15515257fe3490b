#ifndef KUR_ENGINE_BASE_SHA256_H_
#define KUR_ENGINE_BASE_SHA256_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace kur {

// A running SHA-256 digest (FIPS 180-4), by OpenSSL. Not thread-safe.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void Update(absl::string_view data);
  // The digest as 64 lower-case hexadecimal digits. Call once, last.
  std::string Hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string Sha256Hex(absl::string_view data);

// The digest of a file's content, read in pieces.
absl::StatusOr<std::string> Sha256OfFile(const std::string& path);

// The same, remembered in this process for as long as the file's inode, size and times stay as they
// are. Thread-safe.
absl::StatusOr<std::string> Sha256OfUnchangedFile(const std::string& path);

// True for 64 lower-case hexadecimal digits.
bool IsSha256Hex(absl::string_view text);

}  // namespace kur

#endif  // KUR_ENGINE_BASE_SHA256_H_
