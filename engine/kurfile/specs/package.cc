#include "engine/kurfile/specs/package.h"

#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "engine/base/file_system.h"
#include "engine/base/sha256.h"
#include "engine/base/status.h"

namespace kur {
namespace {

constexpr char kDefaultFolder[] = "~/kur";

const Fields<Package>& PackageFields() {
  static const auto* fields = new Fields<Package>(
      Fields<Package>()
          .Optional("url", &Package::url, "where the file can be downloaded; several: mirrors")
          .Optional("path", &Package::path, "the file, or the folder of the file that url names")
          .Optional("checksum", &Package::checksum, "SHA-256 of the file")
          .Shorthand("path"));
  return *fields;
}

// Returns "b.gz" for "http://host/a/b.gz?x#y".
std::string FileNameOf(const std::string& url) {
  return BaseName(url.substr(0, url.find_first_of("?#")));
}

// Returns the file that the URL names in the folder `path`.
std::string PathInFolder(const Package& package) {
  return JoinPath(package.path->path, FileNameOf(package.url.front()));
}

absl::Status CheckDigest(const Package& package, const std::string& shown,
                         const std::string& file) {
  if (!package.checksum.has_value()) return absl::OkStatus();
  KUR_ASSIGN_OR_RETURN(const std::string actual, Sha256OfUnchangedFile(file));
  const std::string expected = absl::AsciiStrToLower(*package.checksum);
  if (actual == expected) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(shown, " has the wrong checksum: expected ", expected,
                                          ", found ", actual, "; replace the file",
                                          ", or correct the checksum"));
}

absl::Status NotFound(const Package& package) {
  if (package.url.empty()) {
    return absl::NotFoundError(absl::StrCat("no such file: ", package.path->path));
  }
  return absl::NotFoundError(absl::StrCat("there is neither the file ", PathInFolder(package),
                                          " nor the file ", package.path->path));
}

}  // namespace

FileReference Package::File() const {
  FileReference file = *path;
  if (!url.empty() && BaseName(path->path) != FileNameOf(url.front())) {
    file.path = PathInFolder(*this);
  }
  file.urls = url;
  file.sha256 = absl::AsciiStrToLower(checksum.value_or(""));
  return file;
}

bool CheckPackage(const Location& location, const std::string& key, Diagnostics* diagnostics,
                  Package* package) {
  for (const std::string& url : package->url) {
    const bool is_web =
        absl::StartsWithIgnoreCase(url, "http://") || absl::StartsWithIgnoreCase(url, "https://");
    if (is_web && !FileNameOf(url).empty()) continue;
    diagnostics->Error(
        location, key,
        is_web ? absl::StrCat("the url ", url, " does not name a file")
               : absl::StrCat("the url ", url, " begins with neither https:// nor ", "http://"));
    return false;
  }
  if (package->checksum.has_value() && !IsSha256Hex(absl::AsciiStrToLower(*package->checksum))) {
    diagnostics->Error(location, key, "the checksum must be a SHA-256: 64 hexadecimal digits");
    return false;
  }
  if (package->path.has_value()) return true;
  if (package->url.empty()) {
    diagnostics->Error(location, key, "needs the path of a file, or a url");
    return false;
  }
  package->path = FileReference{kDefaultFolder, location, key};
  return true;
}

bool FieldTraits<Package>::Parse(const Value& value, const std::string& key,
                                 Diagnostics* diagnostics, Package* to) {
  return PackageFields().Parse(value, key, diagnostics, to) &&
         CheckPackage(value.location(), key, diagnostics, to);
}

absl::StatusOr<std::string> LocatePackage(const Package& package, const PathResolver& paths,
                                          bool directory_allowed) {
  std::vector<std::string> candidates = {package.path->path};
  if (!package.url.empty()) candidates.insert(candidates.begin(), PathInFolder(package));
  for (const std::string& candidate : candidates) {
    absl::StatusOr<std::string> file = paths.ForReading(candidate);
    if (absl::IsNotFound(file.status())) continue;
    if (!file.ok()) return ErrorAtFile(*package.path, file.status());
    if (!IsDirectory(*file)) {
      const absl::Status matches = CheckDigest(package, candidate, *file);
      if (!matches.ok()) return ErrorAtFile(*package.path, matches);
      return file;
    }
    if (!package.url.empty()) continue;
    if (directory_allowed) return file;
    return ErrorAtFile(*package.path, absl::InvalidArgumentError(absl::StrCat(
                                          candidate, " is a directory; name the file in it")));
  }
  return ErrorAtFile(*package.path, NotFound(package));
}

absl::Status ErrorAtFile(const FileReference& file, const absl::Status& status,
                         const std::string& resolved) {
  std::string message(status.message());
  // The path on this machine means nothing to the author of the Kurfile.
  if (!resolved.empty()) message = absl::StrReplaceAll(message, {{resolved, file.path}});
  return ErrorAt(file.location, file.key, message);
}

}  // namespace kur
