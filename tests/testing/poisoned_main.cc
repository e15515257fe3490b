// The main function of tests whose tensors get poisoned memory. With KUR_TEST_UNFUSED in the
// environment they compute as a card does: with operators of ATen, without our own kernels. With
// KUR_TEST_DEVICE, what is compared with reference values, and runs (Workspace::Run()), are on that
// device of torch, a card or kFakeDevice, which all of these programs have.

#include <cstdlib>
#include <iostream>
#include <optional>

#include "engine/base/kernel_choice.h"
#include "gtest/gtest.h"
#include "tests/testing/fake_device.h"
#include "tests/testing/poisoned_memory.h"
#include "tests/testing/test_device.h"

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (kur::testing::TestDevice() == kur::testing::kFakeDevice && !kur::testing::HasFakeDevice()) {
    std::cout << "skipped: this libtorch knows cards, and can have no stand-in for one"
              << std::endl;
    return 77;  // as CMake's SKIP_RETURN_CODE says
  }
  kur::testing::PoisonTensorMemory();
  std::optional<kur::WithoutFusedKernels> unfused;
  if (std::getenv("KUR_TEST_UNFUSED") != nullptr) unfused.emplace();
  // Before the first backward pass, which starts a thread for each device that there is.
  kur::testing::RegisterFakeDevice();
  return RUN_ALL_TESTS();
}
