#ifndef KUR_ENGINE_DATA_CONCATENATED_SOURCE_H_
#define KUR_ENGINE_DATA_CONCATENATED_SOURCE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "engine/data/source.h"

namespace kur {

// Returns the shape that describes samples of both shapes. An extent that either leaves open is
// open in the result. Absent if the shapes differ in rank or in an extent that both know.
std::optional<Shape> CommonShape(const Shape& a, const Shape& b);

// The samples of several sources, one source after the other. Immutable, thread-safe.
class ConcatenatedSource : public Source {
 public:
  // Preconditions: there is a part; `shape` is the CommonShape() of all parts, and they have the
  // same symbols.
  ConcatenatedSource(std::vector<std::shared_ptr<const Source>> parts, Shape shape);

  int64_t size() const override { return starts_.back(); }
  const Shape& shape() const override { return shape_; }
  const SymbolTable& symbols() const override { return parts_[0]->symbols(); }
  std::string NameOf(int64_t index) const override;
  std::string TextOf(int64_t index) const override;
  int64_t Length(int64_t index) const override;
  int64_t Extent(const int64_t* indices, int64_t count) const override;
  std::vector<bool> Unreadable(const int64_t* indices, int64_t count) const override;
  absl::Status Gather(const int64_t* indices, int64_t count, int64_t extent,
                      float* to) const override;

 private:
  // Returns the part that holds a sample, and the sample's index in that part.
  std::pair<const Source*, int64_t> Locate(int64_t index) const;

  std::vector<std::shared_ptr<const Source>> parts_;
  std::vector<int64_t> starts_;  // the index of each part's first sample, then the total
  Shape shape_;
  int64_t row_size_;  // elements per step of a sample's first axis
};

}  // namespace kur

#endif  // KUR_ENGINE_DATA_CONCATENATED_SOURCE_H_
