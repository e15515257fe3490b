#include "tests/testing/fake_device.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kur::testing {
namespace {

using ::testing::HasSubstr;

class FakeDeviceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!HasFakeDevice()) GTEST_SKIP() << "this libtorch knows cards, and can have no stand-in";
    RegisterFakeDevice();
    ResetFakeDeviceCounts();
  }

  const at::Device device_ = at::Device(kFakeDevice);
  const at::Device other_ = at::Device("privateuseone:1");
};

TEST_F(FakeDeviceTest, ComputesWhatTheProcessorDoes) {
  const at::Tensor x = at::rand({2, 3, 8, 8});
  const at::Tensor w = at::rand({4, 3, 3, 3});
  const auto loss = [](const at::Tensor& x, const at::Tensor& w) {
    const at::Tensor y = at::conv2d(x, w, {}, 2, 1).relu().transpose(1, 2);
    return at::softmax(y.flatten(1), 1).mul(y.flatten(1)).sum();
  };
  const at::Tensor w_here = w.clone().requires_grad_();
  const at::Tensor w_there = w.to(device_).requires_grad_();
  const at::Tensor here = loss(x, w_here);
  const at::Tensor there = loss(x.to(device_), w_there);
  EXPECT_EQ(there.device(), device_);
  here.backward();
  there.backward();
  EXPECT_TRUE(at::allclose(there.cpu(), here));
  EXPECT_TRUE(at::allclose(w_there.grad().cpu(), w_here.grad()));
}

TEST_F(FakeDeviceTest, TensorsOfTwoDevicesAreRefused) {
  const at::Tensor here = at::ones({2});
  const at::Tensor there = here.to(device_);
  for (const at::Tensor& wrong : {here, here.to(other_)}) {
    try {
      static_cast<void>(there + wrong);
      ADD_FAILURE() << "was not refused";
    } catch (const c10::Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("found at least two devices"));
    }
  }
  EXPECT_EQ((there + 1).sum().item<float>(), 4);
}

TEST_F(FakeDeviceTest, TheHostCannotReachItsMemory) {
  const at::Tensor there = at::ones({2}).to(device_);
  // Libraries of libtorch may handle the signal, and end the process by another.
  EXPECT_EXIT(
      std::exit(*there.data_ptr<float>() == 1 ? 0 : 1),
      [](int status) { return WIFSIGNALED(status); }, "");
}

TEST_F(FakeDeviceTest, ABufferThatIsUsedAgainTooEarlyGivesWrongNumbers) {
  at::Tensor buffer = at::ones({2});
  const at::Tensor there = buffer.to(device_, /*non_blocking=*/true);
  buffer.fill_(5);
  EXPECT_EQ(there.sum().item<float>(), 10);
  const at::Tensor blocking = buffer.to(device_);
  buffer.fill_(7);
  EXPECT_EQ(blocking.sum().item<float>(), 10);
}

TEST_F(FakeDeviceTest, WhatIsReadTooEarlyIsNotThereYet) {
  const at::Tensor there = at::ones({2}).to(device_);
  at::Tensor here = at::zeros({2});
  here.copy_(there, /*non_blocking=*/true);
  EXPECT_EQ(here.sum().item<float>(), 0);
  there.sum().item();  // waits for all before
  EXPECT_EQ(here.sum().item<float>(), 2);
}

TEST_F(FakeDeviceTest, CountsOperatorsWaitsAndCopies) {
  const at::Tensor x = at::ones({2}).to(device_);
  const at::Tensor y = (x.add(1) * 2).view({1, 2});
  EXPECT_EQ(CountsOfFakeDevices().operators, 2);
  EXPECT_EQ(CountsOfFakeDevices().to_device, 1);
  EXPECT_EQ(CountsOfFakeDevices().waits, 0);
  y.cpu();
  y[0][0].item();
  EXPECT_EQ(CountsOfFakeDevices().waits, 2);
  EXPECT_EQ(CountsOfFakeDevices().to_host, 1);
}

}  // namespace
}  // namespace kur::testing
