#include "engine/data/images/image_files.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "engine/base/file_system.h"
#include "engine/base/files_without_links.h"
#include "engine/base/status.h"
#include "engine/data/archive_members.h"

namespace kur {
namespace {

bool HasImageExtension(const std::string& name) {
  const std::string lower = absl::AsciiStrToLower(name);
  return absl::EndsWith(lower, ".jpg") || absl::EndsWith(lower, ".jpeg") ||
         absl::EndsWith(lower, ".png") || absl::EndsWith(lower, ".webp");
}

class FolderFiles : public ImageFiles {
 public:
  FolderFiles(std::string folder, PathResolver paths, std::vector<std::string> names)
      : folder_(std::move(folder)), paths_(std::move(paths)), names_(std::move(names)) {}

  int64_t size() const override { return static_cast<int64_t>(names_.size()); }
  std::string Name(int64_t i) const override {
    return JoinPath(folder_, names_[static_cast<size_t>(i)]);
  }
  absl::StatusOr<std::string> Read(int64_t i, int64_t max_bytes) const override {
    const std::string name = Name(i);
    KUR_ASSIGN_OR_RETURN(const std::string file, paths_.ForReading(name));
    auto content = FilesWithoutLinks().Read(file, max_bytes);
    if (content.ok()) return content;
    return absl::Status(content.status().code(),
                        absl::StrReplaceAll(content.status().message(), {{file, name}}));
  }

 private:
  std::string folder_;
  PathResolver paths_;
  std::vector<std::string> names_;
};

// The images of an archive by their names in it.
using Members = std::map<std::string, std::string>;

class ArchiveFiles : public ImageFiles {
 public:
  ArchiveFiles(std::string archive, Members members, std::vector<std::string> names)
      : archive_(std::move(archive)), members_(std::move(members)), names_(std::move(names)) {}

  int64_t size() const override { return static_cast<int64_t>(names_.size()); }
  std::string Name(int64_t i) const override {
    return absl::StrCat(archive_, ": ", names_[static_cast<size_t>(i)]);
  }
  absl::StatusOr<std::string> Read(int64_t i, int64_t max_bytes) const override {
    const std::string& content = members_.at(names_[static_cast<size_t>(i)]);
    if (static_cast<int64_t>(content.size()) <= max_bytes) return content;
    return absl::ResourceExhaustedError(
        absl::StrCat(Name(i), " has more than the ", max_bytes, " bytes allowed"));
  }

 private:
  std::string archive_;
  Members members_;
  std::vector<std::string> names_;
};

absl::StatusOr<ClassifiedFiles> ByFolder(const std::set<std::string>& names,
                                         const std::string& display_path, const OtherFiles& others,
                                         const ListedClasses& classes) {
  if (names.empty()) {
    const std::string left_out = others.Describe();
    return absl::InvalidArgumentError(absl::StrCat(display_path,
                                                   ": holds no .jpg, .jpeg, .png or .webp",
                                                   left_out.empty() ? "" : "; ", left_out));
  }
  auto classified = ClassifyByFolder(names, classes, "image");
  if (!classified.ok()) return Annotate(classified.status(), display_path);
  return classified;
}

ImageSet MakeSet(ClassifiedFiles* classified, std::shared_ptr<const ImageFiles> files,
                 OtherFiles others) {
  return {std::move(files), std::move(classified->classes), std::move(classified->labels),
          std::move(others)};
}

absl::StatusOr<ImageSet> OpenFolder(const std::string& folder, const std::string& display_path,
                                    const PathResolver& paths,
                                    std::optional<ClassifiedFiles> listed,
                                    const ListedClasses& classes) {
  OtherFiles others;
  ClassifiedFiles classified;
  if (listed.has_value()) {
    classified = *std::move(listed);
    for (const std::string& name : classified.files) {
      const std::string path = JoinPath(display_path, name);
      const absl::Status readable = paths.ForReading(path).status();
      if (readable.ok()) continue;
      if (!absl::IsNotFound(readable)) return readable;
      return absl::NotFoundError(absl::StrCat("there is no ", path, ", which the table names"));
    }
  } else {
    KUR_ASSIGN_OR_RETURN(const auto names, ListFilesBelow(folder, HasImageExtension, &others));
    KUR_ASSIGN_OR_RETURN(classified, ByFolder(names, display_path, others, classes));
  }
  auto files = std::make_shared<FolderFiles>(display_path, paths, std::move(classified.files));
  return MakeSet(&classified, std::move(files), std::move(others));
}

absl::StatusOr<ImageSet> OpenArchive(const std::string& file, const std::string& display_path,
                                     std::optional<ClassifiedFiles> listed,
                                     const ListedClasses& classes) {
  KUR_ASSIGN_OR_RETURN(ArchiveMembers read, ReadArchiveMembers(file, HasImageExtension));
  Members& members = read.contents;
  OtherFiles& others = read.others;
  ClassifiedFiles classified;
  const bool is_listed = listed.has_value();
  if (is_listed) {
    classified = *std::move(listed);
    for (std::string& name : classified.files) {
      name = NormalizeRelativePath(name).value_or(name);
      if (members.count(name) > 0) continue;
      return absl::NotFoundError(
          absl::StrCat(display_path, " holds no image '", name, "', which the table names"));
    }
  } else {
    std::set<std::string> names;
    for (const auto& [name, content] : members) names.insert(name);
    KUR_ASSIGN_OR_RETURN(classified, ByFolder(names, display_path, others, classes));
  }
  auto files =
      std::make_shared<ArchiveFiles>(display_path, std::move(members), std::move(classified.files));
  if (is_listed) others = {};
  return MakeSet(&classified, std::move(files), std::move(others));
}

}  // namespace

absl::StatusOr<ImageSet> OpenImages(const std::string& file, const std::string& display_path,
                                    const PathResolver& paths,
                                    std::optional<ClassifiedFiles> listed,
                                    const ListedClasses& classes) {
  if (IsDirectory(file)) return OpenFolder(file, display_path, paths, std::move(listed), classes);
  return OpenArchive(file, display_path, std::move(listed), classes);
}

}  // namespace kur
