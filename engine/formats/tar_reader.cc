#include "engine/formats/tar_reader.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/file_system.h"
#include "engine/base/files_without_links.h"
#include "engine/base/open_beneath.h"
#include "engine/base/status.h"

namespace kur {
namespace {

constexpr size_t kBlock = size_t{1} << 18;
// Below this size a large ratio is harmless, and short files of zeros compress very well.
constexpr int64_t kRatioFreeBytes = int64_t{64} << 20;

}  // namespace

void TarReader::Closer::operator()(archive* handle) const { archive_read_free(handle); }

TarReader::TarReader(std::string name, int64_t archive_size, const TarLimits& limits)
    : name_(std::move(name)),
      archive_size_(archive_size),
      limits_(limits),
      archive_(archive_read_new()) {
  archive_read_support_filter_gzip(archive_.get());
  archive_read_support_filter_bzip2(archive_.get());
  archive_read_support_filter_xz(archive_.get());
  archive_read_support_filter_zstd(archive_.get());
  archive_read_support_format_tar(archive_.get());
}

absl::StatusOr<std::unique_ptr<TarReader>> TarReader::Open(const std::string& path,
                                                           const TarLimits& limits) {
  KUR_ASSIGN_OR_RETURN(const int64_t size, FilesWithoutLinks().FileSize(path));
  std::unique_ptr<TarReader> reader(new TarReader(path, size, limits));
  KUR_ASSIGN_OR_RETURN(reader->file_, OpenWithoutLinks(path, O_RDONLY));
  if (archive_read_open_fd(reader->archive_.get(), reader->file_.get(), kBlock) != ARCHIVE_OK) {
    return reader->Failed();
  }
  return reader;
}

absl::StatusOr<std::unique_ptr<TarReader>> TarReader::FromMemory(absl::string_view data,
                                                                 std::string name,
                                                                 const TarLimits& limits) {
  std::unique_ptr<TarReader> reader(
      new TarReader(std::move(name), static_cast<int64_t>(data.size()), limits));
  if (archive_read_open_memory(reader->archive_.get(), data.data(), data.size()) != ARCHIVE_OK) {
    return reader->Failed();
  }
  return reader;
}

absl::Status TarReader::Failed() const {
  const char* reason = archive_error_string(archive_.get());
  return absl::DataLossError(absl::StrCat(
      name_, ": cannot read the archive: ", reason != nullptr ? reason : "unknown damage"));
}

absl::Status TarReader::CountBytes(int64_t bytes) {
  bytes_ += bytes;
  if (bytes_ > limits_.max_bytes) {
    return absl::ResourceExhaustedError(
        absl::StrCat(name_, ": the archive unpacks to more than ", limits_.max_bytes, " bytes"));
  }
  if (bytes_ > kRatioFreeBytes && bytes_ / limits_.max_ratio > archive_size_) {
    return absl::ResourceExhaustedError(
        absl::StrCat(name_, ": the archive unpacks to more than ", limits_.max_ratio,
                     " times its size; it looks like a decompression bomb"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<TarReader::Member>> TarReader::Next() {
  while (true) {
    archive_entry* entry = nullptr;
    const int result = archive_read_next_header(archive_.get(), &entry);
    if (result == ARCHIVE_EOF) return std::optional<Member>();
    if (result != ARCHIVE_OK && result != ARCHIVE_WARN) return Failed();
    if (++members_ > limits_.max_members) {
      return absl::ResourceExhaustedError(
          absl::StrCat(name_, ": the archive has more than ", limits_.max_members, " members"));
    }
    const int64_t size = archive_entry_size(entry);
    const char* name = archive_entry_pathname(entry);
    // A skipped member is uncompressed all the same.
    KUR_RETURN_IF_ERROR(CountBytes(archive_entry_size_is_set(entry) != 0 && size > 0 ? size : 0));
    const char* const same = archive_entry_hardlink(entry);
    const char* const leads_to = archive_entry_symlink(entry);
    if (name != nullptr && same != nullptr) {
      links_.push_back({name, same});
    } else if (name != nullptr && leads_to != nullptr && leads_to[0] != '/') {
      links_.push_back({name, JoinPath(DirectoryOf(name), leads_to)});
    }
    if (archive_entry_filetype(entry) != AE_IFREG || same != nullptr) continue;
    if (name == nullptr || size < 0) continue;
    return std::optional<Member>(Member{name, size});
  }
}

absl::StatusOr<std::string> TarReader::ReadContent() {
  std::string content;
  std::string block(kBlock, '\0');
  while (true) {
    const la_ssize_t got = archive_read_data(archive_.get(), block.data(), block.size());
    if (got == 0) return content;
    if (got < 0) return Failed();
    content.append(block, 0, static_cast<size_t>(got));
    if (static_cast<int64_t>(content.size()) > limits_.max_bytes) {
      return absl::ResourceExhaustedError(
          absl::StrCat(name_, ": a member is larger than ", limits_.max_bytes, " bytes"));
    }
  }
}

}  // namespace kur
