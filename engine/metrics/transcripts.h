#ifndef KUR_ENGINE_METRICS_TRANSCRIPTS_H_
#define KUR_ENGINE_METRICS_TRANSCRIPTS_H_

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/metrics/metric.h"

namespace kur {

// A sequence of symbol numbers, which count from 0 as in the truth.
using Symbols = std::vector<int64_t>;

// The transcripts of one sample.
struct Transcript {
  Symbols predicted;
  Symbols truth;
};

// Decodes a batch of predictions, (samples, steps, symbols and a blank), greedily: the most
// probable symbol of every step, without repetitions and blanks. `steps` are those of each sample
// that are no padding. Waits for the device.
std::vector<Symbols> DecodeGreedily(const at::Tensor& prediction, const std::vector<int64_t>& steps,
                                    bool blank_is_first);

// Decodes a batch, and its truth. `truth` are the sources of the loss ctc. Waits for the device.
std::vector<Transcript> DecodeTranscripts(const MetricContext& context,
                                          const at::Tensor& prediction,
                                          const std::vector<at::Tensor>& truth);

// Returns the names of symbols. Numbers beyond `symbols` are left out.
std::vector<std::string> NamesOf(const Symbols& numbers, const std::vector<std::string>& symbols);

// Returns the name of the most probable symbol at every step of one sample, (..., number of
// symbols), at which the one-hot vectors `given`, of the same shape, have a symbol: zeros are
// padding. Empty if the last extent is not the number of `symbols`. Waits for the device.
std::vector<std::string> NamesOf(const at::Tensor& sample, const at::Tensor& given,
                                 const std::vector<std::string>& symbols);

// Splits a sequence at the symbol `space` into words that are not empty.
std::vector<Symbols> SplitWords(const Symbols& symbols, int64_t space);

// Returns the least number of substitutions, insertions and deletions that turn one sequence into
// the other (Levenshtein, "Binary codes capable of correcting deletions, insertions, and
// reversals", 1966).
template <class Element>
int64_t EditDistance(const std::vector<Element>& a, const std::vector<Element>& b) {
  std::vector<int64_t> row(b.size() + 1);  // row[j]: distance of a prefix of `a` to b[0 .. j)
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

// The number of edits per element of the truth, over a data set. Not thread-safe.
class ErrorRate {
 public:
  template <class Element>
  void Add(const std::vector<Element>& predicted, const std::vector<Element>& truth) {
    edits_ += EditDistance(predicted, truth);
    elements_ += static_cast<int64_t>(truth.size());
  }

  // Returns edits / elements, or the number of edits if the truth has no elements.
  double Value() const {
    return static_cast<double>(edits_) / static_cast<double>(std::max<int64_t>(elements_, 1));
  }

 private:
  int64_t edits_ = 0;
  int64_t elements_ = 0;
};

}  // namespace kur

#endif  // KUR_ENGINE_METRICS_TRANSCRIPTS_H_
