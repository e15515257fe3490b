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
#include "engine/value/literal_secret.h"

namespace kur {
namespace {

constexpr char kDefaultFolder[] = "~/kur";

const Fields<Package>& PackageFields() {
  static const auto* fields = new Fields<Package>(
      Fields<Package>()
          .Optional("url", &Package::url, "where the file can be downloaded; several: mirrors")
          .Optional("login", &Package::login, kLoginDoc)
          .Keys(LoginFields().Describe())
          .Optional("path", &Package::path, "the file, or the folder of the file that url names")
          .Optional("checksum", &Package::checksum, "SHA-256 of the file")
          .Shorthand("path"));
  return *fields;
}

// Returns "b.gz" for "http://host/a/b.gz?x#y".
std::string FileNameOf(const std::string& url) {
  return BaseName(url.substr(0, url.find_first_of("?#")));
}

// Returns the name that the URLs give the file; "" if they are secrets, or none.
std::string NameByUrl(const Package& package) {
  for (const Credential& url : package.url) {
    if (!url.secret().has_value()) return FileNameOf(url.text);
  }
  return "";
}

// Returns the file that the URL names in the folder `path`.
std::string PathInFolder(const Package& package) {
  return JoinPath(package.path->path, NameByUrl(package));
}

// Returns an error that a Kurfile can be told, or "".
std::string CheckUrl(const Credential& url) {
  if (url.secret().has_value()) return "";
  const bool is_web = absl::StartsWithIgnoreCase(url.text, "http://") ||
                      absl::StartsWithIgnoreCase(url.text, "https://");
  const std::string shown = absl::StrCat("the url ", MaskLiteralSecrets(url.text));
  if (!is_web) return absl::StrCat(shown, " begins with neither https:// nor http://");
  return FileNameOf(url.text).empty() ? absl::StrCat(shown, " does not name a file") : "";
}

bool CheckLogin(const Package& package, const std::string& key, Diagnostics* diagnostics) {
  if (!package.login.has_value()) return true;
  const Login& login = *package.login;
  const Credential& any = login.token.has_value() ? *login.token : *login.user;
  if (package.url.size() != 1) {
    diagnostics->Error(any.location, key + ".login",
                       absl::StrCat("belongs to one url, and here ",
                                    package.url.empty() ? "is none" : "are several"));
    return false;
  }
  if (absl::StartsWithIgnoreCase(package.url.front().text, "http://")) {
    diagnostics->Warning(any.location, key + ".login",
                         "goes over the network in the clear, as the url is no https://");
  }
  return true;
}

std::string TextOf(const std::optional<Credential>& credential) {
  return credential.has_value() ? credential->text : "";
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
  if (NameByUrl(package).empty()) {
    return absl::NotFoundError(
        package.url.empty()
            ? absl::StrCat("no such file: ", package.path->path)
            : absl::StrCat(package.path->path, " is no file; name one, as its url is a secret"));
  }
  return absl::NotFoundError(absl::StrCat("there is neither the file ", PathInFolder(package),
                                          " nor the file ", package.path->path));
}

}  // namespace

FileReference Package::File() const {
  FileReference file = *path;
  const std::string name = NameByUrl(*this);
  if (!name.empty() && BaseName(path->path) != name) file.path = PathInFolder(*this);
  for (const Credential& mirror : url) file.urls.push_back(mirror.text);
  file.sha256 = absl::AsciiStrToLower(checksum.value_or(""));
  return file;
}

HttpLogin Package::HttpLoginOf() const {
  if (!login.has_value()) return {};
  return {TextOf(login->user), TextOf(login->password), TextOf(login->token)};
}

std::vector<SecretUse> Package::Secrets() const {
  std::vector<SecretUse> uses;
  for (const Credential& mirror : url) AppendSecretUse(mirror, "", &uses);
  if (!login.has_value()) return uses;
  for (const auto* part : {&login->user, &login->password, &login->token}) {
    if (part->has_value()) AppendSecretUse(**part, url.front().text, &uses);
  }
  return uses;
}

bool CheckPackage(const Location& location, const std::string& key, Diagnostics* diagnostics,
                  Package* package) {
  for (const Credential& url : package->url) {
    const std::string error = CheckUrl(url);
    if (error.empty()) continue;
    diagnostics->Error(location, key, error);
    return false;
  }
  if (!CheckLogin(*package, key, diagnostics)) return false;
  if (package->checksum.has_value() && !IsSha256Hex(absl::AsciiStrToLower(*package->checksum))) {
    diagnostics->Error(location, key, "the checksum must be a SHA-256: 64 hexadecimal digits");
    return false;
  }
  if (package->path.has_value()) return true;
  if (package->url.empty()) {
    diagnostics->Error(location, key, "needs the path of a file, or a url");
    return false;
  }
  if (NameByUrl(*package).empty()) {
    diagnostics->Error(location, key, "needs the path of the file, as the url is a secret");
    return false;
  }
  package->path = FileReference{kDefaultFolder, location, key};
  return true;
}

const Fields<Login>& LoginFields() {
  static const auto* const kFields = new Fields<Login>(
      Fields<Login>()
          .Optional("user", &Login::user, "the user's name")
          .Example("anna")
          .Optional("password", &Login::password, "the user's password")
          .Example("secret:DATA_PASSWORD")
          .Optional("token", &Login::token, "a bearer token, in place of user and password")
          .Example("secret:HF_TOKEN")
          .Shorthand("token"));
  return *kFields;
}

bool FieldTraits<Login>::Parse(const Value& value, const std::string& key, Diagnostics* diagnostics,
                               Login* to) {
  if (!LoginFields().Parse(value, key, diagnostics, to)) return false;
  const bool is_token = to->token.has_value() && !to->user.has_value() && !to->password.has_value();
  const bool is_user = !to->token.has_value() && to->user.has_value() && to->password.has_value();
  if (is_token || is_user) return true;
  diagnostics->Error(value.location(), key, "needs 'user' and 'password', or 'token' alone");
  return false;
}

bool FieldTraits<Package>::Parse(const Value& value, const std::string& key,
                                 Diagnostics* diagnostics, Package* to) {
  return PackageFields().Parse(value, key, diagnostics, to) &&
         CheckPackage(value.location(), key, diagnostics, to);
}

absl::StatusOr<std::string> LocatePackage(const Package& package, const PathResolver& paths,
                                          bool directory_allowed) {
  std::vector<std::string> candidates = {package.path->path};
  if (!NameByUrl(package).empty()) candidates.insert(candidates.begin(), PathInFolder(package));
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
