#ifndef KUR_ENGINE_BASE_LOCATION_H_
#define KUR_ENGINE_BASE_LOCATION_H_

#include <memory>
#include <string>

namespace kur {

// A place in a text file that a person wrote. Cheap to copy; immutable, so safe to share between
// threads. `file` is the name as it should be shown; lines and columns count from 1, and 0 means
// unknown.
struct Location {
  std::shared_ptr<const std::string> file;
  int line = 0;
  int column = 0;

  bool known() const { return file != nullptr; }

  // "cifar.yml:12:5", "cifar.yml" when the line is unknown, "" when nothing is known.
  std::string ToString() const {
    if (file == nullptr) return "";
    if (line == 0) return *file;
    return *file + ":" + std::to_string(line) + ":" + std::to_string(column);
  }
};

}  // namespace kur

#endif  // KUR_ENGINE_BASE_LOCATION_H_
