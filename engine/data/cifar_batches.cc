#include "engine/data/cifar_batches.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/file_system.h"
#include "engine/base/files_without_links.h"
#include "engine/base/status.h"
#include "engine/data/columns/pickle_columns.h"
#include "engine/formats/pickle/pickle_reader.h"
#include "engine/formats/tar_reader.h"

namespace kur {
namespace {

constexpr int64_t kSide = 32;
constexpr int64_t kPlane = kSide * kSide;
constexpr int64_t kChannels = 3;
constexpr int64_t kImage = kPlane * kChannels;

// A genuine batch has 31 MB.
constexpr int64_t kMaxBatchBytes = int64_t{1} << 30;

// The content of one file.
struct Batch {
  Array images;  // uint8, (samples, 3 * 32 * 32): a plane for each channel
  Array labels;
};

absl::StatusOr<Batch> ParseBatch(const std::string& content, const std::string& name) {
  KUR_ASSIGN_OR_RETURN(const PickleValue pickle, ParsePickle(content, name));
  const PickleValue* images = pickle.Find("data");
  const PickleValue* labels = pickle.Find("labels");
  if (images == nullptr || labels == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ": expected a dictionary with 'data' and 'labels', as CIFAR-10 has"));
  }
  Batch batch;
  auto pixels = ToArray(*images, 0);
  if (!pixels.ok() || pixels->dtype() != DType::kUint8 || pixels->rank() != 2 ||
      pixels->shape()[1] != kImage) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ": 'data' must be a uint8 array of shape (samples, ", kImage, ")"));
  }
  batch.images = *std::move(pixels);
  auto classes = ToArray(*labels, batch.images.shape()[0]);
  if (!classes.ok() || classes->rank() != 1 || classes->count() != batch.images.shape()[0]) {
    return absl::InvalidArgumentError(absl::StrCat(name,
                                                   ": 'labels' must be one number for each of the ",
                                                   batch.images.shape()[0], " images"));
  }
  batch.labels = *std::move(classes);
  return batch;
}

absl::Status CheckComplete(const std::map<std::string, Batch>& batches,
                           const std::vector<std::string>& parts) {
  std::vector<std::string> missing;
  for (const std::string& part : parts) {
    if (batches.count(part) == 0) missing.push_back(CifarFileName(part));
  }
  if (missing.empty()) return absl::OkStatus();
  return absl::NotFoundError(absl::StrCat("the archive lacks ", absl::StrJoin(missing, ", "),
                                          "; is it the version of CIFAR-10 for Python?"));
}

// Copies an image from a plane for each channel to interleaved pixels.
void Interleave(const uint8_t* planes, uint8_t* pixels) {
  for (int64_t i = 0; i < kPlane; ++i) {
    for (int64_t channel = 0; channel < kChannels; ++channel) {
      pixels[i * kChannels + channel] = planes[channel * kPlane + i];
    }
  }
}

std::vector<double> Mean(const Array::Bytes& images, int64_t samples) {
  std::vector<uint64_t> sums(kImage);
  for (size_t start = 0; start < images.size(); start += kImage) {
    for (size_t i = 0; i < kImage; ++i) sums[i] += images[start + i];
  }
  std::vector<double> mean(sums.begin(), sums.end());
  for (double& value : mean) value /= static_cast<double>(samples);
  return mean;
}

absl::StatusOr<CifarBatches> Concatenate(const std::vector<Batch>& batches) {
  int64_t samples = 0;
  for (const Batch& batch : batches) samples += batch.images.shape()[0];
  if (samples == 0) return absl::InvalidArgumentError("there are no images");
  Array::Bytes images(static_cast<size_t>(samples * kImage));
  std::vector<double> labels;
  uint8_t* to = images.data();
  for (const Batch& batch : batches) {
    for (int64_t i = 0; i < batch.images.shape()[0]; ++i, to += kImage) {
      Interleave(batch.images.bytes() + i * kImage, to);
      labels.push_back(batch.labels.At(i));
    }
  }
  CifarBatches all;
  all.mean = Mean(images, samples);
  KUR_ASSIGN_OR_RETURN(
      all.images,
      Array::FromBytes(DType::kUint8, {samples, kSide, kSide, kChannels}, std::move(images)));
  KUR_ASSIGN_OR_RETURN(all.labels, Array::FromValues({samples}, labels));
  return all;
}

absl::StatusOr<std::map<std::string, Batch>> ReadParts(TarReader& archive,
                                                       const std::vector<std::string>& parts) {
  std::map<std::string, std::string> wanted;  // file name -> part
  for (const std::string& part : parts) wanted[CifarFileName(part)] = part;
  std::map<std::string, Batch> batches;
  while (true) {
    KUR_ASSIGN_OR_RETURN(const auto member, archive.Next());
    if (!member.has_value()) return batches;
    const auto found = wanted.find(BaseName(member->name));
    if (found == wanted.end()) continue;
    if (batches.count(found->second) > 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("the archive has more than one file ", found->first));
    }
    KUR_ASSIGN_OR_RETURN(const std::string content, archive.ReadContent());
    KUR_ASSIGN_OR_RETURN(batches[found->second], ParseBatch(content, member->name));
  }
}

absl::StatusOr<CifarBatches> ReadArchive(const std::string& path,
                                         const std::vector<std::string>& parts) {
  KUR_ASSIGN_OR_RETURN(const auto archive, TarReader::Open(path));
  KUR_ASSIGN_OR_RETURN(auto batches, ReadParts(*archive, parts));
  KUR_RETURN_IF_ERROR(CheckComplete(batches, parts));
  std::vector<Batch> ordered;
  ordered.reserve(parts.size());
  for (const std::string& part : parts) ordered.push_back(std::move(batches[part]));
  return Concatenate(ordered);
}

}  // namespace

std::string CifarFileName(const std::string& part) {
  return part == "test" ? "test_batch" : absl::StrCat("data_batch_", part);
}

absl::StatusOr<CifarBatches> ReadCifarArchive(const std::string& path,
                                              const std::vector<std::string>& parts) {
  auto all = ReadArchive(path, parts);
  if (!all.ok()) return Annotate(all.status(), path);
  return all;
}

absl::StatusOr<CifarBatches> ReadCifarFiles(const std::vector<std::string>& files) {
  std::vector<Batch> batches;
  for (const std::string& file : files) {
    KUR_ASSIGN_OR_RETURN(const std::string content, FilesWithoutLinks().Read(file, kMaxBatchBytes));
    KUR_ASSIGN_OR_RETURN(Batch batch, ParseBatch(content, file));
    batches.push_back(std::move(batch));
  }
  return Concatenate(batches);
}

}  // namespace kur
