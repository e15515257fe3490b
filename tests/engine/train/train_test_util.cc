#include "tests/engine/train/train_test_util.h"

#include <ATen/core/Tensor.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <random>

#include "absl/strings/str_cat.h"
#include "engine/base/file_system.h"
#include "engine/base/path_resolver.h"
#include "engine/formats/pickle/pickle_writer.h"
#include "engine/train/checkpoint.h"
#include "gtest/gtest.h"
#include "tests/testing/fake_device.h"
#include "tests/testing/test_device.h"

namespace kur::testing {
namespace {

FloatTensors ToFloats(const TensorMap& tensors) {
  FloatTensors floats;
  for (const auto& [name, tensor] : tensors) {
    EXPECT_EQ(tensor.scalar_type(), at::kFloat) << name;
    const float* begin = tensor.data_ptr<float>();
    floats[name].assign(begin, begin + tensor.numel());
  }
  return floats;
}

Checkpoint Read(const std::string& path) {
  auto checkpoint = ReadCheckpoint(path);
  EXPECT_TRUE(checkpoint.ok()) << checkpoint.status();
  return checkpoint.ok() ? *std::move(checkpoint) : Checkpoint();
}

}  // namespace

bool TestDeviceHasBf16() { return TestDevice() != kFakeDevice; }

std::vector<std::string> RecordingObserver::Descriptions() const {
  std::vector<std::string> descriptions;
  for (const WrittenFile& file : written) descriptions.push_back(file.info.description);
  return descriptions;
}

std::string RecordingObserver::LogText() const {
  std::string text;
  for (const auto& [level, line] : logs) absl::StrAppend(&text, line, "\n");
  return text;
}

absl::Status RecordingObserver::WriteArtifact(const ArtifactInfo& info,
                                              const std::string& content) {
  if (failing_write == written.size()) return absl::ResourceExhaustedError("the disk is full");
  written.push_back({info, content});
  return WriteFileAtomically(FileSystem::Posix(), JoinPath(workspace_, info.file.path), content);
}

bool RecordingObserver::IsCancelled() const {
  const bool validating = epochs.size() > evaluations.size();
  return (cancel_after_batches && batches.size() >= *cancel_after_batches) ||
         (cancel_in_validation && validating);
}

std::optional<RunCommand> RecordingObserver::TakeCommand() {
  if (checkpoint_after_batches != batches.size()) return std::nullopt;
  checkpoint_after_batches.reset();
  return RunCommand{1, RunCommand::Kind::kCheckpoint};
}

void Workspace::Write(const std::string& name, const std::string& content) const {
  std::filesystem::create_directories(std::filesystem::path(File(name)).parent_path());
  std::ofstream(File(name), std::ios::binary | std::ios::trunc) << content;
}

void Workspace::WritePoints(const std::string& name, int64_t samples, uint32_t seed) const {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float> points;
  std::vector<float> above;
  for (int64_t i = 0; i < samples; ++i) {
    const float x = uniform(generator);
    const float y = uniform(generator);
    points.insert(points.end(), {x, y});
    above.push_back(y > 0.5F * std::sin(3 * x) ? 1.0F : -1.0F);
  }
  PickleValue::Dict dict;
  dict.emplace_back(PickleValue("point"), PickleValue(*Array::FromValues({samples, 2}, points)));
  dict.emplace_back(PickleValue("above"), PickleValue(*Array::FromValues({samples, 1}, above)));
  Write(name, FormatPickle(PickleValue::MakeDict(std::move(dict))));
}

absl::StatusOr<RunOutcome> Workspace::Run(const std::string& kurfile, RecordingObserver* observer,
                                          RunOptions options) const {
  const Kurfile loaded = LoadText(kurfile);
  PathResolver::Options paths;
  paths.workspace = path();
  paths.home = File("home");
  options.threads = 1;
  if (options.device == "cpu") options.device = TestDevice();
  return kur::Run(loaded, PathResolver(paths), options, observer->host());
}

FloatTensors WeightsIn(const std::string& path) { return ToFloats(Read(path).weights); }

FloatTensors OptimizerStateIn(const std::string& path) {
  return ToFloats(Read(path).optimizer_state);
}

Kurfile LoadText(const std::string& text) {
  const TemporaryDirectory dir;
  KurfileOptions options;
  options.display_root = dir.path();
  auto kurfile = Kurfile::Load(dir.Write("k.yml", text), options);
  // Without a Kurfile there is nothing that the test could go on with.
  EXPECT_TRUE(kurfile.ok()) << kurfile.status();
  return *std::move(kurfile);
}

}  // namespace kur::testing
