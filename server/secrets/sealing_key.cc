#include "server/secrets/sealing_key.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "engine/base/hex.h"
#include "engine/base/sha256.h"
#include "engine/base/status.h"
#include "engine/base/wipe.h"

namespace kur::server {
namespace {

constexpr size_t kKeyBytes = 32;
constexpr size_t kNonceBytes = 12;
constexpr size_t kTagBytes = 16;
constexpr size_t kIdDigits = 16;
constexpr int64_t kMaxFileBytes = 1024;

using Context = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

Context NewContext() { return {EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free}; }

unsigned char* Bytes(std::string* text) { return reinterpret_cast<unsigned char*>(&(*text)[0]); }
const unsigned char* Bytes(absl::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string IdOf(absl::string_view key) {
  std::string text = absl::StrCat("kurd's key for secrets:", key);
  const Wiper wiper(&text);
  return Sha256Hex(text).substr(0, kIdDigits);
}

absl::StatusOr<std::string> RandomBytes(size_t count) {
  std::string bytes(count, '\0');
  if (RAND_bytes(Bytes(&bytes), static_cast<int>(count)) == 1) return bytes;
  return absl::InternalError("the system gives no random numbers");
}

// Writes a file that is durable on return. ALREADY_EXISTS if there is one: never replaces a key, as
// what another kurd that has the same file has sealed needs it.
absl::Status WriteNew(FileSystem& files, const std::string& path, absl::string_view content) {
  const std::string made = absl::StrCat(path, ".made-", getpid());
  const absl::Status linked = [&]() -> absl::Status {
    KUR_ASSIGN_OR_RETURN(auto file, files.OpenForAppend(made, /*truncate=*/true, 0600));
    KUR_RETURN_IF_ERROR(file->Append(content));
    KUR_RETURN_IF_ERROR(file->Sync());
    KUR_RETURN_IF_ERROR(file->Close());
    return files.Link(made, path);
  }();
  files.Remove(made).IgnoreError();
  KUR_RETURN_IF_ERROR(linked);
  return files.SyncDirectory(DirectoryOf(path));
}

}  // namespace

SealingKey::SealingKey(std::string bytes) : bytes_(std::move(bytes)), id_(IdOf(bytes_)) {}

SealingKey::~SealingKey() { Wipe(&bytes_); }

absl::StatusOr<SealingKey> SealingKey::Load(const std::string& path, bool is_credential) {
  struct stat info = {};
  if (stat(path.c_str(), &info) != 0) return ErrnoToStatus(errno, "cannot read " + path);
  if (!is_credential && (info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return absl::PermissionDeniedError(
        absl::StrCat(path, " is open to other users; run: chmod 600 ", path));
  }
  KUR_ASSIGN_OR_RETURN(std::string text, FileSystem::Posix().Read(path, kMaxFileBytes));
  const Wiper wiper(&text);
  const absl::string_view digits = absl::StripAsciiWhitespace(text);
  if (!IsSha256Hex(digits)) {
    return absl::InvalidArgumentError(
        absl::StrCat(path,
                     " has no key, which is 64 lower-case hexadecimal digits: make one with "
                     "`openssl rand -hex 32`"));
  }
  return SealingKey(HexToBytes(digits));
}

absl::StatusOr<SealingKey> SealingKey::Create(FileSystem& files, const std::string& path) {
  KUR_ASSIGN_OR_RETURN(std::string bytes, RandomBytes(kKeyBytes));
  std::string digits = absl::BytesToHexString(bytes);
  const Wiper wiper(&digits);
  KUR_RETURN_IF_ERROR(files.MakeDirectories(DirectoryOf(path), 0700));
  const absl::Status written = WriteNew(files, path, digits);
  if (absl::IsAlreadyExists(written)) return Load(path);
  KUR_RETURN_IF_ERROR(written);
  return SealingKey(std::move(bytes));
}

absl::StatusOr<std::string> SealingKey::Seal(absl::string_view text,
                                             absl::string_view context) const {
  KUR_ASSIGN_OR_RETURN(const std::string nonce, RandomBytes(kNonceBytes));
  std::string hidden(text.size(), '\0');
  std::string tag(kTagBytes, '\0');
  const Context cipher = NewContext();
  int size = 0;
  const bool sealed =
      cipher != nullptr &&
      EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, Bytes(bytes_), Bytes(nonce)) ==
          1 &&
      EVP_EncryptUpdate(cipher.get(), nullptr, &size, Bytes(context),
                        static_cast<int>(context.size())) == 1 &&
      EVP_EncryptUpdate(cipher.get(), Bytes(&hidden), &size, Bytes(text),
                        static_cast<int>(text.size())) == 1 &&
      EVP_EncryptFinal_ex(cipher.get(), nullptr, &size) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, Bytes(&tag)) == 1;
  if (!sealed) return absl::InternalError("OpenSSL cannot encrypt");
  return absl::StrCat(nonce, hidden, tag);
}

absl::StatusOr<std::string> SealingKey::Open(absl::string_view sealed,
                                             absl::string_view context) const {
  const absl::Status damaged = absl::DataLossError("it is damaged, or of another key");
  if (sealed.size() < kNonceBytes + kTagBytes) return damaged;
  const absl::string_view nonce = sealed.substr(0, kNonceBytes);
  std::string tag(sealed.substr(sealed.size() - kTagBytes));
  const absl::string_view hidden =
      sealed.substr(kNonceBytes, sealed.size() - kNonceBytes - kTagBytes);
  std::string text(hidden.size(), '\0');
  const Context cipher = NewContext();
  int size = 0;
  const bool opened =
      cipher != nullptr &&
      EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, Bytes(bytes_), Bytes(nonce)) ==
          1 &&
      EVP_DecryptUpdate(cipher.get(), nullptr, &size, Bytes(context),
                        static_cast<int>(context.size())) == 1 &&
      EVP_DecryptUpdate(cipher.get(), Bytes(&text), &size, Bytes(hidden),
                        static_cast<int>(hidden.size())) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, Bytes(&tag)) == 1 &&
      EVP_DecryptFinal_ex(cipher.get(), nullptr, &size) == 1;
  if (opened) return text;
  Wipe(&text);
  return damaged;
}

}  // namespace kur::server
