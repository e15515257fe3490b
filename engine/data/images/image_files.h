#ifndef KUR_ENGINE_DATA_IMAGES_IMAGE_FILES_H_
#define KUR_ENGINE_DATA_IMAGES_IMAGE_FILES_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/base/path_resolver.h"
#include "engine/data/classified_files.h"

namespace kur {

// The encoded images of a set, one a sample. Immutable, thread-safe.
class ImageFiles {
 public:
  virtual ~ImageFiles() = default;

  virtual int64_t size() const = 0;
  // As the Kurfile's author would name it.
  virtual std::string Name(int64_t i) const = 0;
  // RESOURCE_EXHAUSTED for more than `max_bytes`. Messages name the file.
  virtual absl::StatusOr<std::string> Read(int64_t i, int64_t max_bytes) const = 0;
};

struct ImageSet {
  std::shared_ptr<const ImageFiles> files;
  // As in ClassifiedFiles.
  std::vector<std::string> classes;
  std::vector<int64_t> labels;
};

// Opens a folder or a tar archive of .jpg, .jpeg and .png files by its place on this machine,
// `file`, and by the path that the Kurfile has for it, `shown`. The images are those that a table
// names, `listed`, in its order; without one they are all, in the order of their paths, classified
// by their folders as ClassifyByFolder() says. Those of an archive are kept in memory, as they are.
// INVALID_ARGUMENT as ClassifyByFolder(), and if there are none; NOT_FOUND for one that is listed
// and not there.
absl::StatusOr<ImageSet> OpenImages(const std::string& file, const std::string& shown,
                                    const PathResolver& paths,
                                    std::optional<ClassifiedFiles> listed,
                                    const std::vector<std::string>& classes);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_IMAGES_IMAGE_FILES_H_
