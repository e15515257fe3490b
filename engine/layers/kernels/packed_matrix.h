#ifndef KUR_ENGINE_LAYERS_KERNELS_PACKED_MATRIX_H_
#define KUR_ENGINE_LAYERS_KERNELS_PACKED_MATRIX_H_

#include <cstdint>
#include <cstdlib>
#include <memory>

namespace kur {

// A matrix of floats that it does not own. The element (i, j) is at values[i * row_stride + j *
// column_stride].
struct MatrixView {
  const float* values = nullptr;
  int64_t rows = 0;
  int64_t columns = 0;
  int64_t row_stride = 0;
  int64_t column_stride = 1;

  MatrixView Transposed() const { return {values, columns, rows, column_stride, row_stride}; }
};

// A copy of a matrix of floats, packed for products with matrices of few rows. A general matrix
// product packs its operands in every call. That costs as much as the product itself if one of them
// has few rows: the states of a recurrent cell at a step, or a head of attention. Immutable,
// thread-safe.
class PackedMatrix {
 public:
  explicit PackedMatrix(const MatrixView& matrix);

  // Computes to = a B, or to += a B with `add`, where B is this matrix. Preconditions: `a` has as
  // many columns as B has rows; `to` has the rows of `a`, `stride` elements apart, with contiguous
  // columns, and overlaps nothing. Every element is summed in the order of B's rows, so that the
  // result does not depend on the number of threads.
  void Multiply(const MatrixView& a, float* to, int64_t stride, bool add = false) const;

 private:
  struct Freer {
    void operator()(float* values) const { std::free(values); }
  };

  int64_t rows_;
  int64_t columns_;
  // Panels of 32 columns, each in row-major order; the last one is padded with zeros.
  std::unique_ptr<float, Freer> panels_;
};

}  // namespace kur

#endif  // KUR_ENGINE_LAYERS_KERNELS_PACKED_MATRIX_H_
