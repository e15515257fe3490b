#include "client/output/table.h"

#include <sstream>

#include "gtest/gtest.h"
#include "tests/client/test_support.h"

namespace kur::client {
namespace {

Table Example() {
  Table table({{"NAME"}, {"EPOCH", Table::Align::kRight}, {"REASON"}});
  table.Add({"cifar-7", "3/10", ""});
  table.Add({"größe-12", "12", {"ended\nby \x1b[31mNaN", Style::kRed}});
  return table;
}

TEST(Table, AlignsColumnsAndCutsNothingInAPipe) {
  std::ostringstream stream;
  const Terminal pipe(stream, PlainFeatures());
  EXPECT_EQ(Example().Render(pipe),
            "NAME      EPOCH  REASON\n"
            "cifar-7    3/10  -\n"
            "größe-12     12  ended\\x0aby \\x1b[31mNaN\n");
}

TEST(Table, CutsTheLastColumnOnANarrowScreen) {
  std::ostringstream stream;
  const Terminal screen(stream, ScreenFeatures(28));
  EXPECT_EQ(Example().Render(screen),
            "NAME      EPOCH  REASON\n"
            "cifar-7    3/10  -\n"
            "größe-12     12  ended\\x0ab…\n");
}

TEST(Table, ColorsCellsOnlyWhereThereAreColors) {
  std::ostringstream stream;
  const Terminal screen(stream, ScreenFeatures(100, /*color=*/true));
  Table table({{"STATE"}, {"N"}});
  table.Add({{"failed", Style::kRed}, "1"});
  EXPECT_EQ(table.Render(screen),
            "\x1b[1mSTATE\x1b[0m   \x1b[1mN\x1b[0m\n"
            "\x1b[31mfailed\x1b[0m  1\n");
}

}  // namespace
}  // namespace kur::client
