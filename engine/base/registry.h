#ifndef KUR_ENGINE_BASE_REGISTRY_H_
#define KUR_ENGINE_BASE_REGISTRY_H_

#include <cstdlib>
#include <iostream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace kur {

// The kinds of one sort (layers, losses, suppliers, ...) by name. A kind adds itself at the foot of
// its own file while the program starts, so that no other file lists the kinds; after main() has
// begun a registry is only read, and reading is thread-safe.
template <class Kind>
class Registry {
 public:
  // The one registry of this sort. Never destroyed.
  static Registry& Get() {
    static auto* registry = new Registry;
    return *registry;
  }

  // A second kind of the same name is a bug of ours: the program aborts.
  void Add(std::string name, Kind kind) {
    const auto [it, inserted] = kinds_.emplace(std::move(name), std::move(kind));
    if (!inserted) {
      std::cerr << "kind registered twice: " << it->first << std::endl;
      std::abort();
    }
  }

  // The kind of that name, or null. The pointer stays valid for ever.
  const Kind* Find(absl::string_view name) const {
    const auto it = kinds_.find(name);
    return it == kinds_.end() ? nullptr : &it->second;
  }

  // All names, sorted.
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& entry : kinds_) names.push_back(entry.first);
    return names;
  }

 private:
  struct Less {
    using is_transparent = void;
    bool operator()(absl::string_view a, absl::string_view b) const { return a < b; }
  };
  std::map<std::string, Kind, Less> kinds_;
};

// Adds `kind` to its registry when constructed; for a static object at the foot of a kind's file.
template <class Kind>
struct Registration {
  Registration(std::string name, Kind kind) {
    Registry<Kind>::Get().Add(std::move(name), std::move(kind));
  }
};

}  // namespace kur

#endif  // KUR_ENGINE_BASE_REGISTRY_H_
