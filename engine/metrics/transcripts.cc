#include "engine/metrics/transcripts.h"

#include <ATen/TensorOperators.h>

namespace kur {
namespace {

at::Tensor ToNumbers(const at::Tensor& tensor) {
  return tensor.to(at::kCPU, at::kLong).contiguous();
}

// Decodes one sample greedily: equal consecutive steps make one symbol, unless a blank separates
// them.
Symbols Decode(const int64_t* steps, int64_t count, int64_t blank, int64_t first_symbol) {
  Symbols symbols;
  int64_t before = blank;
  for (int64_t t = 0; t < count; ++t) {
    if (steps[t] != before && steps[t] != blank) symbols.push_back(steps[t] - first_symbol);
    before = steps[t];
  }
  return symbols;
}

}  // namespace

std::vector<Transcript> DecodeTranscripts(const MetricContext& context,
                                          const at::Tensor& prediction,
                                          const std::vector<at::Tensor>& truth) {
  const at::Tensor likeliest = ToNumbers(prediction.argmax(-1));
  const at::Tensor labels = ToNumbers(truth[0]);
  const at::Tensor lengths = ToNumbers(truth[1]);
  const at::Tensor steps = ToNumbers(truth[2]);
  const int64_t blank = context.blank_is_first ? 0 : prediction.size(-1) - 1;
  const int64_t first_symbol = context.blank_is_first ? 1 : 0;
  std::vector<Transcript> transcripts;
  for (int64_t i = 0; i < likeliest.size(0); ++i) {
    Transcript transcript;
    transcript.predicted = Decode(likeliest.data_ptr<int64_t>() + i * likeliest.size(1),
                                  steps.data_ptr<int64_t>()[i], blank, first_symbol);
    const auto* row = labels.data_ptr<int64_t>() + i * labels.size(1);
    transcript.truth.assign(row, row + lengths.data_ptr<int64_t>()[i]);
    transcripts.push_back(std::move(transcript));
  }
  return transcripts;
}

std::vector<std::string> NamesOf(const Symbols& numbers, const std::vector<std::string>& symbols) {
  std::vector<std::string> text;
  for (const int64_t number : numbers) {
    if (number >= 0 && number < static_cast<int64_t>(symbols.size())) {
      text.push_back(symbols[static_cast<size_t>(number)]);
    }
  }
  return text;
}

std::vector<std::string> NamesOf(const at::Tensor& sample,
                                 const std::vector<std::string>& symbols) {
  if (symbols.empty() || sample.dim() == 0 ||
      sample.size(-1) != static_cast<int64_t>(symbols.size())) {
    return {};
  }
  const at::Tensor likeliest = ToNumbers(sample.argmax(-1)).reshape(-1);
  const auto* numbers = likeliest.data_ptr<int64_t>();
  return NamesOf(Symbols(numbers, numbers + likeliest.numel()), symbols);
}

std::vector<Symbols> SplitWords(const Symbols& symbols, int64_t space) {
  std::vector<Symbols> words;
  bool inside = false;
  for (const int64_t symbol : symbols) {
    if (symbol != space) {
      if (!inside) words.emplace_back();
      words.back().push_back(symbol);
    }
    inside = symbol != space;
  }
  return words;
}

}  // namespace kur
