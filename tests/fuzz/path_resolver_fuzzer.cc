// A path of a Kurfile, in a workspace with links: the first line is where one more link leads, the
// rest is the path. What is opened lies in the workspace, the user's folder or the data root.

#include <fcntl.h>
#include <unistd.h>

#include <climits>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "engine/base/open_beneath.h"
#include "engine/base/path_resolver.h"
#include "tests/testing/temporary_directory.h"

namespace {

// The tree that all inputs share: three roots, and a file that is in none.
class Tree {
 public:
  Tree() {
    for (const char* root : {"workspace", "home", "data"}) {
      dir_.Write(std::string(root) + "/a/b", "inside");
      Link("../../outside", std::string(root) + "/a/out");
      Link("..", std::string(root) + "/a/up");
      Link("a", std::string(root) + "/in");
      Link("c", std::string(root) + "/c");
    }
    dir_.Write("outside/secret", "secret");
    kur::PathResolver::Options options;
    options.workspace = dir_.File("workspace");
    options.home = dir_.File("home");
    options.data_roots = {dir_.File("data")};
    options.inputs = {{"../sent", dir_.File("data/a/b")}};
    resolver_ = std::make_unique<kur::PathResolver>(options);
    root_.reset(open(dir_.File("workspace").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  }

  void SetLink(const std::string& target) const {
    unlink(dir_.File("workspace/x").c_str());
    if (!target.empty())
      static_cast<void>(symlink(target.c_str(), dir_.File("workspace/x").c_str()));
  }

  void Check(const std::string& path) const {
    for (const std::string& tried : {path, dir_.File("data/") + path}) {
      const auto read = resolver_->ForReading(tried);
      if (read.ok()) CheckInside(kur::OpenWithoutLinks(*read, O_RDONLY));
      const auto written = resolver_->ForWriting(tried);
      if (written.ok()) CheckInside(kur::OpenWithoutLinks(*written, O_RDONLY));
      const auto beneath = kur::OpenBeneath(root_.get(), tried, O_RDONLY, 0, "it");
      const auto walked = kur::WalkBeneath(root_.get(), tried, O_RDONLY, 0, "it");
      if (beneath.ok() != walked.ok()) __builtin_trap();
      CheckInside(beneath);
      CheckInside(walked);
    }
  }

 private:
  void Link(const std::string& target, const std::string& name) const {
    std::filesystem::create_symlink(target, dir_.File(name));
  }

  void CheckInside(const absl::StatusOr<kur::UniqueFd>& file) const {
    if (!file.ok()) return;
    char path[PATH_MAX];
    const std::string name = "/proc/self/fd/" + std::to_string(file->get());
    const ssize_t size = readlink(name.c_str(), path, sizeof(path));
    if (size < 0) __builtin_trap();
    const absl::string_view real(path, static_cast<size_t>(size));
    for (const char* root : {"workspace", "home", "data"}) {
      if (real == dir_.File(root) || absl::StartsWith(real, dir_.File(root) + "/")) return;
    }
    __builtin_trap();
  }

  kur::TemporaryDirectory dir_;
  std::unique_ptr<kur::PathResolver> resolver_;
  kur::UniqueFd root_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Tree tree;
  const std::pair<std::string, std::string> parts = absl::StrSplit(
      absl::string_view(reinterpret_cast<const char*>(data), size), absl::MaxSplits('\n', 1));
  tree.SetLink(parts.first.c_str());
  tree.Check(parts.second);
  return 0;
}
