#ifndef KUR_ENGINE_BASE_FILES_WITHOUT_LINKS_H_
#define KUR_ENGINE_BASE_FILES_WITHOUT_LINKS_H_

#include <memory>
#include <string>

#include "engine/base/file_system.h"

namespace kur {

// Returns the file system of this machine, in which no folder of a path, nor its file, is a link,
// and files are regular ones (see OpenWithoutLinks()): for what PathResolver returns, and what else
// others can write in. Never destroyed.
FileSystem& FilesWithoutLinks();

// Returns a file system of this machine for kurd, which nothing confines. What lies in a folder of
// `folder`, such as FOLDER/NAME/..., is opened as FilesWithoutLinks() does: a worker writes there.
// Links to `folder` and to its folders are followed: only the operator can make them. Everything
// else is opened as FileSystem::Posix() does.
std::unique_ptr<FileSystem> FilesWithoutLinksIn(const std::string& folder);

}  // namespace kur

#endif  // KUR_ENGINE_BASE_FILES_WITHOUT_LINKS_H_
