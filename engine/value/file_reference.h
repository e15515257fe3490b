#ifndef KUR_ENGINE_VALUE_FILE_REFERENCE_H_
#define KUR_ENGINE_VALUE_FILE_REFERENCE_H_

#include <string>
#include <vector>

#include "engine/base/location.h"

namespace kur {

// A file that a Kurfile names. PathResolver resolves the path.
struct FileReference {
  // As written, after templating.
  std::string path;
  // Where the Kurfile names the file.
  Location location;
  // The key that names the file: "train.data[0].pickle".
  std::string key;
  // For an input: false if the job can run without the file, as for `weights.initial` without
  // `must_exist`.
  bool must_exist = true;
  // For an input: where to download a missing file, mirrors in order of preference.
  std::vector<std::string> urls = {};
  // The required SHA-256 digest, 64 lower-case hexadecimal digits; empty: any content.
  std::string sha256 = {};

  bool is_relative() const { return !path.empty() && path[0] != '/' && path[0] != '~'; }
};

}  // namespace kur

#endif  // KUR_ENGINE_VALUE_FILE_REFERENCE_H_
