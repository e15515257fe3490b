#include "client/commands/command.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace kur::client {
namespace {

const std::map<std::string, OutputFormat>& Formats() {
  static const auto* formats =
      new std::map<std::string, OutputFormat>{{"table", OutputFormat::kTable},
                                              {"wide", OutputFormat::kWide},
                                              {"json", OutputFormat::kJson},
                                              {"yaml", OutputFormat::kYaml},
                                              {"name", OutputFormat::kName}};
  return *formats;
}

}  // namespace

void AddOutputOption(Arguments& arguments, OutputFormat* format,
                     const std::vector<std::string>& allowed) {
  arguments.Choice(
      "-o,--output", "FORMAT", allowed,
      [format, allowed](size_t index) { *format = Formats().at(allowed[index]); },
      absl::StrCat("How to print: ", absl::StrJoin(allowed, ", ")));
}

void AddOverrideOption(Arguments& arguments, std::vector<std::string>* overrides) {
  arguments.Repeated("--set", "PATH=VALUE", overrides,
                     "Change a value of the Kurfile before it is evaluated; may be repeated");
}

void AddJobArgument(Arguments& arguments, std::string* job) {
  arguments.Positional("JOB", job, "The job's name, or as much of it as is unambiguous");
}

void AddJobsArgument(Arguments& arguments, std::vector<std::string>* jobs) {
  arguments.Positionals("JOB", jobs, "The jobs' names, or as much of them as is unambiguous");
}

absl::StatusOr<v1::Job> GetJob(Connection& connection, const std::string& name) {
  v1::GetJobRequest request;
  request.set_name(name);
  return connection.Call(&v1::Jobs::Stub::GetJob, request);
}

}  // namespace kur::client
