// Any bytes as a Kurfile: the whole way from YAML through templates to the plan and its warnings.

#include <stdlib.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>

#include "engine/kurfile/kurfile.h"
#include "engine/kurfile/plan/resources.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::string* const kPath = [] {
    char folder[] = "/tmp/kurfile-fuzz-XXXXXX";
    return new std::string(std::string(mkdtemp(folder)) + "/fuzz.yml");
  }();
  FILE* const file = fopen(kPath->c_str(), "wb");
  if (file == nullptr) abort();
  fwrite(data, 1, size, file);
  fclose(file);
  kur::KurfileOptions options;
  options.include_root = kPath->substr(0, kPath->rfind('/'));
  const auto kurfile = kur::Kurfile::Load(*kPath, options);
  if (!kurfile.ok()) {
    // Every error has a place or says why it has none.
    if (kurfile.status().message().empty()) abort();
    return 0;
  }
  const auto& train = kurfile->sections().train;
  kur::EstimateResources(kurfile->plan(), train ? train->optimizer.get() : nullptr, 64);
  for (const kur::Mode mode : {kur::Mode::kTrain, kur::Mode::kTest, kur::Mode::kEvaluate}) {
    static_cast<void>(kurfile->CheckMode(mode));
    static_cast<void>(kurfile->Inputs(mode));
    static_cast<void>(kurfile->Outputs(mode));
  }
  return 0;
}
