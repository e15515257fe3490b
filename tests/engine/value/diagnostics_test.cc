#include "engine/value/diagnostics.h"

#include "gtest/gtest.h"

namespace kur {
namespace {

TEST(DiagnosticsTest, AnErrorIsKeptHoweverManyWarningsThereAre) {
  Diagnostics diagnostics;
  for (int i = 0; i < 200; ++i) diagnostics.Warning({}, "", "a warning");
  diagnostics.Error({}, "", "the error");
  EXPECT_EQ(diagnostics.all().size(), 100u);
  const absl::Status status = diagnostics.ToStatus();
  EXPECT_EQ(status.message(), "error: the error");
  EXPECT_EQ(DiagnosticsOf(status).back().message, "the error");
}

TEST(DiagnosticsTest, ErrorsBeyondTheFirstAreCounted) {
  Diagnostics diagnostics;
  for (int i = 0; i < 200; ++i) diagnostics.Error({}, "", std::to_string(i));
  EXPECT_EQ(diagnostics.all().back().message, "99");
  EXPECT_NE(diagnostics.ToStatus().message().find("and 100 more errors"), std::string::npos);
}

}  // namespace
}  // namespace kur
