#include "engine/data/column_encoder.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "engine/base/status.h"
#include "engine/data/columns/column_source.h"
#include "engine/data/columns/column_statistics.h"
#include "engine/data/columns/derived_source.h"
#include "engine/data/columns/renumbered_source.h"
#include "engine/data/columns/token_source.h"
#include "engine/data/columns/wanted_columns.h"
#include "engine/data/supplier.h"
#include "engine/value/diagnostics.h"

namespace kur {
namespace {

// The names of statistics in an encoding.
constexpr char kScale[] = "scale";
constexpr char kOffset[] = "offset";
constexpr char kMissing[] = "missing";

// Returns a diagnostic where the Kurfile speaks of the column.
absl::Status ErrorAtColumn(const ColumnPart& part, absl::string_view message) {
  if (part.spec != nullptr) {
    return ErrorAt(part.spec->location, part.spec->key, std::string(message));
  }
  return ErrorAt(part.location, part.key, std::string(message));
}

bool InfersClasses(const ColumnPart& part) {
  return part.spec != nullptr && part.spec->one_hot.has_value() && part.spec->one_hot->is_inferred;
}

bool HasClassList(const ColumnPart& part) {
  return part.spec != nullptr && part.spec->one_hot.has_value() && !part.spec->one_hot->is_inferred;
}

bool HasScaling(const ColumnPart& part) {
  return part.spec != nullptr && part.spec->normalize.has_value();
}

bool LearnsScaling(const ColumnPart& part) {
  return HasScaling(part) && part.spec->normalize->kind != ColumnScaling::Kind::kGiven;
}

// Puts what `change` makes of the source of a part in its place.
template <class Change>
absl::Status ChangeSource(ColumnPart* part, const Change& change) {
  auto changed = change(std::move(part->source));
  if (!changed.ok()) return ErrorAtColumn(*part, changed.status().message());
  part->source = *std::move(changed);
  return absl::OkStatus();
}

absl::Status NumberInferredClasses(ColumnPart* part) {
  if (!InfersClasses(*part)) return absl::OkStatus();
  const bool may_have_gaps = part->spec->missing.kind != GapSpec::Kind::kError;
  return ChangeSource(part, [&](std::shared_ptr<const Source> source) {
    return NumberClasses(std::move(source), may_have_gaps);
  });
}

absl::Status MakeOneHot(ColumnPart* part) {
  if (!InfersClasses(*part) && !HasClassList(*part)) return absl::OkStatus();
  ClassList classes = *part->spec->one_hot;
  if (classes.is_inferred) {
    classes.texts = part->source->symbols().names;
    classes.count = static_cast<int64_t>(classes.texts.size());
  }
  return ChangeSource(part, [&](std::shared_ptr<const Source> source) {
    return EncodeOneHot(std::move(source), classes);
  });
}

absl::Status GiveShape(ColumnPart* part) {
  if (part->spec == nullptr || part->spec->shape.empty()) return absl::OkStatus();
  const Shape shape(part->spec->shape.begin(), part->spec->shape.end());
  return ChangeSource(part, [&](std::shared_ptr<const Source> source) {
    return ReshapeColumn(std::move(source), shape);
  });
}

// Returns the samples that something is learnt from.
std::vector<TrainingSamples> TrainingOf(const std::vector<ColumnPart>& parts) {
  std::vector<TrainingSamples> training;
  training.reserve(parts.size());
  for (const ColumnPart& part : parts) {
    training.push_back(
        {part.source, part.training != nullptr ? *part.training : AllSamples(*part.source)});
  }
  return training;
}

// The encoder of one column.
class Encoder {
 public:
  Encoder(const std::string& name, const OpenContext& context, std::vector<ColumnPart>* parts)
      : name_(name), context_(context), model_(*context.model), parts_(*parts) {}

  // Turns texts into sequences of numbers.
  absl::Status MakeTokens() {
    const ColumnSpec* const spec = parts_[0].spec;
    if (spec == nullptr || !spec->tokens.has_value()) return absl::OkStatus();
    const Encoding* const known = model_.Find(name_);
    const std::vector<std::string> vocabulary =
        known != nullptr && !known->symbols.empty()
            ? known->symbols
            : LearnVocabulary(TrainingOf(parts_), *spec->tokens);
    for (ColumnPart& part : parts_) {
      if (part.spec == nullptr || !part.spec->tokens.has_value()) {
        return ErrorAtColumn(part,
                             "its samples follow those of another supplier, of which tokens "
                             "are made; write the same for both");
      }
      KUR_RETURN_IF_ERROR(ChangeSource(&part, [&](std::shared_ptr<const Source> source) {
        return Tokenize(source, *part.spec->tokens, vocabulary);
      }));
    }
    return absl::OkStatus();
  }

  // Gives every symbol the number that the model has for it.
  absl::Status NumberSymbols() {
    const bool has_symbols = std::any_of(parts_.begin(), parts_.end(), [](const ColumnPart& part) {
      return !part.source->symbols().empty();
    });
    if (!has_symbols) return absl::OkStatus();
    const Encoding* known = model_.Find(name_);
    if (known != nullptr && !known->symbols.empty()) return NumberAs(known->symbols);
    const std::vector<std::string> symbols = UnionOfSymbols();
    if (!parts_[0].source->symbols().is_listed) {
      WarnOfIgnorance("its classes or symbols are those that this data has");
    }
    if (model_.is_learning()) {
      KUR_RETURN_IF_ERROR(CheckIsChoice(symbols));
      model_.Learn(name_)->symbols = symbols;
    }
    return NumberAs(symbols);
  }

  // Puts a value where samples have none.
  absl::Status FillMissing() {
    for (ColumnPart& part : parts_) {
      if (part.spec == nullptr) continue;
      std::vector<double> filling;
      if (part.spec->missing.is_learnt()) {
        KUR_ASSIGN_OR_RETURN(filling, FindFilling(part));
      } else if (part.spec->missing.kind == GapSpec::Kind::kNumber && !part.spec->one_hot) {
        filling = {part.spec->missing.number};
      } else {
        continue;
      }
      KUR_RETURN_IF_ERROR(ChangeSource(&part, [&](std::shared_ptr<const Source> source) {
        return FillGaps(std::move(source), filling);
      }));
    }
    return absl::OkStatus();
  }

  absl::Status Normalize() {
    std::optional<Scaling> learnt;
    if (std::any_of(parts_.begin(), parts_.end(), LearnsScaling)) {
      KUR_ASSIGN_OR_RETURN(learnt, FindScaling());
    }
    for (ColumnPart& part : parts_) {
      if (!HasScaling(part)) continue;
      const ColumnScaling& given = *part.spec->normalize;
      const Scaling scaling = learnt.has_value() ? *learnt : Scaling{given.scale, given.offset};
      if (!learnt.has_value() && model_.is_learning()) {
        // Results are turned back with it.
        Encoding* const encoding = model_.Learn(name_);
        encoding->statistics[kScale] = given.scale;
        encoding->statistics[kOffset] = given.offset;
      }
      KUR_RETURN_IF_ERROR(ChangeSource(&part, [&](std::shared_ptr<const Source> source) {
        return ScaleColumn(std::move(source), scaling);
      }));
    }
    return absl::OkStatus();
  }

 private:
  absl::StatusOr<std::vector<double>> FindFilling(const ColumnPart& part) {
    const Encoding* known = model_.Find(name_);
    if (known != nullptr && known->statistics.count(kMissing) > 0) {
      return known->statistics.at(kMissing);
    }
    KUR_RETURN_IF_ERROR(CheckMayLearn("to fill gaps with", "missing: 0"));
    // All parts teach it; later ones find it known.
    auto filling = LearnFilling(part.spec->missing.kind, TrainingOf(parts_));
    if (!filling.ok()) return ErrorAtColumn(part, filling.status().message());
    if (model_.is_learning()) model_.Learn(name_)->statistics[kMissing] = *filling;
    return filling;
  }

  absl::StatusOr<Scaling> FindScaling() {
    const ColumnScaling::Kind kind = parts_[0].spec == nullptr || !parts_[0].spec->normalize
                                         ? ColumnScaling::Kind::kGiven
                                         : parts_[0].spec->normalize->kind;
    for (const ColumnPart& part : parts_) {
      if (LearnsScaling(part) && part.spec->normalize->kind == kind) continue;
      return ErrorAtColumn(part,
                           "its samples follow those of another supplier, which are normalized in "
                           "another way; write the same for both");
    }
    const Encoding* known = model_.Find(name_);
    if (known != nullptr && known->statistics.count(kScale) > 0 &&
        known->statistics.count(kOffset) > 0) {
      return Scaling{known->statistics.at(kScale), known->statistics.at(kOffset)};
    }
    KUR_RETURN_IF_ERROR(CheckMayLearn("to normalize with", "normalize: {mean: 5.8, std: 0.8}"));
    auto scaling = LearnScaling(kind, TrainingOf(parts_));
    if (!scaling.ok()) return ErrorAtColumn(parts_[0], scaling.status().message());
    if (model_.is_learning()) {
      Encoding* const learnt = model_.Learn(name_);
      learnt->statistics[kScale] = scaling->scale;
      learnt->statistics[kOffset] = scaling->offset;
    }
    return scaling;
  }

  // Fails where the model should know statistics, and the data is none that it is trained with.
  absl::Status CheckMayLearn(const std::string& purpose, const std::string& way_out) {
    if (!model_.is_learning() && parts_[0].training == nullptr) {
      return ErrorAtColumn(
          parts_[0], absl::StrCat(model_.Owner(name_), " no statistics of '", name_, "' ", purpose,
                                  "; give numbers, as in ", way_out));
    }
    WarnOfIgnorance("its statistics are computed from this data");
    return absl::OkStatus();
  }

  // Returns the symbols of all parts: in the order of a part that has all of them, otherwise
  // sorted.
  std::vector<std::string> UnionOfSymbols() const {
    std::set<std::string> all;
    for (const ColumnPart& part : parts_) {
      const auto& names = part.source->symbols().names;
      all.insert(names.begin(), names.end());
    }
    for (const ColumnPart& part : parts_) {
      const auto& names = part.source->symbols().names;
      if (names.size() == all.size()) return names;
    }
    return SortClasses(all);
  }

  absl::Status NumberAs(const std::vector<std::string>& symbols) {
    const std::string whose =
        absl::StrCat("the ", symbols.size(), " that ", model_.Owner(name_), " for '", name_, "'");
    for (ColumnPart& part : parts_) {
      const SymbolTable& own = part.source->symbols();
      if (own.is_listed && own.names != symbols) {
        return ErrorAtColumn(part, ListDiffers(own.names, symbols));
      }
      if (own.empty()) {
        return ErrorAtColumn(part,
                             absl::StrCat("its values are numbers, and stand for none of ", whose));
      }
      auto numbered = Renumber(part.source, symbols, whose);
      if (!numbered.ok()) {
        return ErrorAtColumn(part, absl::StrCat(numbered.status().message(), model_.WayOut(name_)));
      }
      part.source = *std::move(numbered);
    }
    return absl::OkStatus();
  }

  // There is nothing to learn from one class, which is often a folder around all others.
  absl::Status CheckIsChoice(const std::vector<std::string>& symbols) const {
    const SymbolTable& own = parts_[0].source->symbols();
    const bool are_classes = own.is_one_hot || InfersClasses(parts_[0]);
    if (symbols.size() > 1 || own.is_listed || !are_classes || !context_.Reads(name_)) {
      return absl::OkStatus();
    }
    return ErrorAtColumn(parts_[0],
                         absl::StrCat("all samples are of one class, ", QuotedText(symbols[0]),
                                      ", so that there is nothing to tell apart"));
  }

  std::string ListDiffers(const std::vector<std::string>& own,
                          const std::vector<std::string>& symbols) const {
    const auto [mine, theirs] =
        std::mismatch(own.begin(), own.end(), symbols.begin(), symbols.end());
    const auto described = [](const auto& place, const std::vector<std::string>& list) {
      return place == list.end() ? std::string("nothing") : QuotedText(*place);
    };
    return absl::StrCat("the list for '", name_, "' has ", described(mine, own), " for the number ",
                        mine - own.begin(), ", but ", model_.Owner(name_), " ",
                        described(theirs, symbols), "; leave the list out, or write the same ",
                        symbols.size(), model_.WayOut(name_));
  }

  void WarnOfIgnorance(const std::string& consequence) {
    if (!model_.TakeWarning()) return;
    context_.warn(absl::StrCat(model_.Owner(name_), " no word about how '", name_,
                               "' became numbers: ", consequence,
                               ", which may be others than those that the model learnt"));
  }

  const std::string& name_;
  const OpenContext& context_;
  ModelEncodings& model_;
  std::vector<ColumnPart>& parts_;
};

}  // namespace

absl::Status EncodeColumn(const std::string& name, const OpenContext& context,
                          std::vector<ColumnPart>* parts) {
  for (ColumnPart& part : *parts) KUR_RETURN_IF_ERROR(NumberInferredClasses(&part));
  Encoder encoder(name, context, parts);
  KUR_RETURN_IF_ERROR(encoder.MakeTokens());
  KUR_RETURN_IF_ERROR(encoder.NumberSymbols());
  KUR_RETURN_IF_ERROR(encoder.FillMissing());
  for (ColumnPart& part : *parts) KUR_RETURN_IF_ERROR(MakeOneHot(&part));
  // A list that the Kurfile has is compared with that of the model.
  if (HasClassList(parts->front())) KUR_RETURN_IF_ERROR(encoder.NumberSymbols());
  KUR_RETURN_IF_ERROR(encoder.Normalize());
  for (ColumnPart& part : *parts) KUR_RETURN_IF_ERROR(GiveShape(&part));
  return absl::OkStatus();
}

}  // namespace kur
