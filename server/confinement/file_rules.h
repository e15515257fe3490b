#ifndef KUR_SERVER_CONFINEMENT_FILE_RULES_H_
#define KUR_SERVER_CONFINEMENT_FILE_RULES_H_

#include <array>
#include <map>
#include <string>
#include <vector>

#include "kur/v1/worker.pb.h"

namespace kur::server {

// What a process may do with a file, or with everything below a folder.
enum class FileAccess {
  kRead,
  kReadAndExecute,
  kReadAndWrite,  // and create, rename and remove files and folders; never links, pipes or devices
  kUseDevice,     // read, write and control
};

struct FileRule {
  std::string path;  // absolute; links are followed; a path that does not exist is no rule
  FileAccess access;
};

// The files in /proc that every worker may read. The kernel forgets a rule there when it drops its
// memory of the name, so the process itself makes these rules and keeps the files open.
// "/proc/self" is the folder of whoever makes the rule.
constexpr std::array<const char*, 9> kProcessFiles = {
    "/proc/self",    "/proc/cpuinfo",       "/proc/meminfo",     "/proc/stat", "/proc/devices",
    "/proc/modules", "/proc/driver/nvidia", "/proc/filesystems", "/proc/sys"};

// Returns what a worker may do with files because of its job: its run directory, workspace, user's
// folder and download cache are its own; it reads its inputs and the data roots. A pure function.
std::vector<FileRule> JobFiles(const v1::WorkerSpec& spec);

// Returns what every worker needs to run at all: the program `binary`, libraries, the trusted
// certificates, the descriptions of processors, and devices. `environment` is the worker's. Of
// devices it lists the names in /dev.
std::vector<FileRule> ProgramFiles(const std::string& binary,
                                   const std::map<std::string, std::string>& environment);

// Returns what a process that only connects to other machines needs: ProgramFiles() without the
// program and devices. A pure function.
std::vector<FileRule> NetworkFiles(const std::map<std::string, std::string>& environment);

}  // namespace kur::server

#endif  // KUR_SERVER_CONFINEMENT_FILE_RULES_H_
