#include "server/confinement/file_rules.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "engine/base/file_system.h"

namespace kur::server {
namespace {

// Where libraries lie, and the data of libraries, such as time zones and certificates. The last two
// are the folders of the libtorch that the workers were built with and of CUDA's libraries beside
// it, which may be "".
constexpr std::array<const char*, 7> kLibraryFolders = {
    "/usr", "/lib", "/lib32", "/lib64", "/opt", KUR_LIBTORCH_FOLDER, KUR_LIBTORCH_CUDA_FOLDER};

// What the C library, and the library that downloads, read of a machine's configuration. Not among
// them is /etc/passwd: who else works here is nobody's business.
constexpr std::array<const char*, 11> kConfiguration = {
    "/etc/ld.so.cache", "/etc/ld.so.preload", "/etc/localtime",      "/etc/ssl",
    "/etc/pki",         "/etc/resolv.conf",   "/etc/nsswitch.conf",  "/etc/hosts",
    "/etc/host.conf",   "/etc/gai.conf",      "/etc/ca-certificates"};

// Processors, memory, cards on the bus, and the limits of the control group.
constexpr std::array<const char*, 6> kHardware = {
    "/sys/devices", "/sys/bus/pci",   "/sys/class/drm",
    "/sys/module",  "/sys/fs/cgroup", "/sys/kernel/mm/transparent_hugepage"};

constexpr std::array<const char*, 4> kDevices = {"/dev/null", "/dev/zero", "/dev/random",
                                                 "/dev/urandom"};

// Variables that name folders with libraries, separated by colons.
constexpr std::array<const char*, 3> kLibraryVariables = {"LD_LIBRARY_PATH", "CUDA_HOME",
                                                          "CUDA_PATH"};
constexpr std::array<const char*, 2> kCertificateVariables = {"SSL_CERT_FILE", "SSL_CERT_DIR"};

// Adds the absolute paths that the variables of the environment name.
template <size_t kCount>
void AddVariables(const std::array<const char*, kCount>& names,
                  const std::map<std::string, std::string>& environment, FileAccess access,
                  std::vector<FileRule>* rules) {
  for (const char* name : names) {
    const auto variable = environment.find(name);
    if (variable == environment.end()) continue;
    for (const auto folder : absl::StrSplit(variable->second, ':')) {
      if (absl::StartsWith(folder, "/")) rules->push_back({std::string(folder), access});
    }
  }
}

void Add(const std::string& path, FileAccess access, std::vector<FileRule>* rules) {
  if (!path.empty()) rules->push_back({path, access});
}

}  // namespace

std::vector<FileRule> JobFiles(const v1::WorkerSpec& spec) {
  std::vector<FileRule> rules;
  for (const std::string& own :
       {spec.run_directory(), spec.workspace(), spec.home(), spec.download_cache()}) {
    Add(own, FileAccess::kReadAndWrite, &rules);
  }
  for (const std::string& root : spec.data_roots()) Add(root, FileAccess::kRead, &rules);
  for (const v1::WorkerInput& input : spec.inputs()) Add(input.file(), FileAccess::kRead, &rules);
  return rules;
}

std::vector<FileRule> NetworkFiles(const std::map<std::string, std::string>& environment) {
  std::vector<FileRule> rules;
  rules.reserve(std::size(kLibraryFolders) + std::size(kConfiguration) + std::size(kDevices));
  for (const char* folder : kLibraryFolders) Add(folder, FileAccess::kReadAndExecute, &rules);
  for (const char* path : kConfiguration) rules.push_back({path, FileAccess::kRead});
  for (const char* device : kDevices) rules.push_back({device, FileAccess::kUseDevice});
  AddVariables(kLibraryVariables, environment, FileAccess::kReadAndExecute, &rules);
  AddVariables(kCertificateVariables, environment, FileAccess::kRead, &rules);
  return rules;
}

std::vector<FileRule> ProgramFiles(const std::string& binary,
                                   const std::map<std::string, std::string>& environment) {
  std::vector<FileRule> rules = NetworkFiles(environment);
  rules.push_back({binary, FileAccess::kReadAndExecute});
  for (const char* path : kHardware) rules.push_back({path, FileAccess::kRead});
  for (const std::string& name : ListDirectory("/dev").value_or(std::vector<std::string>())) {
    if (!absl::StartsWith(name, "nvidia")) continue;
    rules.push_back({absl::StrCat("/dev/", name), FileAccess::kUseDevice});
  }
  return rules;
}

}  // namespace kur::server
