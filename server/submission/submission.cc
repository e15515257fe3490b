#include "server/submission/submission.h"

#include <openssl/rand.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/clock.h"
#include "engine/base/path_resolver.h"
#include "engine/base/sha256.h"
#include "engine/base/status.h"
#include "engine/value/diagnostics.h"
#include "engine/value/secret_reference.h"
#include "server/protocol/conversions.h"
#include "server/scheduler/scheduling_policy.h"

namespace kur::server {
namespace {

constexpr char kDefaultProject[] = "default";
// The number of digests that a message names.
constexpr size_t kMaxNamed = 10;
// Limits the size of the event, which may have a picture of each sample.
constexpr int32_t kMaxShownSamples = 20;
// Leaves room for the run directory, to which they are relative in the end.
constexpr size_t kMaxSourcePathBytes = 2048;

bool IsNameCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
}

absl::Status CheckCount(absl::string_view what, int count, int most) {
  if (count <= most) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("at most ", most, " ", what, ", got ", count));
}

absl::Status CheckName(absl::string_view what, const std::string& name) {
  const bool legal = name.size() <= kMaxNameBytes &&
                     std::all_of(name.begin(), name.end(), IsNameCharacter) &&
                     absl::ascii_isalnum(static_cast<unsigned char>(name[0]));
  if (legal) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("the ", what, " '", absl::CHexEscape(name.substr(0, kMaxNameBytes)),
                   "' must begin with a letter or a digit and have only letters, digits, '.', '_' "
                   "and '-', at most ",
                   kMaxNameBytes));
}

// Normalizes a path, or returns INVALID_ARGUMENT beginning with `what`.
absl::Status Normalize(absl::string_view what, std::string* path) {
  auto normalized = NormalizeRelativePath(*path);
  if (!normalized.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(what, ": ", normalized.status().message()));
  }
  *path = *std::move(normalized);
  return absl::OkStatus();
}

// The worker has the sources as files: none of them may be a folder of another.
absl::Status CheckArePathsOfOneFolder(const std::set<std::string>& paths) {
  for (const std::string& path : paths) {
    const auto inside = paths.lower_bound(path + "/");
    const bool is_folder = inside != paths.end() && absl::StartsWith(*inside, path + "/");
    if (!is_folder && path.size() <= kMaxSourcePathBytes) continue;
    return absl::InvalidArgumentError(
        "the sources cannot be files of one folder: one path is a folder of another, or too long");
  }
  return absl::OkStatus();
}

absl::Status CheckSources(v1::SubmitJobRequest* request) {
  if (request->sources().empty()) return absl::InvalidArgumentError("sources are required");
  std::set<std::string> paths;
  for (v1::SourceFile& source : *request->mutable_sources()) {
    KUR_RETURN_IF_ERROR(Normalize("sources", source.mutable_path()));
    if (!paths.insert(source.path()).second) {
      return absl::InvalidArgumentError(absl::StrCat("source ", source.path(), " is given twice"));
    }
  }
  KUR_RETURN_IF_ERROR(CheckArePathsOfOneFolder(paths));
  KUR_RETURN_IF_ERROR(Normalize("kurfile", request->mutable_kurfile()));
  if (paths.count(request->kurfile()) == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("the Kurfile ", request->kurfile(), " is not among the sources"));
  }
  return absl::OkStatus();
}

absl::Status CheckInputs(v1::SubmitJobRequest* request) {
  std::set<std::string> paths;
  for (v1::Input& input : *request->mutable_inputs()) {
    auto normalized = NormalizeInputPath(input.path());
    if (!normalized.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("inputs: ", normalized.status().message()));
    }
    input.set_path(*std::move(normalized));
    if (!IsSha256Hex(input.sha256())) {
      return absl::InvalidArgumentError(absl::StrCat(
          "input ", input.path(), ": sha256 must be 64 lower-case hexadecimal digits"));
    }
    if (!paths.insert(input.path()).second) {
      return absl::InvalidArgumentError(absl::StrCat("input ", input.path(), " is given twice"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckInspection(const v1::SubmitJobRequest& request) {
  if (request.has_inspection() && request.mode() != v1::MODE_INSPECT) {
    return absl::InvalidArgumentError("inspection is for MODE_INSPECT");
  }
  const int32_t samples = request.inspection().samples();
  if (samples >= 0 && samples <= kMaxShownSamples) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("inspection.samples must be from 0 to ", kMaxShownSamples, ", not ", samples));
}

// Checks everything but the Kurfile, sets the defaults and normalizes the paths.
absl::Status CheckRequest(v1::SubmitJobRequest* request) {
  KUR_RETURN_IF_ERROR(CheckSubmissionSize(*request));
  if (request->request_id().empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("request_id is required, with at most ", kMaxRequestIdBytes, " bytes"));
  }
  if (!v1::Mode_IsValid(request->mode())) return absl::InvalidArgumentError("unknown mode");
  if (request->mode() == v1::MODE_UNSPECIFIED) request->set_mode(v1::MODE_TRAIN);
  if (request->max_restarts() < 0 || request->max_restarts() > kMostRestarts) {
    return absl::InvalidArgumentError(absl::StrCat("max_restarts is from 0 to ", kMostRestarts,
                                                   ", not ", request->max_restarts()));
  }
  KUR_RETURN_IF_ERROR(CheckInspection(*request));
  KUR_RETURN_IF_ERROR(CheckSources(request));
  KUR_RETURN_IF_ERROR(CheckInputs(request));
  if (request->name().empty()) request->set_name(NameFromKurfile(request->kurfile()));
  if (request->project().empty()) request->set_project(kDefaultProject);
  KUR_RETURN_IF_ERROR(CheckName("name", request->name()));
  return CheckName("project", request->project());
}

absl::Status CheckUploaded(BlobStore& blobs, const std::string& owner,
                           const v1::SubmitJobRequest& request) {
  std::set<std::string> missing;
  for (const v1::Input& input : request.inputs()) {
    if (!blobs.Use(owner, input.sha256())) {
      missing.insert(input.sha256());
      continue;
    }
    const auto size = FileSize(blobs.PathOf(owner, input.sha256()));
    // Whatever is wrong with kurd's own file is no matter of the request.
    if (!size.ok()) {
      return absl::InternalError(
          absl::StrCat("input ", input.path(), ": ", size.status().message()));
    }
    if (*size != input.size()) {
      return absl::InvalidArgumentError(
          absl::StrCat("input ", input.path(), " has ", *size, " bytes, not ", input.size()));
    }
  }
  if (missing.empty()) return absl::OkStatus();
  const auto shown_end = std::next(missing.begin(), std::min(missing.size(), kMaxNamed));
  std::string names = absl::StrJoin(missing.begin(), shown_end, ", ");
  if (missing.size() > kMaxNamed) {
    absl::StrAppend(&names, " and ", missing.size() - kMaxNamed, " more");
  }
  return absl::FailedPreconditionError(
      absl::StrCat("contents that were not uploaded: ", names, "; upload them and submit again"));
}

absl::Status CheckFilesAreSane(const google::protobuf::RepeatedPtrField<NamedFile>& files) {
  // Far more than a Kurfile of the largest size can name.
  constexpr int kMaxFiles = 100'000;
  constexpr size_t kMaxPathBytes = 4096;
  if (files.size() > kMaxFiles) return absl::InvalidArgumentError("too many files");
  for (const NamedFile& file : files) {
    if (file.path().size() > kMaxPathBytes || absl::StrContains(file.path(), '\0')) {
      return absl::InvalidArgumentError("a path that can be none");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckSecretsAreSane(const google::protobuf::RepeatedPtrField<NamedSecret>& secrets) {
  constexpr int kMaxUses = 1000;
  constexpr size_t kMaxUrlBytes = 4096;
  std::set<std::string> names;
  for (const NamedSecret& secret : secrets) {
    names.insert(secret.use().name());
    if (!IsSecretName(secret.use().name()) || secret.use().url().size() > kMaxUrlBytes) {
      return absl::InvalidArgumentError("it names a secret, or a URL for one, that can be none");
    }
  }
  if (secrets.size() <= kMaxUses && names.size() <= kMaxSecretsOfJob) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("it uses secrets in ", secrets.size(),
                                                 " places; at most ", kMaxSecretsOfJob,
                                                 " secrets in ", kMaxUses, " places"));
}

absl::Status CheckErrorsAreSane(const google::protobuf::RepeatedPtrField<v1::Diagnostic>& errors) {
  // As many as Diagnostics has.
  constexpr int kMaxErrors = 100;
  if (errors.size() > kMaxErrors) {
    return absl::InvalidArgumentError("more errors than a Kurfile can have");
  }
  const bool refuses = std::any_of(errors.begin(), errors.end(), [](const v1::Diagnostic& error) {
    return !error.warning() && !error.message().empty();
  });
  return refuses ? absl::OkStatus() : absl::InvalidArgumentError("errors that are none");
}

// Returns an error at a place that the evaluator named.
absl::Status ErrorAtPlace(const v1::Diagnostic& place, const absl::Status& status) {
  const Diagnostic at = FromProto(place);
  return ErrorAt(at.location, at.path, std::string(status.message()));
}

// Returns what the Kurfile asks for, or all its errors.
absl::StatusOr<EvaluationResponse> Evaluate(const SubmissionContext& context,
                                            const v1::SubmitJobRequest& request) {
  EvaluationRequest evaluation;
  *evaluation.mutable_sources() = request.sources();
  evaluation.set_kurfile(request.kurfile());
  *evaluation.mutable_overrides() = request.overrides();
  evaluation.set_mode(request.mode());
  evaluation.set_section(request.inspection().section());
  evaluation.set_gpu_count(CountCudaDevices(context.devices));
  KUR_ASSIGN_OR_RETURN(EvaluationResponse response, context.evaluator.Evaluate(evaluation));
  KUR_RETURN_IF_ERROR(Annotate(CheckResponse(response), request.kurfile()));
  if (response.errors().empty()) return response;
  Diagnostics diagnostics;
  for (const v1::Diagnostic& error : response.errors()) {
    const Diagnostic diagnostic = FromProto(error);
    diagnostics.Append(diagnostic.severity == Diagnostic::Severity::kError
                           ? ErrorAt(diagnostic.location, diagnostic.path, diagnostic.message)
                           : absl::OkStatus(),
                       {}, "");
  }
  return diagnostics.ToStatus();
}

// Checks that the files that the job reads exist and that the job may write its files. Returns the
// normalized paths of the files that the job writes.
absl::StatusOr<std::vector<std::string>> CheckFiles(const SubmissionContext& context,
                                                    const std::string& owner,
                                                    const v1::SubmitJobRequest& request,
                                                    const EvaluationResponse& kurfile) {
  PathResolver::Options options;
  options.workspace = context.layout.Workspace(owner, request.project());
  options.home = context.layout.Home(owner);
  options.data_roots = context.data.roots;
  for (const v1::Input& input : request.inputs()) {
    options.inputs[input.path()] = context.blobs.PathOf(owner, input.sha256());
  }
  const PathResolver resolver(std::move(options));
  Diagnostics diagnostics;
  for (const NamedFile& file : kurfile.inputs()) {
    const absl::Status readable = resolver.ForReading(file.path()).status();
    const bool comes_later = file.has_urls() && !context.data.offline;
    if (readable.ok()) continue;
    if (absl::IsNotFound(readable) && (comes_later || !file.must_exist())) continue;
    diagnostics.Append(ErrorAtPlace(file.place(), readable), {}, "");
  }
  std::vector<std::string> writes;
  for (const NamedFile& file : kurfile.outputs()) {
    const absl::Status writable = resolver.ForWriting(file.path()).status();
    if (!writable.ok()) {
      diagnostics.Append(ErrorAtPlace(file.place(), writable), {}, "");
      continue;
    }
    writes.push_back(NormalizeRelativePath(file.path()).value_or(file.path()));
  }
  KUR_RETURN_IF_ERROR(diagnostics.ToStatus());
  std::sort(writes.begin(), writes.end());
  writes.erase(std::unique(writes.begin(), writes.end()), writes.end());
  return writes;
}

// Checks that the owner has the secrets that the job uses.
absl::Status CheckSecrets(SecretVault& vault, const std::string& owner,
                          const EvaluationResponse& kurfile) {
  std::set<std::string> known;
  for (const NamedSecret& secret : kurfile.secrets()) {
    if (!known.insert(secret.use().name()).second) continue;
    const absl::Status usable = vault.Check(owner, secret.use().name());
    const Diagnostic place = FromProto(secret.place());
    KUR_RETURN_IF_ERROR(
        Annotate(usable, absl::StrCat(place.location.ToString(), ": ", place.path)));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> RandomBytes(size_t count) {
  std::string bytes(count, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(&bytes[0]), static_cast<int>(count)) != 1) {
    return absl::InternalError("the system gives no random numbers");
  }
  return bytes;
}

absl::StatusOr<uint64_t> RandomSeed() {
  KUR_ASSIGN_OR_RETURN(const std::string bytes, RandomBytes(4));
  uint64_t seed = 0;
  for (const char byte : bytes) seed = seed << 8 | static_cast<unsigned char>(byte);
  return seed;
}

}  // namespace

absl::Status CheckSubmissionSize(const v1::SubmitJobRequest& request) {
  if (request.request_id().size() > kMaxRequestIdBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("a request_id has at most ", kMaxRequestIdBytes, " bytes"));
  }
  KUR_RETURN_IF_ERROR(CheckCount("sources", request.sources_size(), kMaxSources));
  KUR_RETURN_IF_ERROR(CheckCount("inputs", request.inputs_size(), kMaxInputs));
  KUR_RETURN_IF_ERROR(CheckCount("overrides", request.overrides_size(), kMaxOverrides));
  int64_t bytes = 0;
  for (const v1::SourceFile& source : request.sources()) {
    const auto size = static_cast<int64_t>(source.content().size());
    bytes += size;
    if (size > kMaxSourceBytes || bytes > kMaxAllSourceBytes) {
      return absl::InvalidArgumentError(
          absl::StrCat("source ", source.path(), " makes the sources too large: at most ",
                       kMaxSourceBytes, " bytes each and ", kMaxAllSourceBytes, " together"));
    }
  }
  int64_t input_bytes = 0;
  for (const v1::Input& input : request.inputs()) {
    input_bytes += static_cast<int64_t>(input.ByteSizeLong());
  }
  if (input_bytes > kMaxInputBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("the list of inputs has ", input_bytes, " bytes; at most ", kMaxInputBytes,
                     "; use shorter paths, or put the files into an archive"));
  }
  int64_t override_bytes = 0;
  for (const std::string& override : request.overrides()) override_bytes += override.size();
  if (override_bytes <= kMaxOverrideBytes) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "the overrides have ", override_bytes, " bytes; at most ", kMaxOverrideBytes, " together"));
}

absl::Status CheckResponse(const EvaluationResponse& response) {
  if (!response.errors().empty()) return CheckErrorsAreSane(response.errors());
  constexpr int kMaxDevices = 1024;
  const RequestedDevices& devices = response.devices();
  const bool sane = RequestedDevices::Kind_IsValid(devices.kind()) &&
                    devices.allowed_size() <= kMaxDevices &&
                    devices.excluded_size() <= kMaxDevices && devices.count() <= kMaxDevices;
  if (!sane) return absl::InvalidArgumentError("it asks for devices that cannot be");
  KUR_RETURN_IF_ERROR(CheckSecretsAreSane(response.secrets()));
  KUR_RETURN_IF_ERROR(CheckFilesAreSane(response.inputs()));
  return CheckFilesAreSane(response.outputs());
}

std::string NameFromKurfile(const std::string& kurfile) {
  std::string stem = BaseName(kurfile);
  const size_t dot = stem.rfind('.');
  if (dot != std::string::npos && dot > 0) stem.resize(dot);
  std::string name;
  for (const char c : stem) {
    if (IsNameCharacter(c)) {
      name += c;
    } else if (!name.empty() && name.back() != '-') {
      name += '-';
    }
  }
  name.erase(0, name.find_first_not_of("-._"));
  name.resize(std::min(name.size(), kMaxNameBytes));
  while (!name.empty() && name.back() == '-') name.pop_back();
  return name.empty() ? "job" : name;
}

absl::StatusOr<NewJob> FreezeSubmission(const SubmissionContext& context, const std::string& owner,
                                        const v1::SubmitJobRequest& original) {
  v1::SubmitJobRequest request = original;
  KUR_RETURN_IF_ERROR(CheckRequest(&request));
  KUR_RETURN_IF_ERROR(CheckUploaded(context.blobs, owner, request));
  KUR_ASSIGN_OR_RETURN(EvaluationResponse kurfile, Evaluate(context, request));
  if (request.mode() == v1::MODE_INSPECT) {
    kurfile.mutable_devices()->set_count(0);
  } else {
    const absl::Status satisfiable =
        CheckSatisfiable(ToDeviceRequest(kurfile.devices()), context.devices);
    if (!satisfiable.ok()) return ErrorAtPlace(kurfile.devices_place(), satisfiable);
  }
  KUR_ASSIGN_OR_RETURN(const auto writes, CheckFiles(context, owner, request, kurfile));
  KUR_RETURN_IF_ERROR(CheckSecrets(context.secrets, owner, kurfile));

  NewJob job;
  job.base_name = request.name();
  job.owner = owner;
  job.project = request.project();
  job.request_id = request.request_id();
  job.submitted_at = TimeOfDay();
  job.sources.assign(request.sources().begin(), request.sources().end());
  job.frozen.set_mode(request.mode());
  job.frozen.set_kurfile(request.kurfile());
  *job.frozen.mutable_overrides() = request.overrides();
  *job.frozen.mutable_inputs() = request.inputs();
  for (const std::string& path : writes) job.frozen.add_writes(path);
  for (const NamedSecret& secret : kurfile.secrets()) *job.frozen.add_secrets() = secret.use();
  *job.frozen.mutable_devices() = kurfile.devices();
  *job.frozen.mutable_inspection() = request.inspection();
  job.frozen.set_max_restarts(request.has_max_restarts() ? request.max_restarts()
                                                         : context.max_restarts);
  KUR_ASSIGN_OR_RETURN(const uint64_t random_seed, RandomSeed());
  job.frozen.set_seed(kurfile.has_seed() ? kurfile.seed() : random_seed);
  KUR_ASSIGN_OR_RETURN(const std::string secret, RandomBytes(16));
  job.frozen.set_secret(absl::BytesToHexString(secret));
  return job;
}

}  // namespace kur::server
