#include "engine/train/weight_files.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/file_system.h"
#include "engine/base/files_without_links.h"
#include "engine/base/status.h"
#include "engine/formats/idx.h"
#include "engine/value/diagnostics.h"

namespace kur {
namespace {

constexpr char kSuffix[] = ".kur";
constexpr int kMostDepth = 8;
constexpr size_t kMostFiles = 100000;
constexpr size_t kMostNamed = 8;

// Files by "LAYER+WEIGHT".
using KurFiles = std::map<std::string, std::string>;

// Every folder and file goes through `paths`: a link does not lead out of where one may read.
absl::Status FindFiles(const std::string& folder, const PathResolver& paths, int depth,
                       KurFiles* files) {
  KUR_ASSIGN_OR_RETURN(const std::string here, paths.ForReading(folder));
  KUR_ASSIGN_OR_RETURN(const auto names, FilesWithoutLinks().ListDirectory(here));
  for (const std::string& name : names) {
    const std::string path = absl::StrCat(folder, "/", name);
    const auto resolved = paths.ForReading(path);
    if (!resolved.ok()) continue;
    if (IsDirectory(*resolved)) {
      if (depth < kMostDepth) KUR_RETURN_IF_ERROR(FindFiles(path, paths, depth + 1, files));
    } else if (absl::EndsWith(name, kSuffix) && absl::StrContains(name, "+")) {
      files->emplace(name.substr(0, name.size() - sizeof(kSuffix) + 1), *resolved);
      if (files->size() > kMostFiles) {
        return absl::InvalidArgumentError(absl::StrCat("there are over ", kMostFiles, " files"));
      }
    }
  }
  return absl::OkStatus();
}

// "labels.weight" -> "layer_labels+weight".
std::string KurName(const WeightKey& key) {
  std::string layer = key.layer;
  for (char& c : layer) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c))) c = '_';
  }
  std::string weight = key.weight;
  // PyTorch numbers the layers of a recurrent stack, of which there is one.
  for (const char* matrix : {"weight_ih", "weight_hh", "bias_ih", "bias_hh"}) {
    if (absl::StartsWith(weight, matrix)) weight.insert(std::string(matrix).size(), "_l0");
  }
  return absl::StrCat("layer_", layer, "+", weight);
}

absl::StatusOr<at::Tensor> ReadTensor(const std::string& path) {
  KUR_ASSIGN_OR_RETURN(const Array array, ReadIdx(path));
  at::Tensor tensor = at::empty(array.shape(), at::kFloat);
  auto* values = tensor.data_ptr<float>();
  for (int64_t i = 0; i < array.count(); ++i) values[i] = static_cast<float>(array.At(i));
  return tensor;
}

std::string Named(std::vector<std::string> names) {
  const size_t more = names.size() - std::min(names.size(), kMostNamed);
  names.resize(names.size() - more);
  return absl::StrCat(absl::StrJoin(names, ", "),
                      more > 0 ? absl::StrCat(" and ", more, " more") : "");
}

absl::StatusOr<Checkpoint> ReadKurFolder(const std::string& path, const PathResolver& paths,
                                         const Model& model, RunEvents* events) {
  KurFiles files;
  KUR_RETURN_IF_ERROR(FindFiles(path, paths, 0, &files));
  if (files.empty()) {
    return absl::InvalidArgumentError("it is a folder without weights of Kur (LAYER+WEIGHT.kur)");
  }
  Checkpoint checkpoint;
  std::vector<std::string> fresh;
  checkpoint.weights = model.Weights();
  for (const auto& [name, key] : model.WeightKeys()) {
    const auto file = files.find(KurName(key));
    if (file == files.end()) {
      fresh.push_back(name);
      continue;
    }
    KUR_ASSIGN_OR_RETURN(checkpoint.weights[name], ReadTensor(file->second));
    files.erase(file);
  }
  if (!fresh.empty()) {
    events->OnLog(LogLevel::kWarning, absl::StrCat(path, " has no file for ", Named(fresh),
                                                   ": beginning with fresh ones there"));
  }
  std::vector<std::string> unused;
  for (const auto& [name, file] : files) {
    // Newer versions of PyTorch count the batches that running statistics have seen.
    if (!absl::EndsWith(name, "+num_batches_tracked")) unused.push_back(name + kSuffix);
  }
  if (!unused.empty()) {
    events->OnLog(LogLevel::kWarning,
                  absl::StrCat("no layer takes these files of ", path, ": ", Named(unused)));
  }
  return checkpoint;
}

}  // namespace

absl::StatusOr<Checkpoint> ReadWeights(const std::string& path, const PathResolver& paths,
                                       const Model& model, RunEvents* events) {
  KUR_ASSIGN_OR_RETURN(const std::string resolved, paths.ForReading(path));
  if (IsDirectory(resolved)) return ReadKurFolder(path, paths, model, events);
  return ReadCheckpoint(resolved);
}

absl::Status UnusableWeights(const FileReference& weights, const absl::Status& why) {
  const char* const which = absl::EndsWith(weights.key, "initial") ? "initial " : "";
  return ErrorAt(
      weights.location, weights.key,
      absl::StrCat("the ", which, "weights ", weights.path, " cannot be used: ", why.message()));
}

absl::StatusOr<std::shared_ptr<ModelEncodings>> ReadModelEncodings(const FileReference& weights,
                                                                   const PathResolver& paths) {
  const auto resolved = paths.ForReading(weights.path);
  if (!resolved.ok()) return UnusableWeights(weights, resolved.status());
  if (IsDirectory(*resolved)) {
    return std::make_shared<ModelEncodings>(std::nullopt, weights.path);
  }
  auto header = ReadCheckpointHeader(*resolved);
  if (!header.ok()) return UnusableWeights(weights, header.status());
  return std::make_shared<ModelEncodings>(std::move(header->encodings), weights.path);
}

}  // namespace kur
