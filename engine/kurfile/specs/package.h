#ifndef KUR_ENGINE_KURFILE_SPECS_PACKAGE_H_
#define KUR_ENGINE_KURFILE_SPECS_PACKAGE_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/base/path_resolver.h"
#include "engine/kurfile/schema/fields.h"
#include "engine/value/file_reference.h"

namespace kur {

// A file of a data set as a Kurfile describes it: where it comes from, where it lies, and what it
// must hold. Immutable.
struct Package {
  // Mirrors, in order; empty: the file is not to be had from elsewhere.
  std::vector<std::string> url;
  // A file, or with `url` also the folder which holds the file that the (first) URL names.
  std::optional<FileReference> path;
  // SHA-256 of the file, in hexadecimal digits.
  std::optional<std::string> checksum;

  // The file to read, as far as it can be known without looking, and where it can be had from.
  // Precondition: CheckPackage().
  FileReference File() const;
};

// Reports what is wrong with a package that is written at `location` under `key`; false if anything
// is. A package with a URL and no path gets Kur's customary folder, ~/kur.
bool CheckPackage(const Location& location, const std::string& key, Diagnostics* diagnostics,
                  Package* package);

// A package is written as a path or as a dictionary.
template <>
struct FieldTraits<Package> {
  static std::string Type() { return "path, or {url, path, checksum}"; }
  static Value Schema() { return AnyOfSchema({TypeSchema("string"), TypeSchema("object")}); }
  static bool Parse(const Value& value, const std::string& key, Diagnostics* diagnostics,
                    Package* to);
  static std::string Format(const Package&) { return ""; }
};

// Finds the file of a package on this machine, checks it against the checksum and returns its path.
// Without a URL, and only if `directory_allowed`, it may be a directory, of which no checksum is
// taken. Errors are diagnostics at the place of `package.path`.
absl::StatusOr<std::string> LocatePackage(const Package& package, const PathResolver& paths,
                                          bool directory_allowed = false);

// The same error, said to stand where `file` is named; where it names the file by its place on this
// machine, `resolved`, it now names it as the Kurfile does.
absl::Status ErrorAtFile(const FileReference& file, const absl::Status& status,
                         const std::string& resolved = "");

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_SPECS_PACKAGE_H_
