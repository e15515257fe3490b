#ifndef KUR_ENGINE_DATA_COLUMNS_TRANSCRIPT_COLUMN_H_
#define KUR_ENGINE_DATA_COLUMNS_TRANSCRIPT_COLUMN_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/data/source.h"

namespace kur {

// Returns `text`, which is UTF-8, in lower case.
std::string Lowercase(absl::string_view text);

// Distinct elements (characters or words) in lower case. An element's index is the number that a
// model reads. Immutable, thread-safe.
class Vocabulary {
 public:
  // Returns INVALID_ARGUMENT for an empty list, and for elements that are equal in lower case.
  static absl::StatusOr<Vocabulary> Create(const std::vector<std::string>& elements);

  // Parses a JSON list of strings. `name` is the file's name for messages.
  static absl::StatusOr<Vocabulary> FromJson(const std::string& text, const std::string& name);

  int64_t size() const { return static_cast<int64_t>(numbers_.size()); }
  // Returns the number of an element, which must be in lower case.
  std::optional<int32_t> Find(const std::string& element) const;
  // Returns the elements in the order of their numbers.
  const std::vector<std::string>& elements() const { return elements_; }

 private:
  std::vector<std::string> elements_;
  absl::flat_hash_map<std::string, int32_t> numbers_;
};

// Collects transcripts, which are lists of elements (characters or words), and encodes them by a
// vocabulary. Not thread-safe; the sources are thread-safe.
class TranscriptColumn {
 public:
  // Adds a transcript of the characters of `text`, which is UTF-8.
  void AddText(absl::string_view text);
  void AddElements(const std::vector<std::string>& elements);

  int64_t size() const { return static_cast<int64_t>(starts_.size()) - 1; }

  // Replaces the transcripts by those at `indices`, in that order.
  void Select(const std::vector<int64_t>& indices);

  // Returns the distinct elements of all transcripts, sorted by code point.
  std::vector<std::string> Elements() const;

  struct Sources {
    std::shared_ptr<const Source> transcript;  // numbers of elements, ragged, padded with 0
    std::shared_ptr<const Source> length;      // numbers of elements before padding, (1,)
  };
  // Encodes the transcripts. An element that the vocabulary lacks becomes `unknown`, or is left out
  // if that is absent. `is_listed` says whether a person has made the vocabulary. Returns
  // INVALID_ARGUMENT if the vocabulary lacks `unknown`.
  absl::StatusOr<Sources> Build(const Vocabulary& vocabulary,
                                const std::optional<std::string>& unknown, bool is_listed) const;

 private:
  void Push(absl::string_view element);

  std::vector<std::string> symbols_;  // the distinct elements so far, in lower case
  absl::flat_hash_map<std::string, int32_t> numbers_;
  std::vector<int32_t> values_;        // all transcripts, concatenated: indices into symbols_
  std::vector<int64_t> starts_ = {0};  // the first value of each transcript, then the total
};

}  // namespace kur

#endif  // KUR_ENGINE_DATA_COLUMNS_TRANSCRIPT_COLUMN_H_
