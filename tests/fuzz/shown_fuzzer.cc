// Any events and job as kurctl shows them: whoever wrote the texts in them, a terminal gets no
// control sequences.

#include <sstream>

#include "client/output/data_text.h"
#include "client/output/event_formatter.h"
#include "client/output/job_view.h"
#include "client/output/structured.h"
#include "client/output/text.h"
#include "kur/v1/worker.pb.h"
#include "nlohmann/json.hpp"
#include "tests/fuzz/fuzzing.h"
#include "tests/fuzz/inputs.pb.h"
#include "tests/fuzz/message_mutator.h"

KUR_FUZZ_MESSAGES(kur::fuzz::Shown)

namespace kur::client {
namespace {

using fuzz::Require;

void RequirePrintable(absl::string_view text) {
  Require(IsUtf8(text));
  for (const char c : text) Require(c == '\n' || (static_cast<uint8_t>(c) >= 0x20 && c != 0x7f));
}

void Show(const fuzz::Shown& shown, const Terminal& terminal) {
  const absl::Time now = absl::UnixEpoch();
  EventFormatter::Options options;
  options.progress_interval = absl::ZeroDuration();
  EventFormatter formatter(terminal, options);
  for (const v1::Event& event : shown.events()) {
    RequirePrintable(formatter.Format(event).value_or(""));
    Require(nlohmann::json::accept(ToJsonLine(event)));
    if (event.has_data_inspected()) RequirePrintable(RenderData(event.data_inspected(), terminal));
  }
  const std::vector<v1::Job> jobs(shown.jobs().begin(), shown.jobs().end());
  const std::vector<v1::Artifact> artifacts(shown.artifacts().begin(), shown.artifacts().end());
  for (const bool wide : {false, true}) {
    RequirePrintable(RenderJobTable(jobs, wide, now, terminal));
    RequirePrintable(RenderArtifactTable(artifacts, wide, now, terminal));
  }
  for (const v1::Job& job : jobs) {
    RequirePrintable(RenderJob(job, artifacts, now, absl::UTCTimeZone(), terminal));
    ToYaml(ToJson(job));
  }
}

}  // namespace
}  // namespace kur::client

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  kur::fuzz::Shown shown;
  if (!shown.ParseFromArray(data, static_cast<int>(size))) return 0;
  std::ostringstream stream;
  for (const bool unicode : {false, true}) {
    kur::client::Terminal::Features features;
    features.unicode = unicode;
    features.width = [unicode] { return unicode ? 0 : 20; };
    kur::client::Show(shown, kur::client::Terminal(stream, features));
  }
  const std::string text(kur::fuzz::Text(data, size));
  const std::string printable = kur::client::Printable(text);
  kur::client::RequirePrintable(printable);
  kur::fuzz::Require(kur::client::DisplayWidth(kur::client::Truncate(printable, 9)) <= 9);
  return 0;
}
