#include <filesystem>
#include <memory>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "client/commands/commands.h"
#include "engine/base/file_system.h"
#include "engine/base/status.h"
#include "engine/kurfile/yaml/formatter.h"

namespace kur::client {
namespace {

constexpr int64_t kMaxFileBytes = 1 << 20;

// Replaces the content of a file. Follows links and keeps the permissions.
absl::Status ReplaceContent(const std::string& file, const std::string& content) {
  std::error_code error;
  const auto target = std::filesystem::canonical(file, error);
  if (error) return absl::NotFoundError(absl::StrCat(file, ": ", error.message()));
  const auto permissions = std::filesystem::status(target, error).permissions();
  if (error) return absl::InternalError(absl::StrCat(file, ": ", error.message()));
  return WriteFileAtomically(FileSystem::Posix(), target.string(), content,
                             static_cast<int>(permissions));
}

class FmtCommand : public Command {
 public:
  Info info() const override {
    return {"fmt",
            "Bring Kurfiles into the customary style",
            "kurctl fmt cifar.yml\n"
            "kurctl fmt --write *.yml\n"
            "kurctl fmt --check *.yml",
            {"format"},
            /*connects=*/false};
  }

  void Declare(Arguments& arguments) override {
    arguments.Positionals("FILE", &files_, "The Kurfiles");
    arguments.Flag("-w,--write", &write_, "Write the result to the file instead of showing it");
    arguments.Flag("--check", &check_,
                   "Write nothing; name the files that would change, and exit with 1 if there are "
                   "any");
    arguments.AddNote(
        "Two spaces a level, lists indented below their key, one space after colons and commas.\n"
        "Comments and the order of keys stay. A file that cannot be brought into that style\n"
        "without changing its meaning is left as it is, and the reason is shown.");
  }

  absl::StatusOr<ExitCode> Run(Context& context) override {
    if (write_ && check_) return UsageError("--write and --check exclude each other");
    ExitCode code = ExitCode::kOk;
    for (const std::string& file : files_) {
      KUR_ASSIGN_OR_RETURN(const std::string text, FileSystem::Posix().Read(file, kMaxFileBytes));
      const auto formatted = FormatYaml(text, std::make_shared<const std::string>(file));
      if (absl::IsFailedPrecondition(formatted.status())) {
        context.err.WriteLine(absl::StrCat("kurctl: ", formatted.status().message()));
        code = ExitCode::kError;
        continue;
      }
      KUR_RETURN_IF_ERROR(formatted.status());
      if (!write_ && !check_) {
        context.out.Write(*formatted);
      } else if (*formatted != text) {
        context.out.WriteLine(file);
        if (check_) code = ExitCode::kError;
        if (write_) KUR_RETURN_IF_ERROR(ReplaceContent(file, *formatted));
      }
    }
    return code;
  }

 private:
  std::vector<std::string> files_;
  bool write_ = false;
  bool check_ = false;
};

}  // namespace

std::unique_ptr<Command> MakeFmtCommand() { return std::make_unique<FmtCommand>(); }

}  // namespace kur::client
