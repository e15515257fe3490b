#include "client/completion.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "engine/kurfile/reference/reference.h"

namespace kur::client {
namespace {

// Records what a command declares.
class DeclaredNames : public Arguments {
 public:
  void OptionalPositional(const std::string& name, std::string*, const std::string&) override {
    positionals.push_back(name);
  }
  void Positional(const std::string& name, std::string*, const std::string&) override {
    positionals.push_back(name);
  }
  void Positionals(const std::string& name, std::vector<std::string>*,
                   const std::string&) override {
    positionals.push_back(name);
    last_repeats = true;
  }
  void Flag(const std::string& names, bool*, const std::string&) override { Add(names, false, {}); }
  void Option(const std::string& names, const std::string&, std::string*,
              const std::string&) override {
    Add(names, true, {});
  }
  void Repeated(const std::string& names, const std::string&, std::vector<std::string>*,
                const std::string&) override {
    Add(names, true, {});
  }
  void Number(const std::string& names, const std::string&, int64_t*, const std::string&) override {
    Add(names, true, {});
  }
  void Choice(const std::string& names, const std::string&, const std::vector<std::string>& choices,
              std::function<void(size_t)>, const std::string&) override {
    Add(names, true, choices);
  }
  void AddNote(const std::string&) override {}

  struct DeclaredFlag {
    bool takes_value;
    std::vector<std::string> choices;
  };
  std::map<std::string, DeclaredFlag> flags;  // by each of their names
  std::vector<std::string> positionals;
  bool last_repeats = false;

 private:
  void Add(const std::string& names, bool takes_value, const std::vector<std::string>& choices) {
    for (const absl::string_view name : absl::StrSplit(names, ',')) {
      flags[std::string(name)] = {takes_value, choices};
    }
  }
};

// Returns the names of jobs on the server that the command line names.
std::vector<std::string> JobNames(Context& context) {
  std::vector<std::string> names;
  const auto connection = context.Connect();
  if (!connection.ok()) return names;
  constexpr int kMaxNames = 200;
  v1::ListJobsRequest request;
  request.set_page_size(kMaxNames);
  const auto response = (*connection)->Call(&v1::Jobs::Stub::ListJobs, request);
  if (!response.ok()) return names;
  for (const v1::Job& job : response->jobs()) names.push_back(job.name());
  return names;
}

// Returns the names of the caller's secrets on the server that the command line names.
std::vector<std::string> SecretNames(Context& context) {
  std::vector<std::string> names;
  const auto connection = context.Connect();
  if (!connection.ok()) return names;
  const auto response =
      (*connection)->Call(&v1::Secrets::Stub::ListSecrets, v1::ListSecretsRequest());
  if (!response.ok()) return names;
  for (const v1::Secret& secret : response->secrets()) names.push_back(secret.name());
  return names;
}

std::vector<std::string> ArgumentCandidates(const std::string& positional, Context& context) {
  if (positional == "ACTION") return {"list", "rm", "set"};
  if (positional == "SECRET") return SecretNames(context);
  if (positional == "JOB" || positional == "A" || positional == "B") return JobNames(context);
  if (positional == "KEY") return ExplainPaths();
  if (positional == "SHELL") return {"bash", "fish", "zsh"};
  return {};
}

std::vector<std::string> Candidates(const std::vector<std::string>& words, Command& command,
                                    Context& context) {
  DeclaredNames names;
  command.Declare(names);
  names.flags["--help"] = {false, {}};
  if (command.info().connects) {
    for (const char* flag : {"--server", "--token-file", "--tls-ca"})
      names.flags[flag] = {true, {}};
    names.flags["--tls"] = {false, {}};
  }
  size_t positional = 0;
  const DeclaredNames::DeclaredFlag* awaiting_value = nullptr;  // the flag whose value comes next
  for (size_t i = 1; i + 1 < words.size(); ++i) {
    const auto flag = names.flags.find(words[i]);
    if (awaiting_value != nullptr) {
      awaiting_value = nullptr;
    } else if (flag != names.flags.end()) {
      awaiting_value = flag->second.takes_value ? &flag->second : nullptr;
    } else if (!absl::StartsWith(words[i], "-")) {
      ++positional;
    }
  }
  if (awaiting_value != nullptr) return awaiting_value->choices;
  if (absl::StartsWith(words.back(), "-")) {
    std::vector<std::string> flags;
    for (const auto& entry : names.flags) flags.push_back(entry.first);
    return flags;
  }
  if (names.positionals.empty()) return {};
  if (positional >= names.positionals.size()) {
    if (!names.last_repeats) return {};
    positional = names.positionals.size() - 1;
  }
  return ArgumentCandidates(names.positionals[positional], context);
}

}  // namespace

std::vector<std::string> Complete(const std::vector<std::string>& words,
                                  const std::vector<ListedCommand>& commands, Context& context) {
  std::vector<std::string> candidates;
  if (words.size() <= 1) {
    for (const ListedCommand& listed : commands) candidates.push_back(listed.command->info().name);
  } else {
    for (const ListedCommand& listed : commands) {
      const Command::Info info = listed.command->info();
      if (info.name == words[0] ||
          std::count(info.aliases.begin(), info.aliases.end(), words[0]) > 0) {
        candidates = Candidates(words, *listed.command, context);
      }
    }
  }
  const std::string prefix = words.empty() ? "" : words.back();
  candidates.erase(std::remove_if(candidates.begin(), candidates.end(),
                                  [&](const std::string& candidate) {
                                    return !absl::StartsWith(candidate, prefix);
                                  }),
                   candidates.end());
  std::sort(candidates.begin(), candidates.end());
  return candidates;
}

}  // namespace kur::client
