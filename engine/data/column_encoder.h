#ifndef KUR_ENGINE_DATA_COLUMN_ENCODER_H_
#define KUR_ENGINE_DATA_COLUMN_ENCODER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "engine/base/location.h"
#include "engine/data/source.h"
#include "engine/kurfile/specs/column_spec.h"

namespace kur {

struct OpenContext;

// What one supplier gives for a source, before the model's encoding is applied to it.
struct ColumnPart {
  std::shared_ptr<const Source> source;
  // What the Kurfile wants of it; null: nothing. Borrowed.
  const ColumnSpec* spec = nullptr;
  // The samples that statistics are learnt from, in their order; null: all of them. A part that is
  // split knows them in every section, another one only where the model is trained.
  std::shared_ptr<const std::vector<int64_t>> training;
  // The supplier's place in the Kurfile, for errors.
  Location location;
  std::string key;
};

// Turns the parts of the source `name` into what the model reads: applies `one_hot` and
// `normalize`, and numbers symbols, as the encodings of the context's model say. Where the model is
// learning, it learns from all parts what its encodings lack; otherwise the context is warned,
// once, that it should have learnt that and has not.
//
// Errors are diagnostics: a symbol that the model lacks, with the sample that has it; a list of
// symbols that differs from the model's; statistics that nobody has learnt; a single class to
// learn.
absl::Status EncodeColumn(const std::string& name, const OpenContext& context,
                          std::vector<ColumnPart>* parts);

}  // namespace kur

#endif  // KUR_ENGINE_DATA_COLUMN_ENCODER_H_
