#include "server/evaluator/evaluation.h"

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "engine/base/status.h"
#include "engine/kurfile/kurfile.h"
#include "engine/value/diagnostics.h"
#include "server/protocol/conversions.h"

namespace kur::server {
namespace {

absl::StatusOr<Kurfile> Load(const EvaluationRequest& request) {
  std::map<std::string, std::string> files;
  for (const v1::SourceFile& source : request.sources()) files[source.path()] = source.content();
  const MemorySourceTree sources(std::move(files));
  KurfileOptions options;
  options.overrides.assign(request.overrides().begin(), request.overrides().end());
  options.sources = &sources;
  options.gpu_count = request.gpu_count();
  KUR_ASSIGN_OR_RETURN(Kurfile kurfile, Kurfile::Load(request.kurfile(), options));
  KUR_RETURN_IF_ERROR(kurfile.CheckMode(ToMode(request.mode())));
  return kurfile;
}

EvaluationResponse Refusal(const EvaluationRequest& request, const absl::Status& status) {
  EvaluationResponse response;
  for (const Diagnostic& diagnostic : DiagnosticsOf(status)) {
    *response.add_errors() = kur::ToProto(diagnostic);
  }
  if (response.errors().empty()) {
    v1::Diagnostic& error = *response.add_errors();
    error.set_file(request.kurfile());
    error.set_message(std::string(status.message()));
  }
  return response;
}

RequestedDevices::Kind ToProto(DeviceRequest::Kind kind) {
  switch (kind) {
    case DeviceRequest::Kind::kAny:
      break;
    case DeviceRequest::Kind::kCpu:
      return RequestedDevices::KIND_CPU;
    case DeviceRequest::Kind::kCuda:
      return RequestedDevices::KIND_CUDA;
  }
  return RequestedDevices::KIND_ANY;
}

// Returns a diagnostic without a message.
v1::Diagnostic PlaceOf(const Location& location, const std::string& key) {
  Diagnostic place;
  place.location = location;
  place.path = key;
  return kur::ToProto(place);
}

void SetDevices(const DeviceRequest& request, EvaluationResponse* response) {
  RequestedDevices& devices = *response->mutable_devices();
  devices.set_kind(ToProto(request.kind));
  for (const int index : request.allowed) devices.add_allowed(index);
  for (const int index : request.excluded) devices.add_excluded(index);
  devices.set_count(request.count);
  *response->mutable_devices_place() = PlaceOf(request.location, "settings.backend");
}

NamedFile ToProto(const FileReference& file) {
  NamedFile named;
  named.set_path(file.path);
  *named.mutable_place() = PlaceOf(file.location, file.key);
  named.set_must_exist(file.must_exist);
  named.set_has_urls(!file.urls.empty());
  return named;
}

NamedSecret ToProto(const SecretUse& use) {
  NamedSecret named;
  named.mutable_use()->set_name(use.name);
  named.mutable_use()->set_url(use.url);
  *named.mutable_place() = PlaceOf(use.location, use.key);
  return named;
}

}  // namespace

EvaluationResponse Evaluate(const EvaluationRequest& request) {
  const auto kurfile = Load(request);
  if (!kurfile.ok()) return Refusal(request, kurfile.status());
  EvaluationResponse response;
  SetDevices(kurfile->devices(), &response);
  if (kurfile->seed().has_value()) response.set_seed(*kurfile->seed());
  const Mode mode = ToMode(request.mode());
  for (const FileReference& file : kurfile->Inputs(mode, request.section())) {
    *response.add_inputs() = ToProto(file);
  }
  for (const FileReference& file : kurfile->Outputs(mode)) {
    *response.add_outputs() = ToProto(file);
  }
  for (const SecretUse& use : kurfile->Secrets(mode, request.section())) {
    *response.add_secrets() = ToProto(use);
  }
  return response;
}

}  // namespace kur::server
