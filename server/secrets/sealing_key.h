#ifndef KUR_SERVER_SECRETS_SEALING_KEY_H_
#define KUR_SERVER_SECRETS_SEALING_KEY_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/base/file_system.h"

namespace kur::server {

// A key that encrypts secrets (AES-256-GCM). Its file has 64 hexadecimal digits and lies outside of
// the state directory, so that a copy of that gives nothing away. Wiped when it is destroyed.
// Immutable, thread-safe.
class SealingKey {
 public:
  // Reads the key from a file. NOT_FOUND if there is none; PERMISSION_DENIED if others may read it,
  // unless `is_credential`: systemd decides who may read its credentials.
  static absl::StatusOr<SealingKey> Load(const std::string& path, bool is_credential = false);

  // Makes a new key and its file, and the folders that are missing.
  static absl::StatusOr<SealingKey> Create(FileSystem& files, const std::string& path);

  // Leaves no copy: a key is too long to lie in the string itself.
  SealingKey(SealingKey&& other) = default;
  SealingKey& operator=(SealingKey&&) = delete;
  ~SealingKey();

  // Names the key without giving it away.
  const std::string& id() const { return id_; }

  // Encrypts `text`, to be decrypted with the same `context` only.
  absl::StatusOr<std::string> Seal(absl::string_view text, absl::string_view context) const;

  // Decrypts what Seal() returned. DATA_LOSS if it is damaged, of another context or of another
  // key.
  absl::StatusOr<std::string> Open(absl::string_view sealed, absl::string_view context) const;

 private:
  // `bytes` are those of the key.
  explicit SealingKey(std::string bytes);

  std::string bytes_;
  std::string id_;
};

}  // namespace kur::server

#endif  // KUR_SERVER_SECRETS_SEALING_KEY_H_
