#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>

#include <limits>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "engine/base/files_without_links.h"
#include "engine/base/open_beneath.h"
#include "engine/base/status.h"
#include "engine/formats/npy_reader.h"

namespace kur {
namespace {

constexpr size_t kBlock = size_t{1} << 18;
constexpr size_t kMaxArrays = 100'000;
// Deflate encodes at most 258 bytes in 2 bits.
constexpr int64_t kMaxExpansion = 1032;

// An open zip, found by the directory at its end alone, so that a truncated file is refused. Not
// thread-safe.
struct Zip {
  Zip() : handle(archive_read_new()) { archive_read_support_format_zip_seekable(handle); }
  ~Zip() { archive_read_free(handle); }
  Zip(const Zip&) = delete;
  Zip& operator=(const Zip&) = delete;

  absl::Status Failed() const {
    const char* reason = archive_error_string(handle);
    return absl::DataLossError(
        absl::StrCat("cannot read the zip: ", reason != nullptr ? reason : "unknown damage"));
  }

  archive* const handle;
};

// Reads the current member of a zip. Not thread-safe.
class MemberInput : public ByteInput {
 public:
  MemberInput(Zip* zip, int64_t max_bytes) : zip_(zip), max_bytes_(max_bytes) {}

  absl::StatusOr<int64_t> Read(void* to, int64_t size) override {
    int64_t total = 0;
    while (total < size) {
      const la_ssize_t got = archive_read_data(zip_->handle, static_cast<uint8_t*>(to) + total,
                                               static_cast<size_t>(size - total));
      if (got < 0) return zip_->Failed();
      total += got;
      if (got == 0) break;
    }
    max_bytes_ -= total;
    return total;
  }

  // What is left of the bytes that may be read.
  int64_t MaxBytes() const override { return max_bytes_; }

 private:
  Zip* zip_;
  int64_t max_bytes_;
};

absl::StatusOr<std::map<std::string, PickleValue>> ReadMembers(Zip* zip, int64_t size,
                                                               const ArrayFilter& wanted) {
  const bool countable = size < std::numeric_limits<int64_t>::max() / kMaxExpansion;
  // Bounds all arrays together: members may overlap in the file.
  int64_t max_bytes = countable ? size * kMaxExpansion : size;
  std::map<std::string, PickleValue> arrays;
  while (true) {
    archive_entry* entry = nullptr;
    const int result = archive_read_next_header(zip->handle, &entry);
    if (result == ARCHIVE_EOF) return arrays;
    if (result != ARCHIVE_OK && result != ARCHIVE_WARN) return zip->Failed();
    const char* const path = archive_entry_pathname(entry);
    if (path == nullptr || archive_entry_filetype(entry) != AE_IFREG) continue;
    if (arrays.size() == kMaxArrays) {
      return absl::ResourceExhaustedError(
          absl::StrCat("the file has more than ", kMaxArrays, " arrays"));
    }
    absl::string_view name = path;
    absl::ConsumeSuffix(&name, ".npy");
    const std::string where = absl::StrCat("array '", name, "'");
    if (!wanted(std::string(name))) continue;
    MemberInput input(zip, max_bytes);
    auto array = ReadNpyValue(input);
    if (!array.ok()) return Annotate(array.status(), where);
    max_bytes = input.MaxBytes();
    if (!arrays.emplace(name, *std::move(array)).second) {
      return absl::InvalidArgumentError(absl::StrCat(where, " is there twice"));
    }
  }
}

}  // namespace

absl::StatusOr<std::map<std::string, PickleValue>> ReadNpz(const std::string& path,
                                                           const ArrayFilter& wanted) {
  KUR_ASSIGN_OR_RETURN(const int64_t size, FilesWithoutLinks().FileSize(path));
  KUR_ASSIGN_OR_RETURN(const UniqueFd file, OpenWithoutLinks(path, O_RDONLY));
  Zip zip;
  if (archive_read_open_fd(zip.handle, file.get(), kBlock) != ARCHIVE_OK) {
    return zip.Failed();
  }
  return ReadMembers(&zip, size, wanted);
}

absl::StatusOr<std::map<std::string, PickleValue>> ParseNpz(absl::string_view data,
                                                            const ArrayFilter& wanted) {
  Zip zip;
  if (archive_read_open_memory(zip.handle, data.data(), data.size()) != ARCHIVE_OK) {
    return zip.Failed();
  }
  return ReadMembers(&zip, static_cast<int64_t>(data.size()), wanted);
}

}  // namespace kur
