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

// The characters that separate and quote cells; absent: guessed from the file.
struct CsvFormat {
  std::optional<std::string> delimiter;
  std::optional<std::string> quote;
};

const Fields<CsvFormat>& CsvFormatFields() {
  const Condition<std::string> one_character = {
      "one ASCII character", [](const std::string& text) {
        return text.size() == 1 && static_cast<unsigned char>(text[0]) < 0x80 && text[0] != '\n';
      }};
  static const auto* const kFields = new Fields<CsvFormat>(
      Fields<CsvFormat>()
          .Optional("delimiter", &CsvFormat::delimiter, "the character between cells",
                    IfGiven(one_character))
          .Example("\";\"")
          .Optional("quote", &CsvFormat::quote, "the character around a cell that holds others",
                    IfGiven(one_character))
          .Example("\"'\""));
  return *kFields;
}

}  // namespace

template <>
struct FieldTraits<CsvFormat> {
  static std::string Type() { return "dictionary"; }
  static Value Schema() { return TypeSchema("object"); }
  static bool Parse(const Value& value, const std::string& key, Diagnostics* diagnostics,
                    CsvFormat* to) {
    return CsvFormatFields().Parse(value, key, diagnostics, to);
  }
  static std::string Format(const CsvFormat&) { return ""; }
};

namespace {

struct CsvSpec : SupplierSpec, Package {
  CsvFormat format;
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
                    "what divides the table, where the first KiB of the file does not show it")
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
  CsvOptions options;
  if (spec.format.delimiter.has_value()) options.delimiter = (*spec.format.delimiter)[0];
  if (spec.format.quote.has_value()) options.quote = (*spec.format.quote)[0];
  options.header = spec.header;
  options.wanted = context.wanted;
  KUR_ASSIGN_OR_RETURN(const auto input, ByteInput::OpenFile(path));
  return ReadCsvColumns(*input, path, options);
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
