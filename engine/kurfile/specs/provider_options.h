#ifndef KUR_ENGINE_KURFILE_SPECS_PROVIDER_OPTIONS_H_
#define KUR_ENGINE_KURFILE_SPECS_PROVIDER_OPTIONS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "engine/kurfile/schema/fields.h"

namespace kur {

// Whether an epoch presents the data in a new order.
struct Randomize {
  bool on = true;
  // Only so many samples from the front change places, at least 1; absent: all of them.
  std::optional<int64_t> first;
};

// What `provider:` says: how samples become batches.
struct ProviderOptions {
  // Both names mean the same.
  std::string name = "batch_provider";
  // Samples in a batch; at least 1.
  int64_t batch_size = 32;
  // Batches in an epoch, at least 1; absent: as many as there is data for. With `randomize` they
  // are drawn from all the data anew in each epoch.
  std::optional<int64_t> num_batches;
  // A new order in every epoch.
  Randomize randomize;
  // Leaves out the batch at the end of an epoch that would be smaller than the others.
  bool force_batch_size = false;
  // How many epochs keep the order of the data (or of `sort_by`) before it is randomized.
  int64_t shuffle_after = 0;
  // The source by whose values the data is ordered as long as it is not randomized.
  std::optional<std::string> sort_by;
  // `sortagrad: X` is `sort_by: X` with `shuffle_after: 1`; after ParseProviderOptions() it has
  // been replaced by these.
  std::optional<std::string> sortagrad;
  // Sorts from the greatest to the least.
  bool reverse = false;
  // The source by whose values data that is randomized is put into batches of near ones; a new
  // order then takes in all the data.
  std::optional<std::string> neighborhood_sort;
  // How near, in the source's unit; absent: a tenth of the range of its values.
  std::optional<double> neighborhood_size;
  // By which share of itself the size grows where too few are near.
  double neighborhood_growth = 0.4;
};

// The keys of `provider:`, for help texts.
const Fields<ProviderOptions>& ProviderOptionFields();

// Reads `provider:`; null means all defaults. False if anything was reported.
bool ParseProviderOptions(const Value& value, const std::string& key, Diagnostics* diagnostics,
                          ProviderOptions* options);

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_SPECS_PROVIDER_OPTIONS_H_
