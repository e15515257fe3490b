#include <algorithm>
#include <iterator>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "client/commands/commands.h"
#include "client/output/format.h"
#include "client/output/job_view.h"
#include "engine/base/status.h"
#include "engine/base/suggest.h"
#include "server/protocol/job_state.h"

namespace kur::client {
namespace {

constexpr int kPageSize = 1000;
constexpr int kLatestEnded = 20;

// Returns the names of kAllStates, in the same order.
std::vector<std::string> StateNames() {
  std::vector<std::string> names;
  names.reserve(kAllStates.size());
  for (const v1::JobState state : kAllStates) names.emplace_back(StateName(state));
  return names;
}

class ListCommand : public Command {
 public:
  Info info() const override {
    return {"list",
            "List jobs: those at work or waiting, and the latest that have ended",
            "kurctl list\n"
            "kurctl list --project cifar --state failed,cancelled\n"
            "kurctl list -a -o json",
            {"ls", "ps"}};
  }

  void Declare(Arguments& arguments) override {
    arguments.Option("--project", "NAME", &project_, "Only jobs of this project");
    arguments.Option(
        "--state", "STATE,...", &states_,
        absl::StrCat("Only jobs in these states: ", absl::StrJoin(StateNames(), ", ")));
    arguments.Flag("-a,--all", &all_, "All jobs that have ended, not only the latest");
    AddOutputOption(arguments, &format_, {"table", "wide", "json", "yaml", "name"});
  }

  absl::StatusOr<ExitCode> Run(Context& context) override {
    KUR_ASSIGN_OR_RETURN(const std::vector<v1::JobState> states, ParseStates());
    KUR_ASSIGN_OR_RETURN(const auto connection, context.Connect());
    KUR_ASSIGN_OR_RETURN(const std::vector<v1::Job> jobs, Fetch(context, *connection, states));
    switch (format_) {
      case OutputFormat::kName:
        for (const v1::Job& job : jobs) context.out.WriteLine(job.name());
        break;
      case OutputFormat::kJson:
      case OutputFormat::kYaml:
        context.out.Write(RenderStructured(format_, ToJsonList(jobs)));
        break;
      case OutputFormat::kTable:
      case OutputFormat::kWide:
        if (jobs.empty()) {
          context.err.WriteLine("no jobs; submit one with `kurctl submit FILE`");
        } else {
          context.out.Write(RenderJobTable(jobs, format_ == OutputFormat::kWide,
                                           context.clock.Now(), context.out));
        }
    }
    return ExitCode::kOk;
  }

 private:
  absl::StatusOr<std::vector<v1::JobState>> ParseStates() const {
    std::vector<v1::JobState> states;
    const std::vector<std::string> known = StateNames();
    for (const absl::string_view name : absl::StrSplit(states_, ',', absl::SkipEmpty())) {
      const auto it = std::find(known.begin(), known.end(), name);
      if (it == known.end()) {
        return UsageError(absl::StrCat("unknown state '", name, "'", DidYouMean(name, known)));
      }
      states.push_back(kAllStates[static_cast<size_t>(it - known.begin())]);
    }
    return states;
  }

  // Returns the jobs to show, newest first.
  absl::StatusOr<std::vector<v1::Job>> Fetch(Context& context, Connection& connection,
                                             const std::vector<v1::JobState>& states) const {
    if (all_ || !states.empty()) return FetchPages(connection, states, /*limit=*/0, nullptr);
    const auto unfinished = StatesWhere([](v1::JobState state) { return !IsFinal(state); });
    KUR_ASSIGN_OR_RETURN(std::vector<v1::Job> jobs,
                         FetchPages(connection, unfinished, /*limit=*/0, nullptr));
    bool more = false;
    KUR_ASSIGN_OR_RETURN(const std::vector<v1::Job> ended,
                         FetchPages(connection, StatesWhere(IsFinal), kLatestEnded, &more));
    // A job may have ended between the two calls.
    std::set<std::string> names;
    for (const v1::Job& job : ended) names.insert(job.name());
    const auto both = [&](const v1::Job& job) { return names.count(job.name()) > 0; };
    jobs.erase(std::remove_if(jobs.begin(), jobs.end(), both), jobs.end());
    jobs.insert(jobs.end(), ended.begin(), ended.end());
    std::stable_sort(jobs.begin(), jobs.end(), [](const v1::Job& a, const v1::Job& b) {
      return TimeOf(a.submitted_at()) > TimeOf(b.submitted_at());
    });
    if (more) {
      context.err.WriteLine(absl::StrCat("of the jobs that have ended only the latest ",
                                         kLatestEnded, " are shown; -a shows all"));
    }
    return jobs;
  }

  // Fetches the jobs in those states, at most `limit` unless 0. Sets `*more`, if not null, to
  // whether there are more than `limit`.
  absl::StatusOr<std::vector<v1::Job>> FetchPages(Connection& connection,
                                                  const std::vector<v1::JobState>& states,
                                                  int limit, bool* more) const {
    v1::ListJobsRequest request;
    request.set_project(project_);
    for (const v1::JobState state : states) request.add_states(state);
    request.set_page_size(limit > 0 ? limit : kPageSize);
    std::vector<v1::Job> jobs;
    do {
      KUR_ASSIGN_OR_RETURN(const auto page, connection.Call(&v1::Jobs::Stub::ListJobs, request));
      jobs.insert(jobs.end(), page.jobs().begin(), page.jobs().end());
      request.set_page_token(page.next_page_token());
    } while (!request.page_token().empty() && limit == 0);
    if (more != nullptr) *more = !request.page_token().empty();
    return jobs;
  }

  std::string project_;
  std::string states_;  // separated by commas
  bool all_ = false;
  OutputFormat format_ = OutputFormat::kTable;
};

}  // namespace

std::unique_ptr<Command> MakeListCommand() { return std::make_unique<ListCommand>(); }

}  // namespace kur::client
