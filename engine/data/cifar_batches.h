#ifndef KUR_ENGINE_DATA_CIFAR_BATCHES_H_
#define KUR_ENGINE_DATA_CIFAR_BATCHES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/formats/array.h"

namespace kur {

// The concatenated parts of CIFAR-10 that were read.
struct CifarBatches {
  Array images;              // uint8, (samples, 32, 32, 3)
  Array labels;              // float64 class numbers, (samples,)
  std::vector<double> mean;  // of each of the 32 * 32 * 3 elements, over all samples
};

// Returns the file name of a part ("1" to "5", or "test"): "data_batch_1", "test_batch".
std::string CifarFileName(const std::string& part);

// Reads `parts`, in that order, from the archive at `path`: the version for Python that the authors
// of CIFAR-10 publish. Errors name the archive and the file in it. Returns NOT_FOUND if parts are
// missing.
absl::StatusOr<CifarBatches> ReadCifarArchive(const std::string& path,
                                              const std::vector<std::string>& parts);

// Reads files that were unpacked from that archive, in the given order.
absl::StatusOr<CifarBatches> ReadCifarFiles(const std::vector<std::string>& files);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_CIFAR_BATCHES_H_
