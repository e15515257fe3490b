#include "engine/layers/kernels/packed_matrix.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "engine/base/vector_math.h"

namespace kur {
namespace {

constexpr int64_t kVectorFloats = 16;
constexpr int64_t kPanel = 2 * kVectorFloats;  // columns
// The least number of multiply-adds for which another thread pays off.
constexpr int64_t kMinWork = 1 << 19;

// The compiler splits the vector on processors with narrower registers.
using Vector __attribute__((vector_size(kVectorFloats * sizeof(float)))) = float;

// Computes kRows rows of the product with the first kVectors vectors of a panel. The sums stay in
// registers.
template <int kRows, int kVectors>
KUR_INLINE void MultiplyBlock(const MatrixView& a, int64_t first, const float* panel,
                              Vector (&sums)[kRows][kVectors]) {
  for (auto& row : sums) {
    for (Vector& sum : row) sum = Vector{};
  }
  const float* const from = a.values + first * a.row_stride;
  for (int64_t k = 0; k < a.columns; ++k) {
    const auto* const b = reinterpret_cast<const Vector*>(panel + k * kPanel);
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      const float factor = from[r * a.row_stride + k * a.column_stride];
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v) sums[r][v] += factor * b[v];
    }
  }
}

template <int kRows, int kVectors>
KUR_INLINE void WriteBlock(const Vector (&sums)[kRows][kVectors], int64_t columns, float* to,
                           int64_t stride, bool add) {
  for (int r = 0; r < kRows; ++r, to += stride) {
    for (int v = 0; v < kVectors; ++v) {
      const int64_t start = v * kVectorFloats;
      if (start + kVectorFloats <= columns) {
        Vector result = sums[r][v];
        if (add) {
          Vector before;
          std::memcpy(&before, to + start, sizeof(before));
          result += before;
        }
        std::memcpy(to + start, &result, sizeof(result));
      } else {
        for (int64_t j = start; j < columns; ++j) {
          to[j] = (add ? to[j] : 0) + sums[r][v][j - start];
        }
      }
    }
  }
}

// Computes all full blocks of kRows rows from row `first` on. Returns the row after them.
template <int kRows, int kVectors>
KUR_INLINE int64_t MultiplyRows(const MatrixView& a, int64_t first, const float* panel,
                                int64_t columns, float* to, int64_t stride, bool add) {
  for (; first + kRows <= a.rows; first += kRows) {
    Vector sums[kRows][kVectors];
    MultiplyBlock<kRows, kVectors>(a, first, panel, sums);
    WriteBlock<kRows, kVectors>(sums, columns, to + first * stride, stride, add);
  }
  return first;
}

// Computes the product with one panel, in blocks of up to kMaxRows rows. kMaxRows is the greatest
// number whose sums fit into the processor's registers.
template <int kMaxRows>
KUR_INLINE void MultiplyPanel(const MatrixView& a, const float* panel, int64_t columns, float* to,
                              int64_t stride, bool add) {
  int64_t row = 0;
  if (columns > kVectorFloats) {
    row = MultiplyRows<kMaxRows, 2>(a, row, panel, columns, to, stride, add);
    if (kMaxRows > 2) row = MultiplyRows<2, 2>(a, row, panel, columns, to, stride, add);
    MultiplyRows<1, 2>(a, row, panel, columns, to, stride, add);
  } else {
    row = MultiplyRows<kMaxRows, 1>(a, row, panel, columns, to, stride, add);
    if (kMaxRows > 2) row = MultiplyRows<2, 1>(a, row, panel, columns, to, stride, add);
    MultiplyRows<1, 1>(a, row, panel, columns, to, stride, add);
  }
}

using PanelFunction = void (*)(const MatrixView& a, const float* panel, int64_t columns, float* to,
                               int64_t stride, bool add);

__attribute__((target("avx512f"))) void MultiplyPanel512(const MatrixView& a, const float* panel,
                                                         int64_t columns, float* to, int64_t stride,
                                                         bool add) {
  MultiplyPanel<8>(a, panel, columns, to, stride, add);
}

__attribute__((target("avx2,fma"))) void MultiplyPanel256(const MatrixView& a, const float* panel,
                                                          int64_t columns, float* to,
                                                          int64_t stride, bool add) {
  MultiplyPanel<2>(a, panel, columns, to, stride, add);
}

void MultiplyPanel128(const MatrixView& a, const float* panel, int64_t columns, float* to,
                      int64_t stride, bool add) {
  MultiplyPanel<1>(a, panel, columns, to, stride, add);
}

PanelFunction FindPanelFunction() {
  if (__builtin_cpu_supports("avx512f")) return MultiplyPanel512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return MultiplyPanel256;
  return MultiplyPanel128;
}

}  // namespace

PackedMatrix::PackedMatrix(const MatrixView& matrix)
    : rows_(matrix.rows), columns_(matrix.columns) {
  const int64_t panels = (columns_ + kPanel - 1) / kPanel;
  const auto bytes =
      static_cast<size_t>(std::max<int64_t>(1, panels * rows_ * kPanel)) * sizeof(float);
  panels_.reset(static_cast<float*>(std::aligned_alloc(sizeof(Vector), (bytes + 63) / 64 * 64)));
  if (panels_ == nullptr) throw std::bad_alloc();
  for (int64_t p = 0; p < panels; ++p) {
    float* const panel = panels_.get() + p * rows_ * kPanel;
    const int64_t first = p * kPanel;
    const int64_t width = std::min(kPanel, columns_ - first);
    if (width < kPanel) std::fill_n(panel, rows_ * kPanel, 0.0f);
    const float* const from = matrix.values + first * matrix.column_stride;
    if (matrix.column_stride == 1) {
      for (int64_t i = 0; i < rows_; ++i) {
        std::copy_n(from + i * matrix.row_stride, width, panel + i * kPanel);
      }
      continue;
    }
    for (int64_t j = 0; j < width; ++j) {
      for (int64_t i = 0; i < rows_; ++i) {
        panel[i * kPanel + j] = from[i * matrix.row_stride + j * matrix.column_stride];
      }
    }
  }
}

void PackedMatrix::Multiply(const MatrixView& a, float* to, int64_t stride, bool add) const {
  static const PanelFunction multiply = FindPanelFunction();
  const int64_t panels = (columns_ + kPanel - 1) / kPanel;
  const int64_t work = std::max<int64_t>(1, a.rows * rows_ * kPanel);
  at::parallel_for(
      0, panels, std::max<int64_t>(1, kMinWork / work), [&](int64_t begin, int64_t end) {
        for (int64_t p = begin; p < end; ++p) {
          multiply(a, panels_.get() + p * rows_ * kPanel, std::min(kPanel, columns_ - p * kPanel),
                   to + p * kPanel, stride, add);
        }
      });
}

}  // namespace kur
