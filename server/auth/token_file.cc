#include "server/auth/token_file.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "engine/base/file_system.h"
#include "engine/base/status.h"

namespace kur::server {
namespace {

constexpr size_t kMinTokenBytes = 16;
constexpr int64_t kMaxFileBytes = int64_t{1} << 20;

bool IsUserCharacter(char c) {
  return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '.' || c == '_' || c == '-';
}

}  // namespace

bool IsValidUserName(absl::string_view name) {
  return !name.empty() && name.size() <= 64 && name[0] != '.' &&
         std::all_of(name.begin(), name.end(), IsUserCharacter);
}

absl::StatusOr<TokenFile> TokenFile::Load(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return ErrnoToStatus(errno, "cannot read " + path);
  if ((info.st_mode & (S_IRWXO | S_IWGRP)) != 0) {
    return absl::PermissionDeniedError(
        absl::StrCat(path, " is open to other users; run: chmod 600 ", path));
  }
  KUR_ASSIGN_OR_RETURN(const std::string text, FileSystem::Posix().Read(path, kMaxFileBytes));
  return Parse(text, path);
}

absl::StatusOr<TokenFile> TokenFile::Parse(absl::string_view text, const std::string& path) {
  TokenFile file;
  // Where each token is: the line, and the entry.
  absl::flat_hash_map<Digest, std::pair<int, size_t>> places;
  int number = 0;
  for (const absl::string_view raw : absl::StrSplit(text, '\n')) {
    ++number;
    const absl::string_view line = absl::StripAsciiWhitespace(raw);
    if (line.empty() || line[0] == '#') continue;
    const size_t colon = line.find(':');
    if (colon == absl::string_view::npos) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ":", number, ": expected USER:TOKEN on the line"));
    }
    const absl::string_view user = absl::StripAsciiWhitespace(line.substr(0, colon));
    const absl::string_view token = absl::StripAsciiWhitespace(line.substr(colon + 1));
    if (!IsValidUserName(user)) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ":", number, ": a user's name has only a-z, 0-9, '.', '_' and '-'"));
    }
    if (token.size() < kMinTokenBytes) {
      return absl::InvalidArgumentError(absl::StrCat(path, ":", number, ": a token needs at least ",
                                                     kMinTokenBytes, " characters"));
    }
    file.entries_.push_back({std::string(user), DigestOf(token)});
    const auto [place, is_first] =
        places.try_emplace(file.entries_.back().digest, number, file.entries_.size() - 1);
    if (!is_first && file.entries_[place->second.second].user != user) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ":", number, ": the token is also that of another user in line ",
                       place->second.first, "; give each user a token of their own"));
    }
  }
  if (file.entries_.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(path, " names no user: add USER:TOKEN lines"));
  }
  return file;
}

TokenFile::Digest TokenFile::DigestOf(absl::string_view token) {
  Digest digest;
  SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(), digest.data());
  return digest;
}

std::optional<std::string> TokenFile::UserOf(absl::string_view token) const {
  const Digest digest = DigestOf(token);
  const Entry* found = nullptr;
  for (const Entry& entry : entries_) {
    if (CRYPTO_memcmp(entry.digest.data(), digest.data(), digest.size()) == 0) found = &entry;
  }
  if (found == nullptr) return std::nullopt;
  return found->user;
}

}  // namespace kur::server
