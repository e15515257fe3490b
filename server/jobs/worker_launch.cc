#include "server/jobs/worker_launch.h"

#include <algorithm>
#include <string>
#include <vector>

#include "engine/base/file_identity.h"
#include "engine/base/status.h"
#include "kur/v1/worker.pb.h"
#include "server/confinement/file_rules.h"
#include "server/protocol/run_directory.h"
#include "server/protocol/worker_secrets.h"

namespace kur::server {
namespace {

std::vector<Device> AssignedDevices(const std::vector<Device>& devices, const JobRecord& record) {
  std::vector<Device> assigned;
  for (const Device& device : devices) {
    const bool mine = std::find(record.devices.begin(), record.devices.end(), device.name) !=
                      record.devices.end();
    if (mine) assigned.push_back(device);
  }
  return assigned;
}

v1::WorkerSpec Specify(const JobEnvironment& environment, const JobRecord& record,
                       const std::vector<Device>& devices) {
  const StateLayout& layout = *environment.layout;
  const FrozenJob& frozen = record.frozen;
  v1::WorkerSpec spec;
  spec.set_job(record.name);
  spec.set_attempt(record.attempts);
  spec.set_mode(frozen.mode());
  *spec.mutable_inspection() = frozen.inspection();
  spec.set_kurfile(frozen.kurfile());
  spec.set_source_directory(
      RunDirectory(*environment.files, layout.Run(record.name)).source_directory());
  *spec.mutable_overrides() = frozen.overrides();
  spec.set_seed(frozen.seed());
  for (const v1::Input& input : frozen.inputs()) {
    v1::WorkerInput& file = *spec.add_inputs();
    file.set_path(input.path());
    file.set_file(environment.blobs->PathOf(record.owner, input.sha256()));
  }
  spec.set_workspace(layout.Workspace(record.owner, record.project));
  spec.set_home(layout.Home(record.owner));
  for (const std::string& root : environment.data.roots) spec.add_data_roots(root);
  spec.set_offline(environment.data.offline);
  for (const std::string& network : environment.data.download_networks) {
    spec.add_download_networks(network);
  }
  spec.set_download_cache(layout.Downloads(record.owner));
  spec.set_run_directory(layout.Run(record.name));
  spec.set_server("unix:" + layout.worker_socket());
  spec.set_secret(frozen.secret());
  // CUDA_VISIBLE_DEVICES leaves only the assigned cards, so the first of them is number 0.
  const bool has_cuda = !devices.empty() && devices.front().kind == Device::Kind::kCuda;
  spec.set_device(has_cuda ? "cuda:0" : "cpu");
  if (has_cuda) spec.set_device_memory_bytes(devices.front().memory_bytes);
  spec.set_threads(ThreadsFor(devices));
  spec.set_gpu_count(CountCudaDevices(environment.inventory->devices()));
  return spec;
}

}  // namespace

absl::StatusOr<LaunchRequest> PrepareLaunch(const JobEnvironment& environment,
                                            const JobRecord& record, const KnownEvents& events) {
  FileSystem& files = *environment.files;
  LaunchRequest request;
  request.job = record.name;
  request.run_directory = environment.layout->Run(record.name);
  request.devices = AssignedDevices(environment.inventory->devices(), record);
  const bool needs_device = record.frozen.devices().count() > 0;
  if (request.devices.size() != record.devices.size() ||
      (needs_device && request.devices.empty())) {
    return absl::FailedPreconditionError(
        "the devices that the job was given are not on this machine any more");
  }
  KUR_ASSIGN_OR_RETURN(const auto sources, environment.store->Sources(record.id));
  v1::WorkerSpec spec = Specify(environment, record, request.devices);
  spec.set_acknowledged_sequence(events.acknowledged);
  spec.set_event_bytes(environment.event_bytes);
  spec.set_event_bytes_used(events.bytes);
  KUR_ASSIGN_OR_RETURN(*spec.mutable_run_directory_id(), FileIdentity(request.run_directory));
  request.files = JobFiles(spec);
  KUR_RETURN_IF_ERROR(files.MakeDirectories(spec.workspace(), 0700));
  KUR_RETURN_IF_ERROR(files.MakeDirectories(spec.home(), 0700));
  // A worker that is confined to it cannot create it.
  KUR_RETURN_IF_ERROR(files.MakeDirectories(spec.download_cache(), 0700));
  KUR_RETURN_IF_ERROR(RunDirectory(files, request.run_directory).Prepare(sources, spec));
  if (record.frozen.secrets().empty()) return request;
  KUR_ASSIGN_OR_RETURN(
      v1::WorkerSecrets secrets,
      environment.secrets->Reveal(record.owner, record.frozen.secrets(), record.name));
  request.secrets = secrets.SerializeAsString();
  WipeSecrets(&secrets);
  return request;
}

}  // namespace kur::server
