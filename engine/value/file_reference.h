#ifndef KUR_ENGINE_VALUE_FILE_REFERENCE_H_
#define KUR_ENGINE_VALUE_FILE_REFERENCE_H_

#include <string>
#include <vector>

#include "engine/base/location.h"

namespace kur {

// A file that a Kurfile names. What the path means is up to the PathResolver.
struct FileReference {
  // As written, after templating.
  std::string path;
  // Where it is written.
  Location location;
  // The key that names it: "train.data[0].pickle".
  std::string key;
  // For a file that is read: false if the job can do without it (`weights.initial` without
  // `must_exist`).
  bool must_exist = true;
  // For a file that is read: where it can be downloaded from if it is not there, mirrors in order.
  std::vector<std::string> urls = {};
  // What its content must be: SHA-256, 64 lower-case hexadecimal digits; empty: anything.
  std::string sha256 = {};

  bool is_relative() const { return !path.empty() && path[0] != '/' && path[0] != '~'; }
};

}  // namespace kur

#endif  // KUR_ENGINE_VALUE_FILE_REFERENCE_H_
