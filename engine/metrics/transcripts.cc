#include "engine/metrics/transcripts.h"

#include <ATen/TensorOperators.h>

#include <utility>

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

std::vector<Symbols> DecodeGreedily(const at::Tensor& prediction, const std::vector<int64_t>& steps,
                                    bool blank_is_first) {
  const at::Tensor likeliest = ToNumbers(prediction.argmax(-1));
  const int64_t blank = blank_is_first ? 0 : prediction.size(-1) - 1;
  const int64_t first_symbol = blank_is_first ? 1 : 0;
  std::vector<Symbols> decoded;
  for (int64_t i = 0; i < likeliest.size(0); ++i) {
    decoded.push_back(Decode(likeliest.data_ptr<int64_t>() + i * likeliest.size(1),
                             steps[static_cast<size_t>(i)], blank, first_symbol));
  }
  return decoded;
}

std::vector<Transcript> DecodeTranscripts(const MetricContext& context,
                                          const at::Tensor& prediction,
                                          const std::vector<at::Tensor>& truth) {
  const at::Tensor labels = ToNumbers(truth[0]);
  const at::Tensor lengths = ToNumbers(truth[1]);
  const at::Tensor steps = ToNumbers(truth[2]);
  const auto* const first = steps.data_ptr<int64_t>();
  std::vector<Symbols> predicted =
      DecodeGreedily(prediction, {first, first + steps.numel()}, context.blank_is_first);
  std::vector<Transcript> transcripts;
  for (int64_t i = 0; i < labels.size(0); ++i) {
    Transcript transcript;
    transcript.predicted = std::move(predicted[static_cast<size_t>(i)]);
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

std::vector<std::string> NamesOf(const at::Tensor& sample, const at::Tensor& given,
                                 const std::vector<std::string>& symbols) {
  if (symbols.empty() || sample.dim() == 0 || given.sizes() != sample.sizes() ||
      sample.size(-1) != static_cast<int64_t>(symbols.size())) {
    return {};
  }
  const at::Tensor likeliest = ToNumbers(sample.argmax(-1)).reshape(-1);
  const at::Tensor has_symbol = ToNumbers((given != 0).any(-1)).reshape(-1);
  Symbols numbers;
  for (int64_t step = 0; step < likeliest.numel(); ++step) {
    if (has_symbol.data_ptr<int64_t>()[step] == 0) continue;
    numbers.push_back(likeliest.data_ptr<int64_t>()[step]);
  }
  return NamesOf(numbers, symbols);
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
