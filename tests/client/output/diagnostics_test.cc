#include "client/output/diagnostics.h"

#include <memory>
#include <sstream>
#include <string>

#include "gtest/gtest.h"
#include "tests/client/test_support.h"

namespace kur::client {
namespace {

class DiagnosticPrinterTest : public testing::Test {
 protected:
  std::string Render(const std::string& source, int line, int column,
                     Terminal::Features features = PlainFeatures()) {
    std::ostringstream stream;
    const Terminal terminal(stream, features);
    DiagnosticPrinter printer(terminal, [&](const std::string& file) -> std::optional<std::string> {
      if (file != "cifar.yml") return std::nullopt;
      return source;
    });
    return printer.Render(At(line, column));
  }

  static Diagnostic At(int line, int column) {
    return {Diagnostic::Severity::kError,
            {std::make_shared<const std::string>("cifar.yml"), line, column},
            "model[0].dense",
            "expected an integer"};
  }
};

TEST_F(DiagnosticPrinterTest, PutsACaretUnderThePlace) {
  EXPECT_EQ(Render("model:\n  - dense: ten\n", 2, 12),
            "cifar.yml:2:12: error: model[0].dense: expected an integer\n"
            "    2 |   - dense: ten\n"
            "      |            ^~~\n");
}

TEST_F(DiagnosticPrinterTest, ExpandsTabs) {
  EXPECT_EQ(Render("\t\tdense: ten", 1, 10),
            "cifar.yml:1:10: error: model[0].dense: expected an integer\n"
            "    1 |         dense: ten\n"
            "      |                ^~~\n");
}

TEST_F(DiagnosticPrinterTest, CountsColumnsOfWideCharactersAsTheyAreSeen) {
  // ö is two bytes and one column, 漢 three bytes and two columns.
  EXPECT_EQ(Render("ö漢: ten", 1, 8),
            "cifar.yml:1:8: error: model[0].dense: expected an integer\n"
            "    1 | ö漢: ten\n"
            "      |      ^~~\n");
}

TEST_F(DiagnosticPrinterTest, MarksTheEndOfALineThatIsTooShort) {
  EXPECT_EQ(Render("model:", 1, 40),
            "cifar.yml:1:40: error: model[0].dense: expected an integer\n"
            "    1 | model:\n"
            "      |       ^\n");
}

TEST_F(DiagnosticPrinterTest, CutsLongLinesAroundThePlace) {
  const std::string source = std::string(100, 'a') + "X" + std::string(100, 'b');
  EXPECT_EQ(Render(source, 1, 101, ScreenFeatures(38)),
            "cifar.yml:1:101: error: model[0].dense: expected an integer\n"
            "    1 | …aaaaaaaaaaaaaaaaaaaaXbbbbbbb…\n"
            "      |                      ^~~~~~~~\n");
}

TEST_F(DiagnosticPrinterTest, ShowsOnlyTheMessageOfAFileThatCannotBeRead) {
  std::ostringstream stream;
  const Terminal terminal(stream, PlainFeatures());
  DiagnosticPrinter printer(terminal, [](const std::string&) { return std::nullopt; });
  EXPECT_EQ(printer.Render(At(3, 4)),
            "cifar.yml:3:4: error: model[0].dense: expected an integer\n");
}

TEST_F(DiagnosticPrinterTest, MakesControlCharactersOfTheSourceVisible) {
  EXPECT_EQ(Render("a\x1b: b", 1, 3),
            "cifar.yml:1:3: error: model[0].dense: expected an integer\n"
            "    1 | a\\x1b: b\n"
            "      |      ^~~\n");
}

TEST_F(DiagnosticPrinterTest, CountsErrorsAndWarnings) {
  std::ostringstream stream;
  const Terminal terminal(stream, PlainFeatures());
  DiagnosticPrinter printer(terminal, [](const std::string&) { return std::nullopt; });
  Diagnostic warning = At(0, 0);
  warning.severity = Diagnostic::Severity::kWarning;
  warning.path.clear();
  EXPECT_EQ(printer.RenderAll({At(1, 1), At(2, 1), warning}),
            "cifar.yml:1:1: error: model[0].dense: expected an integer\n"
            "cifar.yml:2:1: error: model[0].dense: expected an integer\n"
            "cifar.yml: warning: expected an integer\n"
            "2 errors, 1 warning\n");
  EXPECT_EQ(printer.RenderAll({}), "");
}

}  // namespace
}  // namespace kur::client
