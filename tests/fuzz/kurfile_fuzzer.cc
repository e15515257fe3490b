// Any bytes as a Kurfile: the whole way from YAML through templates to the plan and its warnings.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "engine/kurfile/kurfile.h"
#include "engine/kurfile/plan/resources.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const kur::MemorySourceTree sources(
      {{"fuzz.yml", std::string(reinterpret_cast<const char*>(data), size)}});
  kur::KurfileOptions options;
  options.sources = &sources;
  const auto kurfile = kur::Kurfile::Load("fuzz.yml", options);
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
