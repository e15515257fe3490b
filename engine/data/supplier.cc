#include "engine/data/supplier.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/kurfile/diagnostics.h"

namespace kur {
namespace {

// A source among those that earlier suppliers gave.
struct Origin {
  const SupplierSpec* spec;
  std::string name;
  int64_t size;
};

absl::Status CheckLength(const SupplierSpec& spec, const std::string& name, const Source& source,
                         const Origin& first) {
  if (source.size() == first.size) return absl::OkStatus();
  return ErrorAt(
      spec.location, spec.key,
      absl::StrCat("the source '", name, "' has ", source.size(), " samples, but the source '",
                   first.name, "' of ", first.spec->key, " has ", first.size));
}

}  // namespace

absl::StatusOr<SourceMap> OpenSupplier(const SupplierSpec& spec, const PathResolver& paths) {
  const SupplierOpener* opener = Registry<SupplierOpener>::Get().Find(spec.kind());
  if (opener == nullptr) {
    return absl::UnimplementedError(
        absl::StrCat("this program cannot open data of the kind '", spec.kind(), "'"));
  }
  KUR_ASSIGN_OR_RETURN(SourceMap sources, opener->open(spec, paths));
  for (const auto& [name, source] : sources) {
    const auto& [first_name, first] = *sources.begin();
    KUR_RETURN_IF_ERROR(CheckLength(spec, name, *source, {&spec, first_name, first->size()}));
  }
  return sources;
}

absl::StatusOr<SourceMap> OpenSuppliers(
    const std::vector<std::shared_ptr<const SupplierSpec>>& specs, const PathResolver& paths) {
  SourceMap all;
  std::map<std::string, const SupplierSpec*> owners;
  for (const auto& spec : specs) {
    KUR_ASSIGN_OR_RETURN(const SourceMap sources, OpenSupplier(*spec, paths));
    for (const auto& [name, source] : sources) {
      const auto [owner, inserted] = owners.emplace(name, spec.get());
      if (!inserted) {
        return ErrorAt(spec->location, spec->key,
                       absl::StrCat("the source '", name, "' is provided by ", owner->second->key,
                                    " already"));
      }
      all.emplace(name, source);
      const auto& [first_name, first] = *all.begin();
      KUR_RETURN_IF_ERROR(
          CheckLength(*spec, name, *source, {owners.at(first_name), first_name, first->size()}));
    }
  }
  return all;
}

}  // namespace kur
