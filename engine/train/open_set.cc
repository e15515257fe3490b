#include "engine/train/open_set.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/status.h"
#include "engine/base/suggest.h"
#include "engine/value/diagnostics.h"

namespace kur {
namespace {

std::vector<std::string> SourceList(const BatchProvider& provider) {
  std::vector<std::string> names;
  for (const auto& [name, source] : provider.sources()) names.push_back(name);
  return names;
}

}  // namespace

OpenContext MakeOpenContext(const Kurfile& kurfile, const PathResolver& paths, Mode mode,
                            const RunHost& host) {
  OpenContext context(paths);
  context.seed = kurfile.seed().value_or(0);
  context.tell = [host](const std::string& text) { host.events->OnLog(LogLevel::kInfo, text); };
  context.read.emplace();
  for (const int input : kurfile.plan().inputs) {
    context.read->insert(kurfile.plan().layers[static_cast<size_t>(input)].name);
  }
  context.may_lack_others = mode == Mode::kEvaluate;
  for (const auto& loss : kurfile.sections().losses) {
    if (mode == Mode::kEvaluate) break;
    const std::vector<std::string> sources = loss->Sources();
    context.read->insert(sources.begin(), sources.end());
    if (loss->sample_weight.has_value()) context.read->insert(*loss->sample_weight);
  }
  context.warn = [host](const std::string& text) { host.events->OnLog(LogLevel::kWarning, text); };
  if (mode != Mode::kTrain) return context;
  context.write = [host](const FileReference& file, const std::string& content) {
    ArtifactInfo info;
    info.file = file;
    info.kind = ArtifactInfo::Kind::kResult;
    info.description = "statistics of the data";
    return host.artifacts->WriteArtifact(info, content);
  };
  return context;
}

absl::StatusOr<std::vector<OpenSet>> OpenData(const DataSection& section,
                                              const OpenContext& context, uint64_t seed,
                                              bool randomize) {
  std::vector<OpenSet> sets;
  ProviderOptions options = section.provider;
  if (!randomize) options.randomize.on = false;
  for (const DataSet& set : section.sets) {
    KUR_ASSIGN_OR_RETURN(SourceMap sources, OpenSuppliers(set.suppliers, context));
    auto provider = BatchProvider::Create(std::move(sources), options, seed);
    if (!provider.ok()) {
      if (!DiagnosticsOf(provider.status()).empty()) return provider.status();
      return ErrorAt(section.location, "data", std::string(provider.status().message()));
    }
    sets.push_back({section.sets.size() > 1 ? set.name : "", *std::move(provider)});
  }
  if (sets.empty()) return ErrorAt(section.location, "data", "there is no data");
  return sets;
}

absl::Status MissingSource(const std::string& what, const std::string& name,
                           const BatchProvider& provider, const Location& location,
                           const std::string& key) {
  const auto names = SourceList(provider);
  return ErrorAt(location, key,
                 absl::StrCat("the data has no source '", name, "' for ", what,
                              DidYouMean(name, names), "; it has: ", absl::StrJoin(names, ", ")));
}

absl::Status CheckHasSource(const BatchProvider& provider, const std::string& source,
                            const std::string& key, const Location& location) {
  if (provider.sources().count(source) > 0) return absl::OkStatus();
  return MissingSource("this key", source, provider, location, key);
}

}  // namespace kur
