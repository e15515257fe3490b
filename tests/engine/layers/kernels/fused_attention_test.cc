// Values and gradients equal those of ATen's operators in double precision.

#include "engine/layers/kernels/fused_attention.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/softmax.h>

#include <cmath>
#include <limits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace kur {
namespace {

at::Tensor Random(const std::vector<int64_t>& shape, uint64_t seed) {
  return at::randn(shape, at::detail::createCPUGenerator(seed), at::kFloat);
}

at::Tensor Expected(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                    int64_t heads, bool causal) {
  const auto split = [&](const at::Tensor& x) {
    return x.unflatten(-1, {heads, x.size(-1) / heads}).transpose(1, 2);
  };
  const double scale = 1 / std::sqrt(static_cast<double>(query.size(-1) / heads));
  at::Tensor scores = at::matmul(split(query) * scale, split(key).transpose(-2, -1));
  if (causal) {
    const at::Tensor later =
        at::ones({query.size(1), query.size(1)}, query.options().dtype(at::kBool)).triu(1);
    scores = scores.masked_fill(later, -std::numeric_limits<double>::infinity());
  }
  return at::matmul(at::softmax(scores, -1), split(value)).transpose(1, 2).flatten(2);
}

TEST(FusedAttentionTest, ValuesAndGradientsAreThoseOfATen) {
  struct Case {
    int64_t batch, time, source_time, heads, features;
    bool causal;
  };
  constexpr Case kCases[] = {{2, 5, 5, 1, 3, false},   {3, 20, 33, 4, 16, false},
                             {2, 64, 64, 2, 16, true}, {1, 1, 7, 2, 40, false},
                             {2, 9, 9, 3, 1, true},    {1, 17, 17, 1, 70, false}};
  uint64_t seed = 0;
  for (const Case& c : kCases) {
    SCOPED_TRACE(absl::StrCat("time ", c.time, ", heads ", c.heads, ", features ", c.features));
    std::vector<at::Tensor> inputs;
    std::vector<at::Tensor> doubles;
    for (const int64_t time : {c.time, c.source_time, c.source_time}) {
      inputs.push_back(Random({c.batch, time, c.heads * c.features}, ++seed));
      doubles.push_back(inputs.back().to(at::kDouble).set_requires_grad(true));
      inputs.back().set_requires_grad(true);
    }
    ASSERT_TRUE(CanFuseAttention(inputs[0]));
    const at::Tensor y = FusedAttention(inputs[0], inputs[1], inputs[2], c.heads, c.causal);
    const at::Tensor expected = Expected(doubles[0], doubles[1], doubles[2], c.heads, c.causal);
    EXPECT_TRUE(y.detach().to(at::kDouble).allclose(expected.detach(), 1e-4, 1e-5));
    const at::Tensor gradient = Random(y.sizes().vec(), ++seed);
    y.backward(gradient);
    expected.backward(gradient.to(at::kDouble));
    for (size_t i = 0; i < inputs.size(); ++i) {
      EXPECT_TRUE(inputs[i].grad().to(at::kDouble).allclose(doubles[i].grad(), 1e-4, 1e-5)) << i;
    }
  }
}

TEST(FusedAttentionTest, ScoresFarFromZeroDoNotOverflow) {
  const at::Tensor x = Random({1, 6, 8}, 1) * 100;
  const at::Tensor y = FusedAttention(x, x, x, 2, false);
  const at::Tensor wide = x.to(at::kDouble);
  EXPECT_TRUE(y.to(at::kDouble).allclose(Expected(wide, wide, wide, 2, false), 1e-3, 1e-3));
}

TEST(FusedAttentionTest, OtherTypesAreLeftToATen) {
  EXPECT_FALSE(CanFuseAttention(Random({1, 6, 8}, 1).to(at::kDouble)));
  EXPECT_FALSE(CanFuseAttention(Random({1, 6, 8}, 1).to(at::kBFloat16)));
}

}  // namespace
}  // namespace kur
