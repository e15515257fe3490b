#include "tests/testing/fake_device.h"

#include <ATen/EmptyTensor.h>
#include <ATen/core/Tensor.h>
#include <ATen/native/CPUFallback.h>
#include <ATen/ops/as_strided_native.h>
#include <ATen/ops/convolution.h>
#include <ATen/ops/convolution_backward.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/native_batch_norm.h>
#include <ATen/ops/view_native.h>
#include <c10/core/Allocator.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <sys/mman.h>
#include <torch/library.h>
#include <torch/version.h>

#include <array>
#include <list>
#include <map>
#include <tuple>
#include <utility>

namespace kur::testing {
namespace {

constexpr auto kType = c10::DeviceType::PrivateUse1;
constexpr int kDevices = 2;
constexpr size_t kPage = 4096;

FakeDeviceCounts g_counts;
thread_local c10::DeviceIndex g_current = 0;

// While it exists, copies are those that the pretence takes, and not those of a real device.
class Uncounted {
 public:
  Uncounted() : counts_(g_counts) {}
  ~Uncounted() { g_counts = counts_; }
  Uncounted(const Uncounted&) = delete;
  Uncounted& operator=(const Uncounted&) = delete;

 private:
  const FakeDeviceCounts counts_;
};

// The memory of the device: pages that nobody may touch but a copy.
class Memory {
 public:
  static void* Allocate(size_t bytes) {
    if (bytes == 0) return nullptr;
    const size_t size = (bytes + kPage - 1) / kPage * kPage;
    void* memory = mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    TORCH_CHECK(memory != MAP_FAILED, "CUDA out of memory. Tried to allocate ", bytes, " bytes");
    Sizes()[memory] = size;
    return memory;
  }

  static void Free(void* memory) {
    const auto found = Sizes().find(memory);
    if (found == Sizes().end()) return;
    munmap(memory, found->second);
    Sizes().erase(found);
  }

  // Lets the host at the memory that has this address within, while it exists.
  class Access {
   public:
    explicit Access(const void* address) {
      auto next = Sizes().upper_bound(const_cast<void*>(address));
      if (next == Sizes().begin()) return;
      --next;
      memory_ = next->first;
      size_ = next->second;
      mprotect(memory_, size_, PROT_READ | PROT_WRITE);
    }
    ~Access() {
      if (memory_ != nullptr) mprotect(memory_, size_, PROT_NONE);
    }
    Access(const Access&) = delete;
    Access& operator=(const Access&) = delete;

   private:
    void* memory_ = nullptr;
    size_t size_ = 0;
  };

 private:
  static std::map<void*, size_t>& Sizes() {
    static auto* const kSizes = new std::map<void*, size_t>;
    return *kSizes;
  }
};

struct FakeAllocator : c10::Allocator {
#if TORCH_VERSION_MAJOR >= 2 && TORCH_VERSION_MINOR >= 3
  c10::DataPtr allocate(size_t bytes) override { return Make(bytes); }
  void copy_data(void* to, const void* from, size_t count) const override {
    default_copy_data(to, from, count);
  }
#else
  c10::DataPtr allocate(size_t bytes) const override { return Make(bytes); }
#endif
  c10::DeleterFnPtr raw_deleter() const override { return &Memory::Free; }

 private:
  static c10::DataPtr Make(size_t bytes) {
    void* memory = Memory::Allocate(bytes);
    return {memory, memory, &Memory::Free, c10::Device(kType, g_current)};
  }
};

FakeAllocator* TheAllocator() {
  static auto* const kAllocator = new FakeAllocator;
  return kAllocator;
}

struct FakeGuard : c10::impl::DeviceGuardImplInterface {
  c10::DeviceType type() const override { return kType; }
  c10::Device exchangeDevice(c10::Device device) const override {
    const c10::Device before(kType, g_current);
    g_current = device.index();
    return before;
  }
  c10::Device getDevice() const override { return {kType, g_current}; }
  void setDevice(c10::Device device) const override { g_current = device.index(); }
  void uncheckedSetDevice(c10::Device device) const noexcept override {
    g_current = device.index();
  }
  c10::Stream getStream(c10::Device device) const noexcept override {
    return c10::Stream(c10::Stream::DEFAULT, device);
  }
  // The backward pass of libtorch 2 asks for it.
  c10::Stream getDefaultStream(c10::Device device) const override { return getStream(device); }
  c10::Stream exchangeStream(c10::Stream stream) const noexcept override { return stream; }
  c10::DeviceIndex deviceCount() const noexcept override { return kDevices; }
};

// A copy that has been asked for and has not happened. It keeps neither side's numbers: only that
// the memory is there.
struct Pending {
  at::Tensor from;
  at::Tensor to;
};

// Of all devices, in the order of the stream.
std::list<Pending>& Stream() {
  static auto* const kStream = new std::list<Pending>;
  return *kStream;
}

// Copies at once; one of the two is on a device, or both are.
void CopyNow(const at::Tensor& from, const at::Tensor& to) {
  // As tensors of the host over the same memory, which any strides and types are copied with.
  const auto on_host = [](const at::Tensor& tensor) {
    return tensor.is_cpu() ? tensor
                           : at::for_blob(tensor.data_ptr(), tensor.sizes())
                                 .strides(tensor.strides())
                                 .options(tensor.options().device(at::kCPU))
                                 .target_device(at::Device(at::kCPU))
                                 .make_tensor();
  };
  if (from.numel() == 0) return;
  const Memory::Access source(from.is_cpu() ? nullptr : from.data_ptr());
  const Memory::Access target(to.is_cpu() ? nullptr : to.data_ptr());
  const at::Tensor target_on_host = on_host(to);
  target_on_host.copy_(on_host(from));
}

// Lets the device come as far as the host is.
void Synchronize() {
  while (!Stream().empty()) {
    const Pending next = Stream().front();
    Stream().pop_front();
    CopyNow(next.from, next.to);
  }
}

at::Tensor CopyFrom(const at::Tensor& self, const at::Tensor& dst, bool non_blocking) {
  TORCH_CHECK(self.is_cpu() || dst.is_cpu() || self.device() == dst.device() || !non_blocking,
              "a copy from ", self.device(), " to ", dst.device(), " must block");
  const at::Tensor from = self.expand(dst.sizes());
  if (self.is_cpu()) {
    ++g_counts.to_device;
  } else if (dst.is_cpu()) {
    ++g_counts.to_host;
  }
  if (non_blocking && (self.is_cpu() || dst.is_cpu())) {
    Stream().push_back({from, dst});
    return dst;
  }
  if (dst.is_cpu()) ++g_counts.waits;
  Synchronize();
  CopyNow(from, dst);
  return dst;
}

at::Tensor CopyFromAndResize(const at::Tensor& self, const at::Tensor& dst) {
  at::Tensor target = dst;
  if (target.sizes() != self.sizes()) target.resize_(self.sizes());
  Synchronize();
  CopyNow(self, target);
  return target;
}

at::Tensor Empty(at::IntArrayRef size, c10::optional<at::ScalarType> type,
                 c10::optional<at::Layout>, c10::optional<at::Device> device, c10::optional<bool>,
                 c10::optional<at::MemoryFormat> format) {
  const c10::DeviceGuard guard(device.value_or(c10::Device(kType, g_current)));
  return at::detail::empty_generic(size, TheAllocator(),
                                   c10::DispatchKeySet(c10::DispatchKey::PrivateUse1),
                                   type.value_or(at::kFloat), format);
}

at::Tensor EmptyStrided(at::IntArrayRef size, at::IntArrayRef stride,
                        c10::optional<at::ScalarType> type, c10::optional<at::Layout>,
                        c10::optional<at::Device> device, c10::optional<bool>) {
  const c10::DeviceGuard guard(device.value_or(c10::Device(kType, g_current)));
  return at::detail::empty_strided_generic(size, stride, TheAllocator(),
                                           c10::DispatchKeySet(c10::DispatchKey::PrivateUse1),
                                           type.value_or(at::kFloat));
}

at::Tensor AsStrided(const at::Tensor& self, at::IntArrayRef size, at::IntArrayRef stride,
                     c10::optional<int64_t> offset) {
  return at::native::as_strided_tensorimpl(self, size, stride, offset);
}

at::Tensor ReshapeAlias(const at::Tensor& self, at::IntArrayRef size, at::IntArrayRef stride) {
  return AsStrided(self, size, stride, c10::nullopt);
}

const at::Tensor& Resize(const at::Tensor& self, at::IntArrayRef size,
                         c10::optional<at::MemoryFormat> format) {
  TORCH_CHECK(!format.has_value(), "the fake device resizes contiguous tensors only");
  at::TensorImpl* impl = self.unsafeGetTensorImpl();
  const size_t needed = at::detail::computeStorageNbytesContiguous(
      size, self.dtype().itemsize(), static_cast<size_t>(self.storage_offset()));
  if (needed > self.storage().nbytes()) {
    const c10::DeviceGuard guard(self.device());
    // What was there is not kept: who resizes an output writes all of it.
    c10::DataPtr memory = TheAllocator()->allocate(needed);
    self.storage().set_data_ptr(std::move(memory));
    self.storage().unsafeGetStorageImpl()->set_nbytes(needed);
  }
  impl->set_sizes_contiguous(size);
  return self;
}

at::Scalar LocalScalar(const at::Tensor& self) {
  ++g_counts.waits;
  const Uncounted uncounted;
  return self.cpu().item();
}

// The operators that a device must have of its own.
at::Tensor Convolution(const at::Tensor& x, const at::Tensor& w,
                       const c10::optional<at::Tensor>& bias, at::IntArrayRef stride,
                       at::IntArrayRef padding, at::IntArrayRef dilation, bool transposed,
                       at::IntArrayRef output_padding, int64_t groups) {
  ++g_counts.operators;
  const Uncounted uncounted;
  const c10::DeviceGuard guard(x.device());
  c10::optional<at::Tensor> bias_on_host;
  if (bias.has_value() && bias->defined()) bias_on_host = bias->cpu();
  return at::convolution(x.cpu(), w.cpu(), bias_on_host, stride, padding, dilation, transposed,
                         output_padding, groups)
      .to(x.device());
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> ConvolutionBackward(
    const at::Tensor& gradient, const at::Tensor& x, const at::Tensor& w, at::IntArrayRef stride,
    at::IntArrayRef padding, at::IntArrayRef dilation, bool transposed,
    at::IntArrayRef output_padding, int64_t groups, std::array<bool, 3> mask) {
  ++g_counts.operators;
  const Uncounted uncounted;
  const c10::DeviceGuard guard(x.device());
  const int64_t outputs = transposed ? w.size(1) * groups : w.size(0);
  const auto [a, b, c] =
      at::convolution_backward(gradient.cpu(), x.cpu(), w.cpu(), at::IntArrayRef(outputs), stride,
                               padding, dilation, transposed, output_padding, groups, mask);
  const auto on_device = [&](const at::Tensor& tensor) {
    return tensor.defined() ? tensor.to(x.device()) : tensor;
  };
  return {on_device(a), on_device(b), on_device(c)};
}

// Its running statistics are written, which the schema of the operator does not say.
std::tuple<at::Tensor, at::Tensor, at::Tensor> BatchNorm(
    const at::Tensor& x, const c10::optional<at::Tensor>& weight,
    const c10::optional<at::Tensor>& bias, const c10::optional<at::Tensor>& mean,
    const c10::optional<at::Tensor>& variance, bool training, double momentum, double epsilon) {
  ++g_counts.operators;
  const Uncounted uncounted;
  const c10::DeviceGuard guard(x.device());
  const auto on_host = [](const c10::optional<at::Tensor>& tensor) {
    return tensor.has_value() && tensor->defined() ? c10::make_optional(tensor->cpu()) : tensor;
  };
  const c10::optional<at::Tensor> means = on_host(mean);
  const c10::optional<at::Tensor> variances = on_host(variance);
  const auto [y, batch_mean, batch_deviation] = at::native_batch_norm(
      x.cpu(), on_host(weight), on_host(bias), means, variances, training, momentum, epsilon);
  if (training && means.has_value() && means->defined()) {
    mean->copy_(*means);
    variance->copy_(*variances);
  }
  return {y.to(x.device()), batch_mean.to(x.device()), batch_deviation.to(x.device())};
}

// Calls `visit` with each tensor among the arguments.
template <class Visit>
void ForEachTensor(const c10::IValue& value, const Visit& visit) {
  if (value.isTensor()) {
    visit(value.toTensor());
  } else if (value.isTensorList()) {
    for (const at::Tensor& tensor : value.toTensorVector()) visit(tensor);
  } else if (value.isList()) {
    for (const c10::IValue& element : value.toListRef()) ForEachTensor(element, visit);
  }
}

void Fallback(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  ++g_counts.operators;
  const size_t arguments = op.schema().arguments().size();
  c10::optional<at::Device> device;
  for (size_t i = stack->size() - arguments; i < stack->size(); ++i) {
    ForEachTensor((*stack)[i], [&](const at::Tensor& tensor) {
      // Single numbers of the host may come along.
      if (!tensor.defined() || (tensor.is_cpu() && tensor.dim() == 0)) return;
      if (!device.has_value()) device = tensor.device();
      TORCH_CHECK(
          *device == tensor.device(), op.schema().name(),
          ": Expected all tensors to be on the same device, but found at least two devices, ",
          *device, " and ", tensor.device(), "!");
    });
  }
  const Uncounted uncounted;
  const c10::DeviceGuard guard(device.value_or(c10::Device(kType, g_current)));
  at::native::cpu_fallback(op, stack);
}

}  // namespace

bool HasFakeDevice() { return !KUR_LIBTORCH_HAS_CUDA; }

void RegisterFakeDevice() {
  if (!HasFakeDevice()) return;
  static const bool kRegistered = [] {
    c10::SetAllocator(kType, TheAllocator());
    static FakeGuard guard;
    static const c10::impl::DeviceGuardImplRegistrar kRegistrar(kType, &guard);
    static auto* const kAten = new torch::Library(
        torch::Library::IMPL, "aten", c10::DispatchKey::PrivateUse1, __FILE__, __LINE__);
    kAten->impl("empty.memory_format", &Empty);
    kAten->impl("empty_strided", &EmptyStrided);
    kAten->impl("as_strided", &AsStrided);
    kAten->impl("_reshape_alias", &ReshapeAlias);
    kAten->impl("view", TORCH_FN(at::native::view));
    kAten->impl("resize_", &Resize);
    kAten->impl("convolution_overrideable", &Convolution);
    kAten->impl("convolution_backward_overrideable", &ConvolutionBackward);
    kAten->impl("native_batch_norm", &BatchNorm);
    kAten->impl("_copy_from", &CopyFrom);
    kAten->impl("_copy_from_and_resize", &CopyFromAndResize);
    kAten->impl("_local_scalar_dense", &LocalScalar);
    static auto* const kAll = new torch::Library(torch::Library::IMPL, "_",
                                                 c10::DispatchKey::PrivateUse1, __FILE__, __LINE__);
    kAll->fallback(torch::CppFunction::makeFromBoxedFunction<&Fallback>());
    return true;
  }();
  static_cast<void>(kRegistered);
}

FakeDeviceCounts CountsOfFakeDevices() { return g_counts; }
void ResetFakeDeviceCounts() { g_counts = FakeDeviceCounts(); }

}  // namespace kur::testing
