// How many operators of ATen a step of training takes: on a card each is a launch, and each item()
// a wait for the card. The numbers may only become smaller.

#include <ATen/record_function.h>

#include <map>
#include <mutex>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "engine/base/kernel_choice.h"
#include "engine/formats/pickle/pickle_writer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/train/train_test_util.h"
#include "tests/testing/fake_device.h"
#include "tests/testing/test_device.h"

namespace kur {
namespace {

using testing::RecordingObserver;
using testing::Workspace;

using Counts = std::map<std::string, int64_t>;

// Operators that compute nothing: they make another view, or memory.
bool IsFree(const std::string& name) {
  static const std::set<std::string> kFree = {
      "alias",      "as_strided",   "as_strided_",   "detach",         "detach_",
      "empty",      "empty_like",   "empty_strided", "expand",         "expand_as",
      "flatten",    "is_nonzero",   "narrow",        "permute",        "reshape",
      "resize_",    "resolve_conj", "resolve_neg",   "result_type",    "select",
      "set_",       "slice",        "split",         "squeeze",        "squeeze_",
      "t",          "to",           "transpose",     "unsqueeze",      "unsqueeze_",
      "unflatten",  "view",         "view_as",       "_reshape_alias", "_unsafe_view",
      "lift_fresh", "output_nr",    "unbind",        "size",           "contiguous",
      "item"};
  return kFree.count(name) > 0;
}

// Counts the operators of all threads while it exists. One at a time.
class OperatorCounter {
 public:
  OperatorCounter() {
    counts_.clear();
    handle_ = at::addGlobalCallback(
        at::RecordFunctionCallback(&Count).scopes({at::RecordScope::FUNCTION}));
  }
  ~OperatorCounter() { at::removeCallback(handle_); }
  OperatorCounter(const OperatorCounter&) = delete;
  OperatorCounter& operator=(const OperatorCounter&) = delete;

  static Counts counts() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return counts_;
  }

 private:
  static std::unique_ptr<at::ObserverContext> Count(const at::RecordFunction& function) {
    const std::string name = function.name();
    constexpr absl::string_view kAten = "aten::";
    if (name.compare(0, kAten.size(), kAten.data()) == 0) {
      const std::lock_guard<std::mutex> lock(mutex_);
      ++counts_[name.substr(kAten.size())];
    }
    return nullptr;
  }

  static std::mutex mutex_;
  static Counts counts_;
  at::CallbackHandle handle_;
};

std::mutex OperatorCounter::mutex_;
Counts OperatorCounter::counts_;

class OperatorCountsTest : public ::testing::Test {
 protected:
  static constexpr int64_t kBatches = 4;

  void SetUp() override {
    PickleValue::Dict dict;
    dict.emplace_back(PickleValue("x"), PickleValue(Numbers({4 * kBatches, 6, 6, 2})));
    dict.emplace_back(PickleValue("y"), PickleValue(Numbers({4 * kBatches, 1})));
    workspace_.Write("data.pkl", FormatPickle(PickleValue::MakeDict(std::move(dict))));
  }

  static Array Numbers(const std::vector<int64_t>& shape) {
    int64_t count = 1;
    for (const int64_t extent : shape) count *= extent;
    std::vector<float> values(static_cast<size_t>(count));
    for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i * 7 % 11) / 11;
    return *Array::FromValues(shape, values);
  }

  Counts CountsOf(const std::string& kurfile, int epochs) {
    RecordingObserver observer(workspace_.path());
    const OperatorCounter counter;
    const auto end = workspace_.Run(
        absl::StrCat(kurfile,
                     "train: {data: [{pickle: data.pkl}], provider: {batch_size: 4}, epochs: ",
                     epochs, ", optimizer: adam}\n"),
        &observer);
    EXPECT_TRUE(end.ok()) << end.status();
    return OperatorCounter::counts();
  }

  // Of one step: what more epochs have more than few.
  std::map<std::string, double> CountsOfAStep(const std::string& kurfile) {
    const Counts few = CountsOf(kurfile, 1);
    std::map<std::string, double> step;
    for (const auto& [name, count] : CountsOf(kurfile, 3)) {
      const auto before = few.find(name);
      const int64_t more = count - (before == few.end() ? 0 : before->second);
      if (more != 0) step[name] = static_cast<double>(more) / (2 * kBatches);
    }
    return step;
  }

  void ExpectAtMost(const std::string& kurfile, double launches, double waits) {
    if (testing::TestDevice() != "cpu") GTEST_SKIP() << "counts operators of processors";
    const WithoutFusedKernels as_on_a_card;
    double launched = 0;
    double waited = 0;
    std::string all;
    for (const auto& [name, count] : CountsOfAStep(kurfile)) {
      absl::StrAppend(&all, name, " ", count, ", ");
      if (!IsFree(name)) launched += count;
      if (name == "_local_scalar_dense") waited += count;
    }
    EXPECT_GT(launched, 0);
    EXPECT_LE(launched, launches) << all;
    EXPECT_LE(waited, waits) << all;
  }

  Workspace workspace_;
};

TEST_F(OperatorCountsTest, APerceptron) {
  ExpectAtMost(
      "model: [{input: x}, flatten, {dense: 8}, {activation: relu}, {dense: 1, name: y}]\n"
      "loss: [{target: y, name: mean_squared_error}]\n",
      /*launches=*/120, /*waits=*/1);
}

TEST_F(OperatorCountsTest, AConvolutionalNetwork) {
  ExpectAtMost(
      "model: [{input: x}, {convolution: {kernels: 4, size: [3, 3]}}, batch_normalization, "
      "{activation: relu}, {convolution: {kernels: 4, size: [3, 3]}}, batch_normalization, "
      "{activation: relu}, flatten, {dense: 1, name: y}]\n"
      "loss: [{target: y, name: mean_squared_error}]\n",
      /*launches=*/310, /*waits=*/1);
}

// What the host asks of a device in a step, which it can count itself.
TEST_F(OperatorCountsTest, OfADevice) {
  if (!testing::HasFakeDevice())
    GTEST_SKIP() << "this libtorch knows cards, and can have no stand-in";
  RunOptions options;
  options.device = testing::kFakeDevice;
  std::map<int, testing::FakeDeviceCounts> counts;
  for (const int epochs : {1, 3}) {
    RecordingObserver observer(workspace_.path());
    testing::ResetFakeDeviceCounts();
    const auto end = workspace_.Run(
        absl::StrCat(
            "model: [{input: x}, flatten, {dense: 8}, {activation: relu}, {dense: 1, name: "
            "y}]\nloss: [{target: y, name: mean_squared_error}]\n"
            "train: {data: [{pickle: data.pkl}], provider: {batch_size: 4}, epochs: ",
            epochs, ", optimizer: adam}\n"),
        &observer, options);
    ASSERT_TRUE(end.ok()) << end.status();
    counts[epochs] = testing::CountsOfFakeDevices();
  }
  const auto of_a_step = [&](int64_t testing::FakeDeviceCounts::*count) {
    return static_cast<double>(counts[3].*count - counts[1].*count) / (2 * kBatches);
  };
  EXPECT_GT(of_a_step(&testing::FakeDeviceCounts::operators), 10);
  EXPECT_LE(of_a_step(&testing::FakeDeviceCounts::operators), 90);
  // The loss, the loss of each output, whether gradients are finite, and their norm.
  EXPECT_LE(of_a_step(&testing::FakeDeviceCounts::waits), 4);
  EXPECT_EQ(of_a_step(&testing::FakeDeviceCounts::to_device), 2);  // input and truth
}

}  // namespace
}  // namespace kur
