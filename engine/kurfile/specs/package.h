#ifndef KUR_ENGINE_KURFILE_SPECS_PACKAGE_H_
#define KUR_ENGINE_KURFILE_SPECS_PACKAGE_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/base/path_resolver.h"
#include "engine/kurfile/schema/credential.h"
#include "engine/kurfile/schema/fields.h"
#include "engine/value/file_reference.h"
#include "engine/value/http_login.h"
#include "engine/value/secret_reference.h"

namespace kur {

// What proves to a server who downloads: a user and a password, or a token. Immutable once parsed.
struct Login {
  std::optional<Credential> user;
  std::optional<Credential> password;
  std::optional<Credential> token;
};

// Returns the keys of a login, and the documentation of the key that has it.
const Fields<Login>& LoginFields();
constexpr char kLoginDoc[] = "what the server of the url wants: a token, or {user, password}";

// Reads a token or a dictionary.
template <>
struct FieldTraits<Login> {
  static std::string Type() { return "token, or {user, password}"; }
  static Value Schema() { return AnyOfSchema({TypeSchema("string"), TypeSchema("object")}); }
  static bool Parse(const Value& value, const std::string& key, Diagnostics* diagnostics,
                    Login* to);
  static std::string Format(const Login&) { return ""; }
};

// A file of a data set: where to download it, where it is stored, and its checksum. Immutable once
// parsed.
struct Package {
  // Mirrors, in order of preference; empty: the file cannot be downloaded.
  std::vector<Credential> url;
  // Only with one URL: a server learns nothing that is for another.
  std::optional<Login> login;
  // A file. With `url`, may also be the folder that holds the file which the first URL names that
  // is no secret.
  std::optional<FileReference> path;
  // The SHA-256 digest of the file in hexadecimal digits.
  std::optional<std::string> checksum;

  // Returns the file to read, as far as it is known without access to the disk, with its URLs.
  // Precondition: CheckPackage() returned true.
  FileReference File() const;

  // Returns what the login says, with secrets by their names.
  HttpLogin HttpLoginOf() const;

  // Returns the secrets that downloading the file takes.
  std::vector<SecretUse> Secrets() const;
};

// Reports what is wrong with a package at `location` under `key`; returns false after an error.
// Gives a package with a URL and without a path the customary folder of Kur, ~/kur.
bool CheckPackage(const Location& location, const std::string& key, Diagnostics* diagnostics,
                  Package* package);

// Reads a path or a dictionary.
template <>
struct FieldTraits<Package> {
  static std::string Type() { return "path, or {url, login, path, checksum}"; }
  static Value Schema() { return AnyOfSchema({TypeSchema("string"), TypeSchema("object")}); }
  static bool Parse(const Value& value, const std::string& key, Diagnostics* diagnostics,
                    Package* to);
  static std::string Format(const Package&) { return ""; }
};

// Finds the file of a package on this machine, verifies its checksum and returns its path. Accepts
// a directory, without a checksum, if there is no URL and `directory_allowed`. Errors are
// diagnostics at the place of `package.path`.
absl::StatusOr<std::string> LocatePackage(const Package& package, const PathResolver& paths,
                                          bool directory_allowed = false);

// Returns the error at the place where the Kurfile names `file`. Replaces `resolved`, the path of
// the file on this machine, in the message by the path in the Kurfile.
absl::Status ErrorAtFile(const FileReference& file, const absl::Status& status,
                         const std::string& resolved = "");

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_SPECS_PACKAGE_H_
