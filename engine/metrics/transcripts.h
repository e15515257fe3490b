#ifndef KUR_ENGINE_METRICS_TRANSCRIPTS_H_
#define KUR_ENGINE_METRICS_TRANSCRIPTS_H_

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/metrics/metric.h"

namespace kur {

// Numbers of symbols, from 0, as the truth has them.
using Symbols = std::vector<int64_t>;

// One sample of a sequence.
struct Transcript {
  Symbols predicted;
  Symbols truth;
};

// What a batch says, sample by sample: of every step the likeliest symbol, without repetitions and
// blanks. `truth` are the sources of the loss ctc. Waits for the device.
std::vector<Transcript> Transcribe(const MetricContext& context, const at::Tensor& prediction,
                                   const std::vector<at::Tensor>& truth);

// `numbers` as what they stand for; those beyond `symbols` are left out.
std::vector<std::string> SymbolsOf(const Symbols& numbers, const std::vector<std::string>& symbols);

// The likeliest symbol of every step of one sample, (..., number of symbols). Empty unless there is
// an element for every symbol. Waits for the device.
std::vector<std::string> SymbolsOf(const at::Tensor& sample,
                                   const std::vector<std::string>& symbols);

// What stands between the symbols `space`, without what is empty.
std::vector<Symbols> Words(const Symbols& symbols, int64_t space);

// The least number of elements to change, add or leave out to make one of the other (Levenshtein,
// "Binary codes capable of correcting deletions, insertions, and reversals", 1966).
template <class Element>
int64_t EditDistance(const std::vector<Element>& a, const std::vector<Element>& b) {
  std::vector<int64_t> row(b.size() + 1);  // distances of what was seen of `a` to starts of `b`
  for (size_t j = 0; j <= b.size(); ++j) row[j] = static_cast<int64_t>(j);
  for (size_t i = 0; i < a.size(); ++i) {
    int64_t diagonal = row[0];
    row[0] = static_cast<int64_t>(i) + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const int64_t changed = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, diagonal + 1, row[j] + 1});
    }
  }
  return row[b.size()];
}

// Edits for each element of the truth, over a set.
class ErrorRate {
 public:
  template <class Element>
  void Add(const std::vector<Element>& predicted, const std::vector<Element>& truth) {
    edits_ += EditDistance(predicted, truth);
    elements_ += static_cast<int64_t>(truth.size());
  }

  // Of a truth without any elements, the number of edits.
  double Value() const {
    return static_cast<double>(edits_) / static_cast<double>(std::max<int64_t>(elements_, 1));
  }

 private:
  int64_t edits_ = 0;
  int64_t elements_ = 0;
};

}  // namespace kur

#endif  // KUR_ENGINE_METRICS_TRANSCRIPTS_H_
