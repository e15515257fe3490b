// Holds the functions that every template knows.

#include <algorithm>

#include "engine/base/status.h"
#include "engine/template/builtins.h"

namespace kur::jinja {
namespace {

absl::StatusOr<Object> MakeRange(Runtime* runtime, const Object&, const BoundArguments& arguments) {
  KUR_ASSIGN_OR_RETURN(int64_t start, arguments.Integer(0));
  KUR_ASSIGN_OR_RETURN(int64_t stop, arguments.Integer(1));
  KUR_ASSIGN_OR_RETURN(const int64_t step, arguments.Integer(2, 1));
  if (!arguments.has(1)) stop = std::exchange(start, 0);
  if (step == 0) return Fail("the step cannot be 0");
  // No 64-bit difference overflows when it is unsigned.
  const auto low = static_cast<uint64_t>(step > 0 ? start : stop);
  const auto high = static_cast<uint64_t>(step > 0 ? stop : start);
  const auto stride = static_cast<uint64_t>(step);
  const bool empty = step > 0 ? start >= stop : start <= stop;
  const uint64_t size = empty ? 0 : (high - low - 1) / (step > 0 ? stride : 0 - stride) + 1;
  const auto count = static_cast<int64_t>(std::min<uint64_t>(size, INT64_MAX));
  if (count > runtime->budget().limits().output_bytes) return runtime->budget().MakeItems(count);
  std::vector<Object> items;
  items.reserve(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    items.emplace_back(start);
    // What would follow the last one may be beyond 64 bits.
    if (i + 1 < count) start += step;
  }
  return runtime->List(std::move(items));
}

absl::StatusOr<Object> GpuCount(Runtime* runtime, const Object&, const BoundArguments&) {
  if (!runtime->host().gpu_count) return Fail("the number of GPUs is not known here");
  return Object(runtime->host().gpu_count());
}

absl::StatusOr<Object> LoadWith(
    Runtime* runtime, const std::function<absl::StatusOr<Value>(const std::string&)>& load,
    const BoundArguments& arguments) {
  KUR_ASSIGN_OR_RETURN(const std::string path, arguments.Text(0));
  if (!load) return Fail("files cannot be read here");
  // Reading a file is dear: a loop must not do it for long.
  KUR_RETURN_IF_ERROR(runtime->budget().Spend(runtime->budget().limits().steps / 100));
  auto value = load(path);
  if (!value.ok()) return Fail(value.status().message());
  return Object::Wrap(runtime->Keep(*std::move(value)));
}

absl::StatusOr<Object> LoadJson(Runtime* runtime, const Object&, const BoundArguments& arguments) {
  return LoadWith(runtime, runtime->host().load_json, arguments);
}

absl::StatusOr<Object> LoadYaml(Runtime* runtime, const Object&, const BoundArguments& arguments) {
  return LoadWith(runtime, runtime->host().load_yaml, arguments);
}

}  // namespace

const BuiltinTable& Functions() {
  static const auto* const kTable =
      new BuiltinTable{{"range", {Signature("start stop? step?"), &MakeRange}},
                       {"gpu_count", {Signature(""), &GpuCount}},
                       {"load_json", {Signature("filename use_cache?"), &LoadJson}},
                       {"load_yaml", {Signature("filename use_cache?"), &LoadYaml}}};
  return *kTable;
}

}  // namespace kur::jinja
