#include "server/launcher/card_trial.h"

#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "engine/base/clock.h"
#include "engine/base/environment.h"
#include "engine/base/file_system.h"
#include "engine/base/status.h"
#include "engine/base/unique_fd.h"
#include "google/protobuf/util/json_util.h"
#include "server/confinement/file_rules.h"
#include "server/confinement/landlock.h"
#include "server/launcher/spawn.h"
#include "server/launcher/worker_environment.h"
#include "server/protocol/capabilities.pb.h"

namespace kur::server {
namespace {

constexpr size_t kMostOutput = 1 << 20;

// Why a process has ended.
std::string EndText(const siginfo_t& end) {
  if (end.si_code == CLD_EXITED) return absl::StrCat("ended with ", end.si_status);
  return absl::StrCat("was ended by signal ", end.si_status, " (", strsignal(end.si_status), ")");
}

class WorkerQuestion {
 public:
  WorkerQuestion(std::string worker_binary, Confinement confinement, absl::Duration deadline)
      : worker_binary_(std::move(worker_binary)), confinement_(confinement), deadline_(deadline) {}

  // Returns what stands in the way on each of the cards, which one process is to see.
  absl::StatusOr<std::vector<absl::Status>> Ask(const std::vector<Device>& cards) const {
    KUR_ASSIGN_OR_RETURN(const std::string output, Run(cards));
    return ReadCapabilities(output, cards.size());
  }

 private:
  // Runs the program and returns what it has printed.
  absl::StatusOr<std::string> Run(const std::vector<Device>& cards) const {
    Machine machine;
    KUR_ASSIGN_OR_RETURN(machine.cpuinfo, FileSystem::Posix().Read("/proc/cpuinfo"));
    // In memory: on a disk that is full the cards are there all the same.
    const UniqueFd printed(memfd_create("capabilities", MFD_CLOEXEC));
    if (!printed.valid()) return ErrnoToStatus(errno, "asking a worker for its capabilities");
    SpawnRequest request;
    request.binary = worker_binary_;
    request.arguments = {"--capabilities"};
    request.environment = WorkerEnvironment(OwnEnvironment(), cards, machine);
    request.output = printed.get();
    if (confinement_ == Confinement::kWherever) {
      request.arguments.emplace_back("--confined");
      if (LandlockVersion() >= kNeededLandlock) {
        request.files = ProgramFiles(worker_binary_, request.environment);
      }
    }
    KUR_ASSIGN_OR_RETURN(const SpawnedProcess process, Spawn(request));
    pollfd ended = {process.pidfd.get(), POLLIN, 0};
    const absl::Duration left = std::max(deadline_ - Uptime(), absl::ZeroDuration());
    const int done = poll(&ended, 1, static_cast<int>(absl::ToInt64Milliseconds(left)));
    siginfo_t end = {};
    if (done == 1) waitid(P_PID, static_cast<id_t>(process.pid), &end, WEXITED | WNOWAIT);
    KillAndReap(process.pid);
    if (done != 1) return absl::UnavailableError("a worker gave no answer in time");
    std::string output(kMostOutput, '\0');
    const ssize_t size = pread(printed.get(), output.data(), output.size(), 0);
    if (size < 0) return ErrnoToStatus(errno, "reading the capabilities of a worker");
    output.resize(static_cast<size_t>(size));
    if (end.si_code == CLD_EXITED && end.si_status == 0) return output;
    return absl::UnavailableError(
        absl::StrCat("a worker that was asked ", EndText(end), FirstLineOf(output)));
  }

  static std::string FirstLineOf(const std::string& output) {
    if (output.empty()) return "";
    return absl::StrCat(": ", output.substr(0, output.find('\n')));
  }

  const std::string worker_binary_;
  const Confinement confinement_;
  const absl::Duration deadline_;  // on Uptime()'s clock
};

}  // namespace

absl::StatusOr<std::vector<absl::Status>> ReadCapabilities(absl::string_view output, size_t count) {
  WorkerCapabilities capabilities;
  bool is_found = false;
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  // Libraries print warnings before it.
  for (const absl::string_view line : absl::StrSplit(output, '\n')) {
    if (line.substr(0, 1) != "{") continue;
    is_found =
        google::protobuf::util::JsonStringToMessage(std::string(line), &capabilities, options).ok();
  }
  if (!is_found) {
    return absl::UnavailableError(
        absl::StrCat("a worker gave no answer but: ", output.substr(0, output.find('\n'))));
  }
  if (!capabilities.has_cuda()) return absl::FailedPreconditionError(capabilities.error());
  if (static_cast<size_t>(capabilities.cards_size()) < count) {
    return absl::UnavailableError(capabilities.error().empty() ? "CUDA does not show it to workers"
                                                               : capabilities.error());
  }
  std::vector<absl::Status> results;
  for (size_t i = 0; i < count; ++i) {
    const std::string& error = capabilities.cards(static_cast<int>(i)).error();
    results.push_back(error.empty() ? absl::OkStatus() : absl::FailedPreconditionError(error));
  }
  return results;
}

CardTrial MakeCardTrial(const std::string& worker_binary, Confinement confinement,
                        absl::Duration patience) {
  return [worker_binary, confinement,
          patience](const std::vector<Device>& cards) -> absl::StatusOr<std::vector<absl::Status>> {
    const WorkerQuestion question(worker_binary, confinement, Uptime() + patience);
    std::vector<Device> whole;
    std::vector<Device> alone;  // one of each card that is split
    for (const Device& card : cards) {
      const bool is_new = std::none_of(alone.begin(), alone.end(), [&](const Device& other) {
        return other.cuda_index == card.cuda_index;
      });
      if (card.mig_place < 0) {
        whole.push_back(card);
      } else if (is_new) {
        alone.push_back(card);
      }
    }
    std::map<int, absl::Status> by_card;
    if (!whole.empty()) {
      const auto results = question.Ask(whole);
      if (absl::IsFailedPrecondition(results.status())) return results.status();
      // CUDA shows nothing behind a card that it does not know, and one may end the process for
      // all.
      if (!results.ok()) alone.insert(alone.begin(), whole.begin(), whole.end());
      for (size_t i = 0; results.ok() && i < whole.size(); ++i) {
        by_card[whole[i].cuda_index] = (*results)[i];
      }
    }
    for (const Device& card : alone) {
      const auto result = question.Ask({card});
      if (absl::IsFailedPrecondition(result.status())) return result.status();
      by_card[card.cuda_index] = result.ok() ? result->front() : result.status();
    }
    std::vector<absl::Status> results;
    results.reserve(cards.size());
    for (const Device& card : cards) results.push_back(by_card[card.cuda_index]);
    return results;
  };
}

}  // namespace kur::server
