#include "engine/value/shape.h"

#include "absl/strings/str_cat.h"

namespace kur {

int64_t NumElements(const Shape& shape) {
  int64_t product = 1;
  for (const int64_t extent : shape) {
    if (extent == kUnknown || __builtin_mul_overflow(product, extent, &product)) return kUnknown;
  }
  return product;
}

std::string ToString(const Shape& shape) {
  std::string text = "(";
  for (size_t i = 0; i < shape.size(); ++i) {
    absl::StrAppend(&text, i == 0 ? "" : ", ", shape[i] == kUnknown ? "?" : absl::StrCat(shape[i]));
  }
  return text + (shape.size() == 1 ? ",)" : ")");
}

}  // namespace kur
