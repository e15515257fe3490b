// Products equal those of ATen in double precision.

#include "engine/layers/kernels/packed_matrix.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/randn.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace kur {
namespace {

at::Tensor Random(int64_t rows, int64_t columns, uint64_t seed) {
  return at::randn({rows, columns}, at::detail::createCPUGenerator(seed), at::kFloat);
}

MatrixView ViewOf(const at::Tensor& matrix) {
  return {matrix.data_ptr<float>(), matrix.size(0), matrix.size(1), matrix.stride(0),
          matrix.stride(1)};
}

struct Size {
  int64_t rows;
  int64_t inner;
  int64_t columns;
};

constexpr Size kSizes[] = {{1, 1, 1},   {8, 3, 32},   {9, 17, 16},  {32, 64, 48},  {15, 5, 33},
                           {3, 100, 7}, {64, 16, 64}, {2, 40, 100}, {32, 256, 768}};

struct Operands {
  Operands(const Size& size, uint64_t seed)
      : a(Random(size.rows, size.inner, 2 * seed)),
        b(Random(size.inner, size.columns, 2 * seed + 1)),
        product(at::mm(a.to(at::kDouble), b.to(at::kDouble))) {}

  at::Tensor a;
  at::Tensor b;
  at::Tensor product;
};

std::string ToText(const Size& size) {
  return absl::StrCat(size.rows, "x", size.inner, "x", size.columns);
}

TEST(PackedMatrixTest, MultipliesAsATenDoes) {
  for (const Size& size : kSizes) {
    SCOPED_TRACE(ToText(size));
    const auto [a, b, expected] = Operands(size, 1);
    const at::Tensor to = at::full({size.rows, size.columns}, 7.0f);
    PackedMatrix(ViewOf(b)).Multiply(ViewOf(a), to.data_ptr<float>(), size.columns);
    EXPECT_TRUE(to.to(at::kDouble).allclose(expected, 1e-4, 1e-4));
    // Each operand may be transposed in memory.
    const at::Tensor turned = at::full({size.rows, size.columns}, 7.0f);
    PackedMatrix(ViewOf(b.t().contiguous().t()))
        .Multiply(ViewOf(a.t().contiguous()).Transposed(), turned.data_ptr<float>(), size.columns);
    EXPECT_TRUE(turned.equal(to));
  }
}

TEST(PackedMatrixTest, AddsAndLeavesTheRestOfARowAlone) {
  for (const Size& size : kSizes) {
    SCOPED_TRACE(ToText(size));
    const auto [a, b, product] = Operands(size, 2);
    const at::Tensor wide = Random(size.rows, size.columns + 5, 7);
    const at::Tensor before = wide.clone();
    PackedMatrix(ViewOf(b)).Multiply(ViewOf(a), wide.data_ptr<float>(), size.columns + 5,
                                     /*add=*/true);
    EXPECT_TRUE(
        (wide - before).narrow(1, 0, size.columns).to(at::kDouble).allclose(product, 1e-4, 1e-4));
    EXPECT_TRUE(wide.narrow(1, size.columns, 5).equal(before.narrow(1, size.columns, 5)));
  }
}

TEST(PackedMatrixTest, ARowIsTheSameInWhateverCompanyItIsMultiplied) {
  const at::Tensor a = Random(13, 50, 1);
  const PackedMatrix b(ViewOf(Random(50, 70, 2)));
  const at::Tensor together = at::full({13, 70}, 7.0f);
  b.Multiply(ViewOf(a), together.data_ptr<float>(), 70);
  for (int64_t row = 0; row < 13; ++row) {
    const at::Tensor alone = at::full({1, 70}, 7.0f);
    b.Multiply(ViewOf(a.narrow(0, row, 1)), alone.data_ptr<float>(), 70);
    EXPECT_TRUE(alone.equal(together.narrow(0, row, 1))) << row;
  }
}

}  // namespace
}  // namespace kur
