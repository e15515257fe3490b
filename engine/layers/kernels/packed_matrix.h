#ifndef KUR_ENGINE_LAYERS_KERNELS_PACKED_MATRIX_H_
#define KUR_ENGINE_LAYERS_KERNELS_PACKED_MATRIX_H_

#include <cstdint>
#include <cstdlib>
#include <memory>

namespace kur {

// Where the elements of a matrix of floats lie: (i, j) at values[i * row_stride + j *
// column_stride].
struct MatrixView {
  const float* values = nullptr;
  int64_t rows = 0;
  int64_t columns = 0;
  int64_t row_stride = 0;
  int64_t column_stride = 1;

  MatrixView Transposed() const { return {values, columns, rows, column_stride, row_stride}; }
};

// A copy of a matrix of floats, laid out to be multiplied by few rows at a time. A general product
// of matrices lays its operands out anew every time, which costs as much as multiplying where one
// of them has few rows, as the states of a recurrent cell do at every step, and all of a head of
// attention. Immutable, thread-safe.
class PackedMatrix {
 public:
  explicit PackedMatrix(const MatrixView& matrix);

  // to = a B, or to += a B with `add`, where B is this matrix. `a` has as many columns as B has
  // rows; `to` has the rows of `a`, `stride` apart, of contiguous columns, and overlaps nothing.
  // Every element is summed up in the order of B's rows, for every number of threads.
  void Multiply(const MatrixView& a, float* to, int64_t stride, bool add = false) const;

 private:
  struct Freer {
    void operator()(float* values) const { std::free(values); }
  };

  int64_t rows_;
  int64_t columns_;
  // Panels of 32 columns, row by row; the last one is filled up with zeros.
  std::unique_ptr<float, Freer> panels_;
};

}  // namespace kur

#endif  // KUR_ENGINE_LAYERS_KERNELS_PACKED_MATRIX_H_
