#include "engine/train/batch_feeder.h"

#include <ATen/ops/empty.h>
#include <c10/util/accumulate.h>

#include <map>
#include <optional>
#include <utility>

#include "engine/base/status.h"
#include "engine/train/background_task.h"
#include "engine/train/stopwatch.h"

namespace kur {
namespace {

// What it costs to hand a batch from thread to thread, many times over.
constexpr double kWorthAThread = 1e-4;  // seconds

}  // namespace

// One batch, and the buffers that it lies in.
struct BatchFeeder::Slot {
  TensorMap buffers;
  TensorMap tensors;
  std::optional<BatchPlan> plan;  // of which the batch is; absent: none was made in the background
  int64_t batch = 0;
  absl::Status status;
  double seconds = 0;  // that making it took
  std::vector<int64_t> unreadable_rows;
};

BatchFeeder::BatchFeeder(const BatchProvider& provider, const std::set<std::string>& names,
                         c10::Device device, Options options)
    : provider_(provider),
      device_(device),
      options_(std::move(options)),
      current_(std::make_unique<Slot>()),
      next_(std::make_unique<Slot>()) {
  for (const std::string& name : names) {
    if (provider.sources().count(name) == 0) continue;
    names_.insert(name);
    current_->buffers[name] = at::Tensor();
    next_->buffers[name] = at::Tensor();
  }
}

BatchFeeder::~BatchFeeder() = default;

const std::vector<int64_t>& BatchFeeder::UnreadableRows() const {
  return current_->unreadable_rows;
}

absl::Status BatchFeeder::Fill(const BatchPlan& plan, int64_t batch, Slot* slot) const {
  std::map<std::string, float*> targets;
  BatchBuffers buffers;
  slot->tensors.clear();
  KUR_ASSIGN_OR_RETURN(const auto samples, provider_.Samples(plan, batch, names_));
  slot->unreadable_rows.clear();
  for (int64_t i = 0; i < plan.size(batch); ++i) {
    if (samples[static_cast<size_t>(i)] != plan.indices(batch)[i])
      slot->unreadable_rows.push_back(i);
  }
  for (auto& [name, buffer] : slot->buffers) {
    KUR_ASSIGN_OR_RETURN(const auto shape, provider_.BatchShape(samples, name));
    const int64_t count = c10::multiply_integers(shape);
    if (!buffer.defined() || buffer.numel() < count) {
      auto tensor_options = at::TensorOptions(at::kFloat);
      if (device_.is_cuda()) tensor_options = tensor_options.pinned_memory(true);
      buffer = at::empty({count}, tensor_options);
    }
    targets[name] = buffer.data_ptr<float>();
    buffers[name] = {targets[name], shape};
    slot->tensors[name] = buffer.narrow(0, 0, count).view(shape);
  }
  KUR_RETURN_IF_ERROR(provider_.Gather(samples, targets));
  if (options_.check) KUR_RETURN_IF_ERROR(options_.check(slot->tensors, samples.data()));
  if (options_.change) options_.change(samples.data(), buffers);
  return absl::OkStatus();
}

void BatchFeeder::Begin(const BatchPlan& plan, int64_t batch) {
  if (background_ == nullptr) background_ = std::make_unique<BackgroundTask>();
  Slot* const slot = next_.get();
  slot->plan = plan;
  slot->batch = batch;
  background_->Start([this, slot] {
    const double start = MonotonicSeconds();
    slot->status = Fill(*slot->plan, slot->batch, slot);
    slot->seconds = MonotonicSeconds() - start;
  });
}

absl::StatusOr<TensorMap> BatchFeeder::Load(const BatchPlan& plan, int64_t batch) {
  const double start = MonotonicSeconds();
  if (background_ != nullptr) background_->Wait();
  std::swap(current_, next_);
  const bool is_made =
      current_->plan.has_value() && current_->plan->indices(current_->batch) == plan.indices(batch);
  if (!is_made) {
    current_->status = Fill(plan, batch, current_.get());
    current_->seconds = MonotonicSeconds() - start;
  }
  current_->plan.reset();
  KUR_RETURN_IF_ERROR(current_->status);
  if (batch + 1 < plan.num_batches() && current_->seconds > kWorthAThread) Begin(plan, batch + 1);
  TensorMap tensors = current_->tensors;
  if (!device_.is_cpu()) {
    for (auto& [name, tensor] : tensors) {
      if (options_.on_host.count(name) == 0) tensor = tensor.to(device_);
    }
  }
  return tensors;
}

}  // namespace kur
