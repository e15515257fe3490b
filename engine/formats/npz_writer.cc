#include "engine/formats/npz_writer.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/status.h"
#include "engine/base/utf8.h"

namespace kur {
namespace {

// Returns the type of the elements as NPY files have it: "<f4".
std::string TypeCode(DType dtype) {
  switch (dtype) {
    case DType::kBool:
      return "|b1";
    case DType::kInt8:
      return "|i1";
    case DType::kUint8:
      return "|u1";
    default:
      break;
  }
  const absl::string_view name = Name(dtype);
  return absl::StrCat("<", name.substr(0, 1), ItemSize(dtype));
}

// Returns the beginning of an NPY file of format 1.0.
std::string NpyStart(absl::string_view type, const std::string& shape) {
  constexpr size_t kAlignment = 64;
  constexpr size_t kBeforeHeader = 10;
  std::string header =
      absl::StrCat("{'descr': '", type, "', 'fortran_order': False, 'shape': (", shape, "), }");
  const size_t size = kBeforeHeader + header.size() + 1;
  header.append((kAlignment - size % kAlignment) % kAlignment, ' ');
  header += '\n';
  std::string start("\x93NUMPY\x01\x00", 8);
  start += static_cast<char>(header.size() & 0xff);
  start += static_cast<char>(header.size() >> 8);
  return start + header;
}

la_ssize_t Append(archive* /*handle*/, void* data, const void* buffer, size_t size) {
  static_cast<std::string*>(data)->append(static_cast<const char*>(buffer), size);
  return static_cast<la_ssize_t>(size);
}

bool Write(archive* handle, absl::string_view data) {
  return archive_write_data(handle, data.data(), data.size()) ==
         static_cast<la_ssize_t>(data.size());
}

}  // namespace

void NpzWriter::Closer::operator()(archive* handle) const { archive_write_free(handle); }

NpzWriter::NpzWriter() : content_(std::make_unique<std::string>()), archive_(archive_write_new()) {
  archive_write_set_format_zip(archive_.get());
  archive_write_zip_set_compression_store(archive_.get());
  archive_write_open(archive_.get(), content_.get(), nullptr, Append, nullptr);
}

absl::Status NpzWriter::AddMember(const std::string& name, absl::string_view type,
                                  const std::string& shape, absl::string_view data) {
  const std::string start = NpyStart(type, shape);
  const std::unique_ptr<archive_entry, decltype(&archive_entry_free)> entry(archive_entry_new(),
                                                                            &archive_entry_free);
  archive_entry_set_pathname_utf8(entry.get(), absl::StrCat(name, ".npy").c_str());
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  archive_entry_set_perm(entry.get(), 0644);
  archive_entry_set_size(entry.get(), static_cast<la_int64_t>(start.size() + data.size()));
  const bool written = archive_write_header(archive_.get(), entry.get()) == ARCHIVE_OK &&
                       Write(archive_.get(), start) && Write(archive_.get(), data);
  if (written) return absl::OkStatus();
  const char* const reason = archive_error_string(archive_.get());
  return absl::InternalError(
      absl::StrCat("cannot write the array '", name, "': ", reason == nullptr ? "" : reason));
}

absl::Status NpzWriter::Add(const std::string& name, const Array& array) {
  const std::vector<int64_t>& shape = array.shape();
  const std::string extents =
      absl::StrCat(absl::StrJoin(shape, ", "), shape.size() == 1 ? "," : "");
  return AddMember(name, TypeCode(array.dtype()), extents,
                   absl::string_view(reinterpret_cast<const char*>(array.bytes()),
                                     static_cast<size_t>(array.byte_size())));
}

absl::Status NpzWriter::Add(const std::string& name, const std::vector<std::string>& texts) {
  int64_t longest = 1;
  for (const std::string& text : texts) {
    if (!IsUtf8(text)) {
      return absl::InvalidArgumentError(absl::StrCat("a text of '", name, "' is no UTF-8"));
    }
    longest = std::max(longest, CharacterCount(text));
  }
  std::string data;
  for (const std::string& text : texts) {
    int64_t count = 0;
    for (const absl::string_view character : SplitCharacters(text)) {
      const char32_t code = CodePointOf(character);
      for (int i = 0; i < 4; ++i) data += static_cast<char>(code >> 8 * i & 0xff);
      ++count;
    }
    data.append(static_cast<size_t>(4 * (longest - count)), '\0');
  }
  return AddMember(name, absl::StrCat("<U", longest), absl::StrCat(texts.size(), ","), data);
}

absl::StatusOr<std::string> NpzWriter::Finish() && {
  if (archive_write_close(archive_.get()) != ARCHIVE_OK) {
    return absl::InternalError("cannot write the zip of the arrays");
  }
  return std::move(*content_);
}

}  // namespace kur
