#include "server/protocol/state_layout.h"

#include "absl/strings/str_cat.h"

namespace kur::server {

std::string StateLayout::Workspace(const std::string& owner, const std::string& project) const {
  return absl::StrCat(root_, "/projects/", owner, "/", project);
}

std::string StateLayout::Home(const std::string& owner) const {
  return absl::StrCat(root_, "/home/", owner);
}

std::string StateLayout::Downloads(const std::string& owner) const {
  return absl::StrCat(downloads(), "/", owner);
}

}  // namespace kur::server
