// The main function of tests whose tensors get poisoned memory.

#include "gtest/gtest.h"
#include "tests/testing/poisoned_memory.h"

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  kur::testing::PoisonTensorMemory();
  return RUN_ALL_TESTS();
}
