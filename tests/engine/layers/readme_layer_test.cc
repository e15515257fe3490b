// The layer that engine/README.md shows is a layer: what the page says of it holds. Its text is cut
// out of the page and compiled into this program, in both of its forms.

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>

#include "engine/kurfile/specs/layer_spec.h"
#include "engine/layers/layer.h"
#include "gtest/gtest.h"
#include "tests/engine/testing/golden_cases.h"

namespace kur {
namespace {

TEST(ReadmeLayerTest, IsReadPlannedAndComputed) {
  const auto spec = testing::ParseSpec<LayerKind>("scale", "2");
  const Shape sample = {3, 4};
  ASSERT_EQ(spec->OutputShape({sample}).value(), sample);
  EXPECT_FALSE(spec->OutputShape({{3, kUnknown}}).ok());

  const auto layer = Registry<LayerBuilder>::Get().Find("scale")->build(
      *spec, {sample}, at::detail::createCPUGenerator(1));
  ASSERT_EQ(layer->weights().size(), 1U);
  EXPECT_EQ(layer->weights()[0].value.sizes().vec(), spec->Weights({sample})[0].shape);

  const at::Tensor x = at::arange(24, at::kFloat).reshape({2, 3, 4});
  layer->weights()[0].value.set_requires_grad(true);
  const at::Tensor y = layer->Forward({x}, {/*training=*/true});
  testing::ExpectNear(y, x * 2, 0, "output");
  y.sum().backward();
  testing::ExpectNear(layer->weights()[0].value.grad(), x.flatten(0, 1).sum(0), 0, "gradient");
}

TEST(ReadmeLayerTest, RefusesWhatItsTableDoesNotAllow) {
  EXPECT_THROW(testing::ParseSpec<LayerKind>("scale", "-1"), std::invalid_argument);
  EXPECT_THROW(testing::ParseSpec<LayerKind>("scale", "{inital: 2}"), std::invalid_argument);
}

}  // namespace
}  // namespace kur
