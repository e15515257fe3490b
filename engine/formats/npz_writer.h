#ifndef KUR_ENGINE_FORMATS_NPZ_WRITER_H_
#define KUR_ENGINE_FORMATS_NPZ_WRITER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/formats/array.h"

struct archive;

namespace kur {

// Makes an NPZ file, as numpy.savez() does, in memory. Not thread-safe.
class NpzWriter {
 public:
  NpzWriter();
  NpzWriter(const NpzWriter&) = delete;
  NpzWriter& operator=(const NpzWriter&) = delete;

  // Adds an array under a name that no other has. INVALID_ARGUMENT for texts that are not UTF-8.
  absl::Status Add(const std::string& name, const Array& array);
  absl::Status Add(const std::string& name, const std::vector<std::string>& texts);

  // Returns the content of the file.
  absl::StatusOr<std::string> Finish() &&;

 private:
  struct Closer {
    void operator()(archive* handle) const;
  };

  absl::Status AddMember(const std::string& name, absl::string_view type, const std::string& shape,
                         absl::string_view data);

  std::unique_ptr<std::string> content_;  // stays where it is, as the archive writes to it
  std::unique_ptr<archive, Closer> archive_;
};

}  // namespace kur

#endif  // KUR_ENGINE_FORMATS_NPZ_WRITER_H_
