#include "engine/base/file_system.h"

#include <unistd.h>

#include <atomic>

#include "absl/strings/str_cat.h"
#include "engine/base/posix_file_system.h"
#include "engine/base/status.h"

namespace kur {

FileSystem& FileSystem::Posix() {
  static auto* files = new PosixFileSystem;
  return *files;
}

absl::Status FileSystem::MakeDirectories(const std::string& path, int mode) {
  absl::Status made = MakeDirectory(path, mode);
  if (absl::IsNotFound(made) && DirectoryOf(path) != path) {
    KUR_RETURN_IF_ERROR(MakeDirectories(DirectoryOf(path), mode));
    made = MakeDirectory(path, mode);
  }
  if (made.ok()) return SyncDirectory(DirectoryOf(path));
  return IsDirectory(path) ? absl::OkStatus() : made;
}

bool Exists(const std::string& path) { return FileSystem::Posix().Exists(path); }

bool IsDirectory(const std::string& path) { return FileSystem::Posix().IsDirectory(path); }

absl::StatusOr<int64_t> FileSize(const std::string& path) {
  return FileSystem::Posix().FileSize(path);
}

absl::StatusOr<std::vector<std::string>> ListDirectory(const std::string& path) {
  return FileSystem::Posix().ListDirectory(path);
}

std::string DirectoryOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string BaseName(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

std::string JoinPath(const std::string& a, const std::string& b) {
  if (a.empty() || (!b.empty() && b[0] == '/')) return b;
  if (b.empty()) return a;
  return a.back() == '/' ? a + b : a + "/" + b;
}

absl::Status WriteFileAtomically(FileSystem& files, const std::string& path,
                                 absl::string_view content, int mode) {
  static std::atomic<int64_t> counter{0};
  const std::string temporary = absl::StrCat(path, ".tmp.", getpid(), ".", counter.fetch_add(1));
  absl::Status written = [&]() -> absl::Status {
    KUR_ASSIGN_OR_RETURN(auto file, files.OpenForAppend(temporary, /*truncate=*/true, mode));
    KUR_RETURN_IF_ERROR(file->Append(content));
    KUR_RETURN_IF_ERROR(file->Sync());
    KUR_RETURN_IF_ERROR(file->Close());
    return files.Rename(temporary, path);
  }();
  if (!written.ok()) {
    files.Remove(temporary).IgnoreError();
    return written;
  }
  return files.SyncDirectory(DirectoryOf(path));
}

absl::Status LinkAtomically(FileSystem& files, const std::string& from, const std::string& to) {
  KUR_RETURN_IF_ERROR(files.MakeDirectories(DirectoryOf(to)));
  const std::string temporary = absl::StrCat(to, ".link-", getpid());
  files.Remove(temporary).IgnoreError();
  KUR_RETURN_IF_ERROR(files.Link(from, temporary));
  const absl::Status renamed = files.Rename(temporary, to);
  // rename(2) does nothing if both names belong to the same file: the temporary name may remain.
  files.Remove(temporary).IgnoreError();
  KUR_RETURN_IF_ERROR(renamed);
  return files.SyncDirectory(DirectoryOf(to));
}

}  // namespace kur
