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

// The kinds of one category (layers, losses, suppliers, ...) by name. A kind adds itself at the
// foot of its own file while the program starts, so that no other file lists the kinds. After
// main() has begun the registry is only read, and reading is thread-safe.
template <class Kind>
class Registry {
 public:
  // Returns the one registry of this category, which is never destroyed.
  static Registry& Get() {
    static auto* registry = new Registry;
    return *registry;
  }

  // Adds a kind. Aborts if the name is taken: two kinds of one name are a bug of ours.
  void Add(std::string name, Kind kind) {
    const auto [it, inserted] = kinds_.emplace(std::move(name), std::move(kind));
    if (!inserted) {
      std::cerr << "kind registered twice: " << it->first << std::endl;
      std::abort();
    }
  }

  // Returns the kind of that name, or null. The pointer stays valid.
  const Kind* Find(absl::string_view name) const {
    const auto it = kinds_.find(name);
    return it == kinds_.end() ? nullptr : &it->second;
  }

  // Returns all names, sorted.
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

// Adds `kind` to its registry when constructed. Define a static object at the foot of a kind's
// file.
template <class Kind>
struct Registration {
  Registration(std::string name, Kind kind) {
    Registry<Kind>::Get().Add(std::move(name), std::move(kind));
  }
};

}  // namespace kur

#endif  // KUR_ENGINE_BASE_REGISTRY_H_
