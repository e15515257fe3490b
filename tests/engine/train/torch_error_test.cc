#include "engine/train/torch_error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace kur {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(TorchErrorTest, MemoryThatCouldNotBeHad) {
  // As CUDA's allocator, cuBLAS, cuDNN, the driver and the allocator of the processor say it.
  for (const std::string text :
       {"CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has a total capacity of 79.15 GiB",
        "CUDA error: out of memory",
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling "
        "`cublasCreate(handle)`",
        "cuDNN error: CUDNN_STATUS_ALLOC_FAILED",
        "cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED",
        "cusolver error: CUSOLVER_STATUS_ALLOC_FAILED, when calling `cusolverDnCreate(handle)`",
        "DefaultCPUAllocator: can't allocate memory: you tried to allocate 400000000000 bytes. "
        "Error code 12 (Cannot allocate memory)"}) {
    const absl::Status error = TorchError(text);
    EXPECT_TRUE(absl::IsResourceExhausted(error)) << text;
    EXPECT_THAT(std::string(error.message()),
                AllOf(HasSubstr(text), HasSubstr("smaller batch_size")));
  }
}

TEST(TorchErrorTest, WhatElseSpeaksOfMemoryIsNoLackOfIt) {
  for (const std::string text :
       {"CUDA error: an illegal memory access was encountered",
        "Expected all tensors to have the same memory format", "CUDA error: misaligned address"}) {
    const absl::Status error = TorchError(text);
    EXPECT_TRUE(absl::IsInternal(error)) << text;
    EXPECT_THAT(std::string(error.message()), AllOf(HasSubstr(text), Not(HasSubstr("batch_size"))));
  }
}

TEST(TorchErrorTest, TheSizesStayAndTheRestGoes) {
  EXPECT_EQ(TorchError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity "
                       "of 7.79 GiB of which 1.20 GiB is free. If reserved but unallocated memory "
                       "is large try setting PYTORCH_CUDA_ALLOC_CONF\nException raised from malloc")
                .message(),
            "out of memory (CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total "
            "capacity of 7.79 GiB of which 1.20 GiB is free.); use a smaller batch_size or a "
            "smaller model");
  EXPECT_EQ(TorchError("[enforce fail at alloc_cpu.cpp:66] . DefaultCPUAllocator: can't allocate "
                       "memory: you tried to allocate 40 bytes.")
                .message(),
            "out of memory (DefaultCPUAllocator: can't allocate memory: you tried to allocate 40 "
            "bytes.); use a smaller batch_size or a smaller model");
}

TEST(TorchErrorTest, WhatTheOperatorCanChangeSaysHow) {
  const absl::Status card =
      TorchError("CUDA error: no kernel image is available for execution on the device");
  EXPECT_TRUE(absl::IsFailedPrecondition(card));
  EXPECT_THAT(std::string(card.message()), HasSubstr("another libtorch"));
  const absl::Status driver =
      TorchError("CUDA error: CUDA driver version is insufficient for CUDA runtime version");
  EXPECT_TRUE(absl::IsFailedPrecondition(driver));
  EXPECT_THAT(std::string(driver.message()), HasSubstr("update the driver"));
  EXPECT_TRUE(absl::IsFailedPrecondition(
      TorchError("x_cuda does not have a deterministic implementation, but you set ...")));
}

TEST(TorchErrorTest, ACardThatHasFailedIsUnavailable) {
  for (const std::string text :
       {"CUDA error: uncorrectable ECC error encountered", "CUDA error: unspecified launch failure",
        "CUDA error: all CUDA-capable devices are busy or unavailable",
        "No CUDA GPUs are available: no CUDA-capable device is detected"}) {
    EXPECT_TRUE(absl::IsUnavailable(TorchError(text))) << text;
  }
}

TEST(TorchErrorTest, TheRestIsTorchsAndOneLine) {
  const absl::Status error = TorchError("shape '[3]' is invalid for input of size 4\nframe #0");
  EXPECT_TRUE(absl::IsInternal(error));
  EXPECT_EQ(error.message(), "torch: shape '[3]' is invalid for input of size 4");
}

}  // namespace
}  // namespace kur
