// Opens a supplier and says as JSON how long that took, how much memory it took at most, and how
// much of it the samples would fill as 32-bit floats:
//
//   open_data csv /data/table.csv
//
// With a size of batches behind the file, making all samples into batches once counts as well.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/file_system.h"
#include "engine/base/path_resolver.h"
#include "engine/base/registry.h"
#include "engine/base/status.h"
#include "engine/data/supplier.h"
#include "engine/kurfile/specs/supplier_spec.h"
#include "engine/value/diagnostics.h"

namespace {

// getrusage() would count what the process that started this one had.
int64_t PeakBytes() {
  std::ifstream status("/proc/self/status");
  constexpr char kPeak[] = "VmHWM:";
  for (std::string line; std::getline(status, line);) {
    if (line.rfind(kPeak, 0) == 0) return std::stoll(line.substr(sizeof(kPeak))) * 1024;
  }
  return 0;
}

absl::Status Gather(const kur::Source& source, int64_t batch) {
  const kur::Shape row(source.shape().begin() + 1, source.shape().end());
  std::vector<int64_t> indices;
  std::vector<float> samples;
  for (int64_t start = 0; start < source.size(); start += batch) {
    const int64_t count = std::min(batch, source.size() - start);
    indices.resize(static_cast<size_t>(count));
    std::iota(indices.begin(), indices.end(), start);
    const int64_t extent = source.Extent(indices.data(), count);
    samples.resize(static_cast<size_t>(count * extent * kur::NumElements(row)));
    KUR_RETURN_IF_ERROR(source.Gather(indices.data(), count, extent, samples.data()));
  }
  return absl::OkStatus();
}

int Fail(const absl::Status& status) {
  std::cerr << status.message() << std::endl;
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  const int64_t batch = argc == 4 ? std::atoll(argv[3]) : 0;
  if (argc < 3 || argc > 4 || (argc == 4 && batch < 1)) {
    std::cerr << "usage: open_data SUPPLIER FILE [BATCH_SIZE]" << std::endl;
    return 2;
  }
  const auto* const kind = kur::Registry<kur::SupplierKind>::Get().Find(argv[1]);
  if (kind == nullptr) return Fail(absl::NotFoundError("no such supplier"));
  kur::Diagnostics diagnostics;
  const auto spec = kind->parse(kur::Value(std::string(argv[2])), "data", &diagnostics);
  if (spec == nullptr) return Fail(diagnostics.ToStatus());
  kur::PathResolver::Options options;
  options.workspace = "/";
  options.data_roots = {"/"};
  const kur::PathResolver paths(std::move(options));

  const int64_t before = PeakBytes();
  const auto begin = std::chrono::steady_clock::now();
  const auto sources = kur::OpenSupplier(*spec, paths);
  if (!sources.ok()) return Fail(sources.status());
  if (batch > 0) {
    for (const auto& [name, source] : *sources) {
      const absl::Status gathered = Gather(*source, batch);
      if (!gathered.ok()) return Fail(gathered);
    }
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  int64_t bytes = 0;
  for (const auto& [name, source] : *sources) {
    int64_t values = source->size();
    for (const int64_t extent : source->shape()) values *= extent;
    bytes += values * static_cast<int64_t>(sizeof(float));
  }
  std::cout << "{\"seconds\": " << took.count() << ", \"memory\": " << PeakBytes() - before
            << ", \"array_bytes\": " << bytes << "}" << std::endl;
  return 0;
}
