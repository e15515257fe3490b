// The main function of tests whose tensors get poisoned memory. With KUR_TEST_UNFUSED in the
// environment they compute as a card does: with operators of ATen, without our own kernels. With
// KUR_TEST_DEVICE, what is compared with reference values, and runs (Workspace::Run()), are on that
// device of torch, a card or kFakeDevice, which all of these programs have.

#include <cstdlib>
#include <optional>

#include "engine/base/kernel_choice.h"
#include "gtest/gtest.h"
#include "tests/testing/fake_device.h"
#include "tests/testing/poisoned_memory.h"

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  kur::testing::PoisonTensorMemory();
  std::optional<kur::WithoutFusedKernels> unfused;
  if (std::getenv("KUR_TEST_UNFUSED") != nullptr) unfused.emplace();
  // Before the first backward pass, which starts a thread for each device that there is.
  kur::testing::RegisterFakeDevice();
  return RUN_ALL_TESTS();
}
