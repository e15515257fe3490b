#ifndef KUR_ENGINE_KURFILE_SPECS_PROVIDER_OPTIONS_H_
#define KUR_ENGINE_KURFILE_SPECS_PROVIDER_OPTIONS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "engine/kurfile/schema/fields.h"

namespace kur {

// Whether each epoch shuffles the data.
struct Randomize {
  bool on = true;
  // Set to shuffle only so many samples at the front, at least 1; absent: all samples.
  std::optional<int64_t> first;
};

// `provider`: how samples become batches.
struct ProviderOptions {
  // Both names have the same meaning.
  std::string name = "batch_provider";
  // Samples in a batch, at least 1. Raise it to use the hardware better, lower it to save memory.
  int64_t batch_size = 32;
  // Batches in an epoch, at least 1; absent: all data. With `randomize`, each epoch draws them from
  // all the data again.
  std::optional<int64_t> num_batches;
  // Turn off to read the data in order.
  Randomize randomize;
  // Set to drop a smaller batch at the end of an epoch.
  bool force_batch_size = false;
  // The number of first epochs that keep the order of the data, or of `sort_by`.
  int64_t shuffle_after = 0;
  // The source that orders the data while it is not shuffled.
  std::optional<std::string> sort_by;
  // Short for `sort_by` with `shuffle_after: 1`; absent after ParseProviderOptions(), which
  // replaces it by these.
  std::optional<std::string> sortagrad;
  // Set to sort in descending order.
  bool reverse = false;
  // The source by which shuffled data is put into batches of similar values, for example the length
  // of sequences, to save padding. Such a shuffle takes in all data.
  std::optional<std::string> neighborhood_sort;
  // The range of similar values, in the unit of the source; absent: a tenth of the range of all
  // values.
  std::optional<double> neighborhood_size;
  // The share by which the range grows if it has too few samples.
  double neighborhood_growth = 0.4;
};

// Returns the keys of `provider`.
const Fields<ProviderOptions>& ProviderOptionFields();

// Parses `provider`; null means all defaults. Returns false after an error.
bool ParseProviderOptions(const Value& value, const std::string& key, Diagnostics* diagnostics,
                          ProviderOptions* options);

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_SPECS_PROVIDER_OPTIONS_H_
