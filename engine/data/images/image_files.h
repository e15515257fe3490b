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

// The encoded images of a data set, one image a sample. Immutable, thread-safe.
class ImageFiles {
 public:
  virtual ~ImageFiles() = default;

  virtual int64_t size() const = 0;
  // Returns the path of a file for messages, as in the Kurfile.
  virtual std::string Name(int64_t i) const = 0;
  // Reads a file. Returns RESOURCE_EXHAUSTED for more than `max_bytes`. Messages name the file.
  virtual absl::StatusOr<std::string> Read(int64_t i, int64_t max_bytes) const = 0;
};

struct ImageSet {
  std::shared_ptr<const ImageFiles> files;
  // As in ClassifiedFiles.
  std::vector<std::string> classes;
  std::vector<int64_t> labels;
  OtherFiles others;  // beside the images
};

// Opens a folder or a tar archive of .jpg, .jpeg, .png and .webp files. `file` is its path on this
// machine, `display_path` the path in the Kurfile, for messages. With `listed`, the images are
// those of a table, in the table's order. Without it, they are all images in the order of their
// paths, classified by ClassifyByFolder(). The encoded images of an archive stay in memory. Returns
// INVALID_ARGUMENT if there are no images or as ClassifyByFolder(), NOT_FOUND if a listed image is
// missing.
absl::StatusOr<ImageSet> OpenImages(const std::string& file, const std::string& display_path,
                                    const PathResolver& paths,
                                    std::optional<ClassifiedFiles> listed,
                                    const ListedClasses& classes);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_IMAGES_IMAGE_FILES_H_
