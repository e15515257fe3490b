#include "server/api/grpc_status.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "engine/value/diagnostics.h"
#include "kur/v1/errors.pb.h"
#include "server/protocol/conversions.h"

namespace kur::server {
namespace {

constexpr size_t kMaxMessageBytes = 1024;
// In base64, as it may travel, this grows by a third.
constexpr size_t kMaxDetailBytes = 4096;

// With a slash at the end; empty: nothing is hidden.
std::string& HiddenFolder() {
  static auto* const folder = new std::string;
  return *folder;
}

std::string WithoutHidden(absl::string_view text) {
  if (HiddenFolder().empty()) return std::string(text);
  return absl::StrReplaceAll(text, {{HiddenFolder(), ""}});
}

// The text, without what is hidden, up to `limit` bytes, cut between characters of UTF-8.
std::string Cut(absl::string_view whole, size_t limit) {
  std::string text = WithoutHidden(whole);
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xc0) == 0x80) --limit;
  text.resize(limit);
  return text + "…";
}

v1::ErrorDetails DetailsOf(const std::vector<Diagnostic>& diagnostics) {
  v1::ErrorDetails details;
  for (size_t i = 0; i < diagnostics.size(); ++i) {
    v1::Diagnostic& added = *details.add_diagnostics();
    added = kur::ToProto(diagnostics[i]);
    added.set_message(Cut(added.message(), kMaxMessageBytes));
    if (details.ByteSizeLong() <= kMaxDetailBytes) continue;
    added.Clear();
    added.set_message(absl::StrCat("and ", diagnostics.size() - i, " more"));
    break;
  }
  return details;
}

}  // namespace

void HideFolder(const std::string& folder) { HiddenFolder() = folder + "/"; }

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  // The numbers of absl::StatusCode are those of gRPC.
  const auto code = static_cast<grpc::StatusCode>(status.code());
  if (absl::IsUnavailable(status)) {
    v1::ErrorDetails details;
    details.set_reached(true);
    return grpc::Status(code, Cut(status.message(), kMaxMessageBytes), details.SerializeAsString());
  }
  const std::vector<Diagnostic> diagnostics = DiagnosticsOf(status);
  if (diagnostics.empty()) return grpc::Status(code, Cut(status.message(), kMaxMessageBytes));
  std::string message = Cut(diagnostics.front().ToString(), kMaxMessageBytes);
  if (diagnostics.size() > 1) absl::StrAppend(&message, " (and ", diagnostics.size() - 1, " more)");
  return grpc::Status(code, message, DetailsOf(diagnostics).SerializeAsString());
}

}  // namespace kur::server
