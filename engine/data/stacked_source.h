#ifndef KUR_ENGINE_DATA_STACKED_SOURCE_H_
#define KUR_ENGINE_DATA_STACKED_SOURCE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "engine/data/source.h"

namespace kur {

// The shape of samples of either shape: where just one of them leaves the first axis open, so does
// the result. Absent if the shapes differ in their rank or in an extent that both know.
std::optional<Shape> CommonShape(const Shape& a, const Shape& b);

// The samples of several sources, those of the first one first.
class StackedSource : public Source {
 public:
  // Preconditions: there is at least one part; `shape` is the common shape of all parts.
  StackedSource(std::vector<std::shared_ptr<const Source>> parts, Shape shape);

  int64_t size() const override { return starts_.back(); }
  const Shape& shape() const override { return shape_; }
  // Those of the parts where they agree.
  const std::vector<std::string>& symbols() const override;
  int64_t Length(int64_t index) const override;
  int64_t Extent(const int64_t* indices, int64_t count) const override;
  std::vector<bool> Unreadable(const int64_t* indices, int64_t count) const override;
  absl::Status Gather(const int64_t* indices, int64_t count, int64_t extent,
                      float* to) const override;

 private:
  // The part that holds a sample, and the sample's index in it.
  std::pair<const Source*, int64_t> Locate(int64_t index) const;

  std::vector<std::shared_ptr<const Source>> parts_;
  std::vector<int64_t> starts_;  // samples before each part, and all
  Shape shape_;
  int64_t row_;  // elements of a sample without its first axis
};

}  // namespace kur

#endif  // KUR_ENGINE_DATA_STACKED_SOURCE_H_
