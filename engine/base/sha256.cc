#include "engine/base/sha256.h"

#include <openssl/evp.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/base/const_init.h"
#include "absl/strings/escaping.h"
#include "absl/synchronization/mutex.h"
#include "engine/base/files_without_links.h"
#include "engine/base/status.h"

namespace kur {

struct Sha256::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~State() { EVP_MD_CTX_free(context); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr);
}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::Update(absl::string_view data) {
  EVP_DigestUpdate(state_->context, data.data(), data.size());
}

std::string Sha256::Hex() {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_DigestFinal_ex(state_->context, digest, &size);
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(digest), size));
}

std::string Sha256Hex(absl::string_view data) {
  Sha256 digest;
  digest.Update(data);
  return digest.Hex();
}

absl::StatusOr<std::string> Sha256OfFile(const std::string& path, FileSystem& files) {
  KUR_ASSIGN_OR_RETURN(const auto file, files.OpenForReading(path));
  Sha256 digest;
  std::vector<char> buffer(size_t{1} << 18);
  for (int64_t offset = 0;;) {
    KUR_ASSIGN_OR_RETURN(const size_t got, file->Read(offset, buffer.size(), buffer.data()));
    if (got == 0) return digest.Hex();
    digest.Update(absl::string_view(buffer.data(), got));
    offset += static_cast<int64_t>(got);
  }
}

absl::StatusOr<std::string> Sha256OfUnchangedFile(const std::string& path) {
  // Changes when another file takes the path, or when the file is written to.
  using Identity = std::tuple<dev_t, ino_t, off_t, time_t, long, time_t, long>;
  static absl::Mutex mutex(absl::kConstInit);
  static auto* const known = new std::map<Identity, std::string>;
  struct stat status = {};
  if (stat(path.c_str(), &status) != 0) return ErrnoToStatus(errno, "cannot open " + path);
  const Identity identity(status.st_dev, status.st_ino, status.st_size, status.st_mtim.tv_sec,
                          status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec);
  {
    const absl::MutexLock lock(&mutex);
    const auto found = known->find(identity);
    if (found != known->end()) return found->second;
  }
  KUR_ASSIGN_OR_RETURN(std::string digest, Sha256OfFile(path, FilesWithoutLinks()));
  const absl::MutexLock lock(&mutex);
  return known->emplace(identity, std::move(digest)).first->second;
}

bool IsSha256Hex(absl::string_view text) {
  return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

}  // namespace kur
