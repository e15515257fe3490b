#include "client/job_follower.h"

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/event_follower.h"
#include "client/output/event_formatter.h"
#include "client/output/format.h"
#include "client/output/job_progress.h"
#include "client/output/live_area.h"
#include "client/output/text.h"
#include "client/output/transfer_progress.h"
#include "client/transfer/artifact_fetcher.h"
#include "server/protocol/job_state.h"

namespace kur::client {
namespace {

constexpr absl::Duration kPollInterval = absl::Milliseconds(100);
// How often progress within an epoch is printed to a stream that cannot redraw.
constexpr absl::Duration kProgressInterval = absl::Seconds(30);

// Watches one job. Not thread-safe.
class Watch {
 public:
  Watch(Context& context, Connection& connection, const FollowOptions& options)
      : context_(context),
        options_(options),
        formatter_(context.out,
                   {context.out.interactive() ? absl::InfiniteDuration() : kProgressInterval,
                    context.zone}),
        progress_(context.out, options.job),
        live_(context.out, context.clock),
        follower_(connection, context.clock, FollowerOptions()) {
    if (!options.fetch_folder.empty()) {
      fetcher_ = std::make_unique<ArtifactFetcher>(connection, context.clock, options.job,
                                                   options.fetch_folder);
    }
  }

  absl::StatusOr<ExitCode> Run() {
    while (true) {
      if (context_.interrupted) return Detach();
      v1::Event event;
      const auto step = follower_.Next(&event, kPollInterval);
      if (!step.ok()) return step.status();
      if (*step == EventFollower::Step::kEnd) break;
      if (*step == EventFollower::Step::kEvent) Show(event);
      Redraw();
    }
    if (!FinishFetching()) return Detach();
    live_.Clear();
    if (fetcher_ != nullptr && !fetcher_->status().ok()) return fetcher_->status();
    return ExitCodeOf(progress_.state());
  }

 private:
  EventFollower::Options FollowerOptions() {
    EventFollower::Options options;
    options.job = options_.job;
    options.on_connection_change = [this](const std::string& text) {
      // A line of the other stream would break the live lines.
      live_.Clear();
      context_.err.WriteLine(absl::StrCat("kurctl: ", text));
    };
    return options;
  }

  void Show(const v1::Event& event) {
    progress_.Add(event);
    if (const auto line = formatter_.Format(event)) live_.Print(*line);
    if (fetcher_ != nullptr && event.has_artifact_written()) {
      fetcher_->Fetch(event.artifact_written());
    }
  }

  void Redraw() {
    ShowFetched();
    if (!live_.IsDue()) return;
    std::vector<std::string> lines = progress_.Lines(context_.clock.Now());
    if (fetcher_ != nullptr) AddTransfer(&lines);
    live_.Update(lines);
  }

  void AddTransfer(std::vector<std::string>* lines) {
    const std::optional<Transfer> transfer = fetcher_->current();
    if (!transfer.has_value()) return;
    lines->push_back(RenderTransfer(*transfer, /*moved=*/0, absl::ZeroDuration(), context_.out));
  }

  void ShowFetched() {
    if (fetcher_ == nullptr) return;
    for (const v1::Artifact& artifact : fetcher_->TakeFetched()) {
      live_.Print(absl::StrCat("fetched ", Printable(artifact.path()), " (",
                               HumanBytes(artifact.size()), ") to ", options_.fetch_folder));
    }
  }

  // Returns false if the user has pressed Ctrl-C.
  bool FinishFetching() {
    if (fetcher_ == nullptr) return true;
    while (!fetcher_->WaitUntilIdle(kPollInterval)) {
      if (context_.interrupted) return false;
      Redraw();
    }
    ShowFetched();
    return true;
  }

  ExitCode Detach() {
    live_.Clear();
    if (IsFinal(progress_.state())) {
      context_.err.WriteLine(absl::StrCat("stopped fetching; the rest comes with `kurctl watch ",
                                          options_.job, " --fetch ", options_.fetch_folder, "`"));
    } else {
      context_.err.WriteLine(absl::StrCat("detached; ", options_.job,
                                          " goes on. Come back with `kurctl watch ", options_.job,
                                          "`, end it with `kurctl cancel ", options_.job, "`"));
    }
    return ExitCode::kInterrupted;
  }

  Context& context_;
  const FollowOptions& options_;
  EventFormatter formatter_;
  JobProgress progress_;
  LiveArea live_;
  EventFollower follower_;
  std::unique_ptr<ArtifactFetcher> fetcher_;  // null if nothing is downloaded
};

}  // namespace

absl::StatusOr<ExitCode> FollowJob(Context& context, Connection& connection,
                                   const FollowOptions& options) {
  context.catch_interrupts();
  return Watch(context, connection, options).Run();
}

}  // namespace kur::client
