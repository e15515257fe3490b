#ifndef KUR_ENGINE_BASE_LOCATION_H_
#define KUR_ENGINE_BASE_LOCATION_H_

#include <memory>
#include <string>

namespace kur {

// A place in a text file that a person wrote. `file` is the name to show; lines and columns count
// from 1, and 0 means unknown. Cheap to copy. Immutable, thread-safe.
struct Location {
  std::shared_ptr<const std::string> file;
  int line = 0;
  int column = 0;

  bool known() const { return file != nullptr; }

  // Returns "cifar.yml:12:5", "cifar.yml" if the line is unknown, or "" if nothing is known.
  std::string ToString() const {
    if (file == nullptr) return "";
    if (line == 0) return *file;
    return *file + ":" + std::to_string(line) + ":" + std::to_string(column);
  }
};

}  // namespace kur

#endif  // KUR_ENGINE_BASE_LOCATION_H_
