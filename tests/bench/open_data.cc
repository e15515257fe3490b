// Opens a supplier and says as JSON how long that took, how much memory it took at most, and how
// much of it the samples would fill as 32-bit floats:
//
//   open_data csv /data/table.csv

#include <chrono>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/file_system.h"
#include "engine/base/path_resolver.h"
#include "engine/base/registry.h"
#include "engine/data/supplier.h"
#include "engine/kurfile/diagnostics.h"
#include "engine/kurfile/supplier_spec.h"

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

int Fail(const absl::Status& status) {
  std::cerr << status.message() << std::endl;
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: open_data SUPPLIER FILE" << std::endl;
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
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  if (!sources.ok()) return Fail(sources.status());
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
