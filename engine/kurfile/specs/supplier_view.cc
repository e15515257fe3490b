#include "engine/kurfile/specs/supplier_view.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace kur {
namespace {

// The keys beside the kind. Their values are parsed once the kind is known.
struct EntryKeys {
  Value name;
  Value when;
  Value columns;
  std::optional<SplitSpec> split;
  std::optional<SeriesWindow> window;
};

const Fields<EntryKeys>& EntryFields() {
  KeyTable named;
  FieldInfo column;
  column.name = KeyTable::kAnyName;
  column.type = "dictionary";
  column.doc = "a source that there is to be";
  column.example = "[length, width]";
  column.schema = TypeSchema("object");
  column.keys = std::make_shared<const KeyTable>(ColumnKeys());
  named.fields.push_back(std::move(column));
  static const auto* const kFields = new Fields<EntryKeys>(
      Fields<EntryKeys>()
          .Optional("name", &EntryKeys::name, "what messages call the supplier")
          .Example("digits")
          .Optional("when", &EntryKeys::when, "leaves the supplier out if this is false")
          .Example("\"{{ large }}\"")
          .Optional("columns", &EntryKeys::columns,
                    "the sources that there are to be, and no others: a list of their names, or "
                    "what each is made of")
          .Example("{measurements: {from: [length, width], normalize: standard}, labels: species}")
          .Keys(std::move(named))
          .Optional("split", &EntryKeys::split,
                    "shares the samples out at random: a section has the part of its name, or else "
                    "what the parts leave. Write the same in every section")
          .Example("{train: 0.8, validate: 0.1, test: 0.1}")
          .Keys(SplitKeys())
          .Optional("window", &EntryKeys::window,
                    "makes samples of a series, whose rows follow one another: each has a run of "
                    "rows, and as its targets a row ahead of them. A split then shares out the "
                    "rows in their order, and not at random: train, validate, test, evaluate")
          .Example("{length: 24, ahead: 1, targets: [temperature]}")
          .Keys(WindowKeys()));
  return *kFields;
}

// Checks that all uses of a column name the same texts, because the column is read once.
bool CheckTexts(const SupplierView& view, Diagnostics* diagnostics) {
  std::map<std::string, const ColumnSpec*> first;
  bool good = true;
  // Whether texts are collected, and else which there are.
  const auto texts_of = [](const ColumnSpec& column) {
    return column.one_hot.has_value()
               ? std::make_pair(column.one_hot->is_inferred, column.one_hot->texts)
               : std::pair<bool, std::vector<std::string>>();
  };
  for (const ColumnSpec& column : *view.columns) {
    const auto texts = texts_of(column);
    if (!texts.second.empty() && !view.base->ReadsText()) {
      diagnostics->Error(column.location, column.key + ".one_hot",
                         absl::StrCat("there are no texts in data of the kind ", view.kind(),
                                      "; give the number of classes, or their numbers"));
      good = false;
    }
    for (const std::string& from : column.from) {
      const ColumnSpec* other = first.emplace(from, &column).first->second;
      if (texts_of(*other) == texts) continue;
      diagnostics->Error(column.location, column.key,
                         absl::StrCat("'", from, "' is read with other texts for ", other->key));
      good = false;
    }
  }
  return good;
}

// Checks that a split leaves the training part that `normalize` learns from.
bool CheckStatistics(const SupplierView& view, Diagnostics* diagnostics) {
  bool good = true;
  for (const ColumnSpec& column : *view.columns) {
    if (!column.normalize.has_value() || column.normalize->kind == ColumnScaling::Kind::kGiven) {
      continue;
    }
    if (!view.split.has_value() || view.split->HasPart("train") || view.split->Remainder() > 0) {
      continue;
    }
    diagnostics->Error(
        column.location, column.key + ".normalize",
        "needs statistics of the part that is trained on, but 'split' leaves nothing for it");
    good = false;
  }
  return good;
}

// Checks that the columns are such that a window can be made of them.
bool CheckWindow(const SupplierView& view, const std::string& key, Diagnostics* diagnostics) {
  if (!view.columns.has_value()) return true;
  bool good = true;
  const auto report = [&](const std::string& at, const std::string& message) {
    diagnostics->Error(view.location, at, message);
    good = false;
  };
  for (const std::string& target : view.window->targets) {
    const bool is_there =
        std::any_of(view.columns->begin(), view.columns->end(),
                    [&](const ColumnSpec& column) { return column.name == target; });
    if (!is_there) report(key + ".targets", absl::StrCat("there is no column '", target, "'"));
  }
  for (const ColumnSpec& column : *view.columns) {
    if (column.missing.kind == GapSpec::Kind::kDrop) {
      report(column.key + ".missing", "to drop rows would tear the series that window cuts");
    }
    if (column.tokens.has_value()) report(column.key + ".tokens", "a window has no texts");
  }
  return good;
}

bool CheckSplit(const SupplierView& view, Diagnostics* diagnostics) {
  if (view.split->HasPart(view.section) || view.split->Remainder() > 0) return true;
  diagnostics->Error(
      view.split_location, view.split_key,
      absl::StrCat("nothing is left for the section '", view.section, "'; give it a share"));
  return false;
}

// Returns the shape of a column if it is known without the data.
std::optional<Shape> KnownShapeOf(const ColumnSpec& column, const SupplierSpec& base) {
  const bool has_pattern =
      std::any_of(column.from.begin(), column.from.end(),
                  [](const std::string& from) { return from.find('*') != std::string::npos; });
  if (!column.shape.empty()) return Shape(column.shape.begin(), column.shape.end());
  if (column.tokens.has_value()) return Shape{column.tokens->length.value_or(kUnknown)};
  if (has_pattern) return std::nullopt;
  auto shape = base.KnownShape(column.from[0]);
  for (size_t i = 1; i < column.from.size() && shape.has_value(); ++i) {
    const auto next = base.KnownShape(column.from[i]);
    if (!next.has_value()) return std::nullopt;
    const bool known = shape->back() != kUnknown && next->back() != kUnknown;
    shape->back() = known ? shape->back() + next->back() : kUnknown;
  }
  if (!shape.has_value() || !column.one_hot.has_value()) return shape;
  return OneHotShape(*shape, column.one_hot->count);
}

}  // namespace

std::map<std::string, Shape> SupplierView::KnownShapes() const {
  std::map<std::string, Shape> shapes;
  if (!columns.has_value()) shapes = base->KnownShapes();
  for (const ColumnSpec& column : columns.value_or(std::vector<ColumnSpec>())) {
    if (auto shape = KnownShapeOf(column, *base)) shapes[column.name] = *std::move(shape);
  }
  if (!window.has_value()) return shapes;
  for (auto& [name, shape] : shapes) {
    if (!window->IsTarget(name)) shape.insert(shape.begin(), window->length);
  }
  return shapes;
}

KeyTable SupplierEntryKeys() { return EntryFields().Describe(); }

std::vector<std::string> SupplierViewKeys() { return {"columns", "split", "window"}; }

std::shared_ptr<const SupplierSpec> ParseSupplierView(std::shared_ptr<const SupplierSpec> base,
                                                      const Dict& keys, const std::string& key,
                                                      const std::string& section,
                                                      Diagnostics* diagnostics) {
  auto view = std::make_shared<SupplierView>();
  view->location = base->location;
  view->key = base->key;
  view->base = std::move(base);
  view->section = section;
  EntryKeys parsed;
  bool good = EntryFields().Parse(Value(keys).At(view->location), key, diagnostics, &parsed);
  if (!parsed.columns.is_null()) {
    view->columns.emplace();
    good &= ParseColumns(parsed.columns, key + ".columns", diagnostics, &*view->columns);
  }
  if (parsed.split.has_value()) {
    view->split = parsed.split;
    view->split_location = keys.FindKey("split")->location();
    view->split_key = key + ".split";
  }
  if (!good) return nullptr;
  if (view->columns.has_value()) {
    good &= CheckTexts(*view, diagnostics);
    good &= CheckStatistics(*view, diagnostics);
  }
  if (view->split.has_value()) good &= CheckSplit(*view, diagnostics);
  view->window = parsed.window;
  if (view->window.has_value()) good &= CheckWindow(*view, key + ".window", diagnostics);
  if (!good) return nullptr;
  if (!view->columns.has_value() && !view->split.has_value() && !view->window.has_value()) {
    return view->base;
  }
  return view;
}

}  // namespace kur
