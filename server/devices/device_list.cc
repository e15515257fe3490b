#include "server/devices/device_list.h"

#include <set>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace kur::server {
namespace {

// No machine has more.
constexpr int kMostCards = 1024;

bool ParseNumber(absl::string_view text, int least, int* number) {
  // SimpleAtoi() takes signs and spaces.
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
  }
  return absl::SimpleAtoi(text, number) && *number >= least;
}

// Reads "0-3,6".
bool ParseNumbers(absl::string_view text, std::vector<int>* numbers) {
  std::set<int> all;
  for (const absl::string_view part : absl::StrSplit(text, ',')) {
    const std::pair<absl::string_view, absl::string_view> ends =
        absl::StrSplit(part, absl::MaxSplits('-', 1));
    int first = 0;
    if (!ParseNumber(ends.first, 0, &first) || first >= kMostCards) return false;
    int last = first;
    if (part != ends.first && !ParseNumber(ends.second, first, &last)) return false;
    if (last >= kMostCards) return false;
    for (int number = first; number <= last; ++number) all.insert(number);
  }
  numbers->assign(all.begin(), all.end());
  return true;
}

bool ParsePart(absl::string_view part, DeviceList* list) {
  if (absl::ConsumePrefix(&part, "cpu:")) {
    return list->cpu_slots == 0 && ParseNumber(part, 1, &list->cpu_slots);
  }
  if (list->cuda || !absl::ConsumePrefix(&part, "cuda")) return false;
  list->cuda = true;
  return part.empty() || (absl::ConsumePrefix(&part, ":") && ParseNumbers(part, &list->cuda_cards));
}

}  // namespace

absl::StatusOr<DeviceList> ParseDeviceList(absl::string_view text) {
  DeviceList list;
  list.automatic = text == "auto";
  if (list.automatic) return list;
  for (const absl::string_view part : absl::StrSplit(text, '+')) {
    if (ParsePart(part, &list)) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "cannot read the devices '", text,
        "'; give auto, cuda (all cards), cuda:0-3,6 (some of them), cpu:N with a number of CPU "
        "slots from 1, or both, as in cuda:0-3+cpu:2"));
  }
  return list;
}

}  // namespace kur::server
