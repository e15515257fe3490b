#include "engine/kurfile/specs/device_request.h"

#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace kur {
namespace {

// Parses one term of `device`: "gpu", "gpu2", "gpu2-6", "gpu!3".
bool ParseDeviceTerm(absl::string_view term, DeviceRequest* request) {
  if (!absl::StartsWith(term, "gpu")) return false;
  term.remove_prefix(3);
  if (term.empty()) return true;
  const bool exclude = term[0] == '!';
  if (exclude) term.remove_prefix(1);
  const std::vector<std::string> ends = absl::StrSplit(term, '-');
  int first = 0;
  int last = 0;
  constexpr size_t kMaxDevices = 1024;
  if (ends.size() > 2 || !absl::SimpleAtoi(ends[0], &first) ||
      !absl::SimpleAtoi(ends.back(), &last) || first < 0 || last < first ||
      static_cast<size_t>(last) >= kMaxDevices) {
    return false;
  }
  std::vector<int>& chosen = exclude ? request->excluded : request->allowed;
  for (int i = first; i <= last; ++i) chosen.push_back(i);
  return chosen.size() <= kMaxDevices;
}

struct BackendKeys {
  std::optional<std::string> name;
  std::optional<std::string> device;
  std::optional<int64_t> parallel;
};

struct AllSettings {
  Value backend;
  std::optional<int64_t> seed;
};

}  // namespace

DeviceRequest ParseDevices(const Value& settings, Diagnostics* diagnostics) {
  DeviceRequest request;
  const Value* backend = settings.Find("backend");
  if (backend == nullptr || !backend->is_dict()) return request;
  request.location = backend->location();
  const Value* device = backend->Find("device");
  if (device != nullptr && !device->is_null()) {
    request.location = device->location();
    const std::string key = "settings.backend.device";
    std::string text;
    if (!FieldTraits<std::string>::Parse(*device, key, diagnostics, &text)) return request;
    request.kind = text == "cpu" ? DeviceRequest::Kind::kCpu : DeviceRequest::Kind::kCuda;
    for (absl::string_view term : absl::StrSplit(text, ',')) {
      if (text != "cpu" && !ParseDeviceTerm(absl::StripAsciiWhitespace(term), &request)) {
        diagnostics->Error(device->location(), key,
                           absl::StrCat("expected cpu, gpu, or a selection such as "
                                        "'gpu2-6,gpu!3'; got ",
                                        Describe(*device)));
        break;
      }
    }
  }
  const Value* parallel = backend->Find("parallel");
  if (parallel != nullptr && !parallel->is_null() && request.kind != DeviceRequest::Kind::kCpu) {
    int64_t count = 1;
    const std::string key = "settings.backend.parallel";
    if (FieldTraits<int64_t>::Parse(*parallel, key, diagnostics, &count) && count != 1) {
      diagnostics->Error(parallel->location(), key,
                         "this version trains on one device; leave it out or say 1");
    }
  }
  return request;
}

KeyTable SettingsKeys() {
  const auto backend =
      Fields<BackendKeys>()
          .Optional("name", &BackendKeys::name, "accepted for compatibility: there is one backend")
          .Example("pytorch")
          .Optional("device", &BackendKeys::device,
                    "which devices are allowed: cpu, gpu, or a selection of these")
          .Example("gpu2-6,gpu!3")
          .Optional("parallel", &BackendKeys::parallel, "how many devices; this version takes 1")
          .Example("1");
  return Fields<AllSettings>()
      .Optional("backend", &AllSettings::backend, "what to train on")
      .Example("{device: cpu}")
      .Keys(backend.Describe())
      .Optional("seed", &AllSettings::seed,
                "the seed of everything random; default: chosen and shown when a job is submitted")
      .Example("7")
      .Describe();
}

}  // namespace kur
