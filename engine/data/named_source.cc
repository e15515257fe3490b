#include "engine/data/named_source.h"

#include <utility>

#include "engine/data/columns/derived_source.h"

namespace kur {
namespace {

// A source that passes on what its base gathers.
class SameSource : public DerivedSource {
 public:
  using DerivedSource::DerivedSource;

  const SymbolTable& symbols() const override { return base().symbols(); }
  absl::Status Gather(const int64_t* indices, int64_t count, int64_t extent,
                      float* to) const override {
    return base().Gather(indices, count, extent, to);
  }
};

class NamedSource : public SameSource {
 public:
  NamedSource(std::shared_ptr<const Source> source, std::function<std::string(int64_t)> name_of)
      : SameSource(std::move(source)), name_of_(std::move(name_of)) {}

  std::string NameOf(int64_t index) const override { return name_of_(index); }

 private:
  std::function<std::string(int64_t)> name_of_;
};

class SourceWithSymbols : public SameSource {
 public:
  SourceWithSymbols(std::shared_ptr<const Source> source, SymbolTable symbols)
      : SameSource(std::move(source)), symbols_(std::move(symbols)) {}

  const SymbolTable& symbols() const override { return symbols_; }

 private:
  SymbolTable symbols_;
};

}  // namespace

std::shared_ptr<const Source> WithNames(std::shared_ptr<const Source> source,
                                        std::function<std::string(int64_t)> name_of) {
  return std::make_shared<const NamedSource>(std::move(source), std::move(name_of));
}

std::shared_ptr<const Source> WithSymbols(std::shared_ptr<const Source> source,
                                          SymbolTable symbols) {
  return std::make_shared<const SourceWithSymbols>(std::move(source), std::move(symbols));
}

}  // namespace kur
