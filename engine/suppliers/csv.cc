// csv: a table of text. Each column is a source.

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/kurfile/specs/package.h"
#include "engine/kurfile/specs/supplier_spec.h"

#ifdef KUR_RUNTIME
#include "engine/base/status.h"
#include "engine/data/columns/csv_columns.h"
#include "engine/data/supplier.h"
#include "engine/formats/byte_input.h"
#include "engine/value/diagnostics.h"
#endif

namespace kur {
namespace {

// The characters that make up a table; absent: guessed from the file.
struct CsvFormatSpec {
  std::optional<std::string> delimiter;
  std::optional<std::string> quote;
  std::optional<std::string> decimal;
  std::optional<std::string> thousands;
};

const Fields<CsvFormatSpec>& CsvFormatFields() {
  const Condition<std::string> one_character = {
      "one ASCII character", [](const std::string& text) {
        return text.size() == 1 && static_cast<unsigned char>(text[0]) < 0x80 && text[0] != '\n';
      }};
  const Condition<std::string> mark = {
      "a comma, a point, a space or an apostrophe", [](const std::string& text) {
        return text == "," || text == "." || text == " " || text == "'";
      }};
  using Spec = CsvFormatSpec;
  static const auto* const kFields = new Fields<Spec>(
      Fields<Spec>()
          .Optional("delimiter", &Spec::delimiter, "the character between cells",
                    IfGiven(one_character))
          .Example("\";\"")
          .Optional("quote", &Spec::quote, "the character around a cell that holds others",
                    IfGiven(one_character))
          .Example("\"'\"")
          .Optional("decimal", &Spec::decimal, "the character before the fraction of a number",
                    IfGiven(mark))
          .Example("\",\"")
          .Optional("thousands", &Spec::thousands, "the character between groups of three digits",
                    IfGiven(mark))
          .Example("\".\""));
  return *kFields;
}

}  // namespace

template <>
struct FieldTraits<CsvFormatSpec> {
  static std::string Type() { return "dictionary"; }
  static Value Schema() { return TypeSchema("object"); }
  static bool Parse(const Value& value, const std::string& key, Diagnostics* diagnostics,
                    CsvFormatSpec* to) {
    return CsvFormatFields().Parse(value, key, diagnostics, to);
  }
  static std::string Format(const CsvFormatSpec&) { return ""; }
};

namespace {

struct CsvSpec : SupplierSpec, Package {
  CsvFormatSpec format;
  bool header = true;

  std::string kind() const override { return "csv"; }
  std::vector<const Package*> Packages() const override { return {this}; }
  std::vector<FileReference> Files() const override { return {File()}; }
  bool ReadsText() const override { return true; }

  // The names of the columns are unknown before the file is opened, but each holds single numbers.
  std::optional<Shape> KnownShape(const std::string& /*source*/) const override { return Shape{1}; }
};

const Fields<CsvSpec>& CsvFields() {
  static const auto* const kFields = new Fields<CsvSpec>(
      Fields<CsvSpec>()
          .Optional("path", &CsvSpec::path,
                    "the file, plain or gzip, or the folder of the file that url names")
          .Example("train.csv")
          .Optional("url", &CsvSpec::url, "where the file can be downloaded")
          .Example("https://example.org/train.csv")
          .Optional("login", &CsvSpec::login, kLoginDoc)
          .Keys(LoginFields().Describe())
          .Optional("checksum", &CsvSpec::checksum, "SHA-256 of the file")
          .Example("fc414bccf4de3964f895eaa9d0e245ea28810a94be3079b55505cf0eb1644f94")
          .Optional("format", &CsvSpec::format,
                    "how the table is written, where its first 64 KiB do not show it")
          .Example("{delimiter: \";\"}")
          .Keys(CsvFormatFields().Describe())
          .Optional("header", &CsvSpec::header,
                    "whether the first row names the columns; else their names are column_0, "
                    "column_1 and so on")
          .Shorthand("path"));
  return *kFields;
}

std::shared_ptr<const SupplierSpec> ParseCsv(const Value& value, const std::string& key,
                                             Diagnostics* diagnostics) {
  auto spec = std::make_shared<CsvSpec>();
  spec->location = value.location();
  spec->key = key;
  if (!CsvFields().Parse(value, key, diagnostics, spec.get())) return nullptr;
  if (!CheckPackage(value.location(), key, diagnostics, spec.get())) return nullptr;
  return spec;
}

const Registration<SupplierKind> kKind(
    "csv",
    {"A table of text, each column a source of one number a sample; the key columns can tell "
     "which texts stand for which class",
     "csv: {path: train.csv, format: {delimiter: \";\"}, header: yes}", CsvFields().Describe(),
     ParseCsv});

#ifdef KUR_RUNTIME

absl::StatusOr<SourceMap> ReadSources(const CsvSpec& spec, const OpenContext& context,
                                      const std::string& path) {
  const auto character = [](const std::optional<std::string>& text) {
    return text.has_value() ? std::make_optional((*text)[0]) : std::nullopt;
  };
  CsvOptions options;
  options.format = {character(spec.format.delimiter), character(spec.format.quote),
                    character(spec.format.decimal), character(spec.format.thousands)};
  options.tell = context.tell;
  options.header = spec.header;
  options.wanted = context.wanted;
  options.kept = context.kept;
  KUR_ASSIGN_OR_RETURN(const auto input, ByteInput::OpenFile(path));
  return ReadCsvColumns(*input, spec.File().path, options);
}

absl::StatusOr<SourceMap> Open(const CsvSpec& spec, const OpenContext& context) {
  KUR_ASSIGN_OR_RETURN(const std::string path, LocatePackage(spec, context.paths));
  auto sources = ReadSources(spec, context, path);
  if (!DiagnosticsOf(sources.status()).empty()) return sources;
  if (!sources.ok()) return ErrorAtFile(*spec.path, sources.status(), path);
  return sources;
}

const Registration<SupplierOpener> kOpener("csv", MakeSupplierOpener(Open));

#endif  // KUR_RUNTIME

}  // namespace
}  // namespace kur
