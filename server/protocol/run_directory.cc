#include "server/protocol/run_directory.h"

#include <algorithm>
#include <memory>

#include "engine/base/file_identity.h"
#include "engine/base/status.h"
#include "engine/base/utf8.h"
#include "server/protocol/worker_paths.h"

namespace kur::server {
namespace {

constexpr int kPrivateDirectory = 0700;
constexpr int kPrivateFile = 0600;
constexpr int64_t kMaxOutcomeBytes = int64_t{1} << 20;
constexpr int64_t kMaxSpecBytes = int64_t{64} << 20;

}  // namespace

absl::Status WriteSources(FileSystem& files, const std::string& directory,
                          const std::vector<v1::SourceFile>& sources) {
  for (const v1::SourceFile& source : sources) {
    const std::string path = JoinPath(directory, source.path());
    KUR_RETURN_IF_ERROR(files.MakeDirectories(DirectoryOf(path), kPrivateDirectory));
    KUR_ASSIGN_OR_RETURN(auto file, files.OpenForAppend(path, /*truncate=*/true, kPrivateFile));
    KUR_RETURN_IF_ERROR(file->Append(source.content()));
    KUR_RETURN_IF_ERROR(file->Close());
  }
  return absl::OkStatus();
}

absl::Status RunDirectory::Prepare(const std::vector<v1::SourceFile>& sources,
                                   const v1::WorkerSpec& spec) {
  KUR_RETURN_IF_ERROR(files_.MakeDirectories(source_directory(), kPrivateDirectory));
  KUR_RETURN_IF_ERROR(
      files_.MakeDirectories(JoinPath(path_, worker::kArtifactFolder), kPrivateDirectory));
  absl::Status removed = files_.Remove(JoinPath(path_, worker::kOutcomeFile));
  if (!removed.ok() && !absl::IsNotFound(removed)) return removed;
  KUR_RETURN_IF_ERROR(WriteSources(files_, source_directory(), sources));
  return WriteFileAtomically(files_, JoinPath(path_, worker::kSpecFile), spec.SerializeAsString(),
                             kPrivateFile);
}

bool RunDirectory::WasMoved() {
  const auto bytes = files_.Read(JoinPath(path_, worker::kSpecFile), kMaxSpecBytes);
  v1::WorkerSpec spec;
  if (!bytes.ok() || !spec.ParseFromString(*bytes)) return false;
  const auto here = FileIdentity(path_);
  const auto known = FileIdentity(spec.run_directory());
  return here.ok() && (absl::IsNotFound(known.status()) || (known.ok() && *known != *here));
}

std::optional<v1::Outcome> RunDirectory::Outcome() {
  const auto bytes = files_.Read(JoinPath(path_, worker::kOutcomeFile), kMaxOutcomeBytes);
  v1::Outcome outcome;
  if (!bytes.ok() || !outcome.ParseFromString(*bytes)) return std::nullopt;
  return outcome;
}

SpooledEvents RunDirectory::SpooledAfter(int64_t sequence, bool may_begin_later) {
  return {files_, JoinPath(path_, worker::kSpoolFile), sequence, may_begin_later};
}

std::string RunDirectory::LogTail(int64_t max_bytes) {
  const auto file = files_.OpenForReading(path_ + "/worker.log");
  if (!file.ok()) return "";
  const int64_t size = (*file)->Size().value_or(0);
  const int64_t start = std::max<int64_t>(0, size - max_bytes);
  std::string tail(static_cast<size_t>(size - start), '\0');
  tail.resize((*file)->Read(start, tail.size(), tail.data()).value_or(0));
  const size_t line_end = tail.find('\n');
  if (start > 0 && line_end != std::string::npos) tail.erase(0, line_end + 1);
  return ToUtf8(tail);
}

}  // namespace kur::server
