// text: lists of symbols, encoded one-hot by the vocabulary of their column.

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/kurfile/specs/package.h"
#include "engine/kurfile/specs/supplier_spec.h"
#include "engine/kurfile/specs/symbol.h"

#ifdef KUR_RUNTIME
#include "engine/base/status.h"
#include "engine/data/columns/text_columns.h"
#include "engine/data/supplier.h"
#include "engine/formats/byte_input.h"
#endif

namespace kur {
namespace {

constexpr int64_t kMaxSymbols = 1'000'000'000;

// The padded length of all columns, or of each.
struct SequenceLength {
  int64_t common = 0;
  std::map<std::string, int64_t> by_column;  // empty: all columns have the common length
};

}  // namespace

template <>
struct FieldTraits<SequenceLength> {
  static std::string Type() { return "integer, or dictionary of integers"; }
  static Value Schema() { return AnyOfSchema({TypeSchema("integer"), TypeSchema("object")}); }
  static bool Parse(const Value& value, const std::string& key, Diagnostics* diagnostics,
                    SequenceLength* to) {
    if (!value.is_dict()) {
      return FieldTraits<int64_t>::Parse(value, key, diagnostics, &to->common);
    }
    return FieldTraits<std::map<std::string, int64_t>>::Parse(value, key, diagnostics,
                                                              &to->by_column);
  }
  static std::string Format(const SequenceLength& length) { return absl::StrCat(length.common); }
};

namespace {

struct TextSpec : SupplierSpec, Package {
  SequenceLength seq_len;
  std::map<std::string, std::vector<Symbol>> vocabs;
  std::map<std::string, std::string> padding;
  std::map<std::string, std::optional<std::string>> pad_with;

  std::string kind() const override { return "text"; }
  std::vector<const Package*> Packages() const override { return {this}; }
  std::vector<FileReference> Files() const override { return {File()}; }

  std::map<std::string, Shape> KnownShapes() const override {
    std::map<std::string, Shape> shapes;
    for (const auto& [name, vocabulary] : vocabs) {
      shapes[name] = {LengthOf(name), static_cast<int64_t>(vocabulary.size())};
      shapes[name + "_length"] = {1};
    }
    return shapes;
  }

  int64_t LengthOf(const std::string& name) const {
    return seq_len.by_column.empty() ? seq_len.common : seq_len.by_column.at(name);
  }
};

const Fields<TextSpec>& TextFields() {
  static const auto* const kFields = new Fields<TextSpec>(
      Fields<TextSpec>()
          .Optional("path", &TextSpec::path,
                    "the file with a JSON dictionary of lists of symbols on every line, plain or "
                    "gzip, or the folder of the file that url names")
          .Example("words.jsonl")
          .Optional("url", &TextSpec::url, "where the file can be downloaded")
          .Example("https://example.org/words.jsonl")
          .Optional("login", &TextSpec::login, kLoginDoc)
          .Keys(LoginFields().Describe())
          .Optional("checksum", &TextSpec::checksum, "SHA-256 of the file")
          .Example("fc414bccf4de3964f895eaa9d0e245ea28810a94be3079b55505cf0eb1644f94")
          .Required("seq_len", &TextSpec::seq_len,
                    "the length that samples are padded to: one, or one for each column")
          .Example("36")
          .Required("vocabs", &TextSpec::vocabs, "the symbols that each column may hold")
          .Example("{word: [a, b, c], reversed: [a, b, c, <end>]}")
          .Optional("padding", &TextSpec::padding,
                    "on which side of a column's samples the padding is: left or right (the "
                    "default)")
          .Example("{word: left}")
          .Optional("pad_with", &TextSpec::pad_with,
                    "the symbol that a column is padded with; null (the default): zeros")
          .Example("{reversed: <end>}"));
  return *kFields;
}

// Reports the keys of `entries` that have no vocabulary. Returns false if there are any.
template <class T>
bool CheckColumns(const TextSpec& spec, const std::map<std::string, T>& entries,
                  const std::string& field, Diagnostics* diagnostics) {
  std::vector<std::string> columns;
  for (const auto& entry : spec.vocabs) columns.push_back(entry.first);
  bool good = true;
  for (const auto& [name, value] : entries) {
    if (spec.vocabs.count(name) > 0) continue;
    diagnostics->Error(spec.location, absl::StrCat(spec.key, ".", field),
                       absl::StrCat("there is no vocabulary for the column '", name, "'",
                                    DidYouMean(name, columns)));
    good = false;
  }
  return good;
}

// Returns a message about the first invalid option of a column; empty if all are valid.
std::string FindFault(const TextSpec& spec, const std::string& name,
                      const std::vector<Symbol>& vocabulary) {
  if (vocabulary.empty()) return "its vocabulary is empty";
  std::set<std::string> symbols;
  for (const Symbol& symbol : vocabulary) {
    if (!symbols.insert(symbol.text).second) {
      return absl::StrCat("its vocabulary has '", symbol.text, "' twice");
    }
  }
  if (!spec.seq_len.by_column.empty() && spec.seq_len.by_column.count(name) == 0) {
    return "seq_len gives no length for it";
  }
  const int64_t length = spec.LengthOf(name);
  if (length < 1 || length > kMaxSymbols) {
    return absl::StrCat("its seq_len must be from 1 to ", kMaxSymbols, ", got ", length);
  }
  const auto side = spec.padding.find(name);
  if (side != spec.padding.end() && side->second != "left" && side->second != "right") {
    return absl::StrCat("its padding must be left or right, got '", side->second, "'");
  }
  const auto pad = spec.pad_with.find(name);
  if (pad != spec.pad_with.end() && pad->second.has_value() && symbols.count(*pad->second) == 0) {
    return absl::StrCat("it is padded with '", *pad->second, "', which its vocabulary lacks");
  }
  return "";
}

std::shared_ptr<const SupplierSpec> ParseText(const Value& value, const std::string& key,
                                              Diagnostics* diagnostics) {
  auto spec = std::make_shared<TextSpec>();
  spec->location = value.location();
  spec->key = key;
  if (!TextFields().Parse(value, key, diagnostics, spec.get())) return nullptr;
  bool good = CheckPackage(value.location(), key, diagnostics, spec.get());
  good &= CheckColumns(*spec, spec->seq_len.by_column, "seq_len", diagnostics);
  good &= CheckColumns(*spec, spec->padding, "padding", diagnostics);
  good &= CheckColumns(*spec, spec->pad_with, "pad_with", diagnostics);
  if (spec->vocabs.empty()) {
    diagnostics->Error(value.location(), key + ".vocabs", "names no columns");
    good = false;
  }
  for (const auto& [name, vocabulary] : spec->vocabs) {
    const std::string fault = FindFault(*spec, name, vocabulary);
    if (fault.empty()) continue;
    diagnostics->Error(value.location(), key, absl::StrCat("the column '", name, "': ", fault));
    good = false;
  }
  return good ? spec : nullptr;
}

constexpr char kExample[] = R"(text:
  path: words.jsonl
  seq_len: 36
  vocabs:
    word: [a, b, c]
    reversed: [a, b, c, <end>]
  padding: {word: left}
  pad_with: {reversed: <end>})";

const Registration<SupplierKind> kKind(
    "text", {"Lists of symbols in a file of JSON dictionaries, one a line: each column as one-hot "
             "vectors, and COLUMN_length with its length",
             kExample, TextFields().Describe(), ParseText});

#ifdef KUR_RUNTIME

std::vector<TextColumnOptions> Columns(const TextSpec& spec) {
  std::vector<TextColumnOptions> columns;
  for (const auto& [name, vocabulary] : spec.vocabs) {
    TextColumnOptions options;
    options.key = name;
    options.length = spec.LengthOf(name);
    for (const Symbol& symbol : vocabulary) options.vocabulary.push_back(symbol.text);
    const auto side = spec.padding.find(name);
    options.pad_left = side != spec.padding.end() && side->second == "left";
    const auto pad = spec.pad_with.find(name);
    if (pad != spec.pad_with.end()) options.pad_with = pad->second;
    columns.push_back(std::move(options));
  }
  return columns;
}

absl::StatusOr<SourceMap> ReadSources(const TextSpec& spec, const std::string& path) {
  KUR_ASSIGN_OR_RETURN(const auto input, ByteInput::OpenFile(path));
  return ReadTextColumns(*input, path, Columns(spec));
}

absl::StatusOr<SourceMap> Open(const TextSpec& spec, const PathResolver& paths) {
  KUR_ASSIGN_OR_RETURN(const std::string path, LocatePackage(spec, paths));
  auto sources = ReadSources(spec, path);
  if (!sources.ok()) return ErrorAtFile(*spec.path, sources.status(), path);
  return sources;
}

const Registration<SupplierOpener> kOpener("text", MakeSupplierOpener(Open));

#endif  // KUR_RUNTIME

}  // namespace
}  // namespace kur
