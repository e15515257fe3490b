#ifndef KUR_ENGINE_DATA_CIFAR_BATCHES_H_
#define KUR_ENGINE_DATA_CIFAR_BATCHES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/formats/array.h"

namespace kur {

// Parts of CIFAR-10, one after the other.
struct CifarBatches {
  Array images;              // uint8, (samples, 32, 32, 3)
  Array labels;              // float64, (samples,)
  std::vector<double> mean;  // of each of the 32 * 32 * 3 elements over all samples
};

// The name of the file of a part ("1" to "5", "test"): "data_batch_1", "test_batch".
std::string CifarFileName(const std::string& part);

// Reads `parts` in that order from the archive at `path`, which is for Python, as CIFAR-10's
// authors publish it. Errors name the archive and the file in it; NOT_FOUND if parts are missing.
absl::StatusOr<CifarBatches> ReadCifarArchive(const std::string& path,
                                              const std::vector<std::string>& parts);

// Reads files that were unpacked from it, in the order given.
absl::StatusOr<CifarBatches> ReadCifarFiles(const std::vector<std::string>& files);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_CIFAR_BATCHES_H_
