#include "server/devices/device_inventory.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/status.h"
#include "server/devices/card_watch.h"
#include "server/devices/cpu_slots.h"
#include "server/devices/device_list.h"
#include "server/devices/nvml.h"
#include "server/devices/processor_shares.h"

namespace kur::server {
namespace {

// CPU slots and cards, either of which there may be none of.
class Inventory : public DeviceInventory {
 public:
  Inventory(std::vector<Device> slots, std::vector<std::string> problems)
      : slots_(std::move(slots)), problems_(std::move(problems)) {}

  // Adds the cards, which the library knows.
  void Add(const std::vector<Device>& cards, std::shared_ptr<const Nvml> nvml,
           const InventoryOptions& options) {
    nvml_ = std::move(nvml);
    watch_ = std::make_unique<CardWatch>(
        cards, [this](const Device& card) { return nvml_->Usage(card); }, options.watch);
  }

  std::vector<Device> devices() const override {
    std::vector<Device> all;
    if (watch_ != nullptr) all = watch_->cards();
    all.insert(all.end(), slots_.begin(), slots_.end());
    return all;
  }
  absl::StatusOr<DeviceUsage> Usage(const Device& device) const override {
    if (device.kind == Device::Kind::kCpu) return DeviceUsage{};
    return nvml_->Usage(device);
  }
  std::vector<std::string> problems() const override {
    std::vector<std::string> all = problems_;
    if (watch_ == nullptr) return all;
    for (std::string& problem : watch_->problems()) all.push_back(std::move(problem));
    return all;
  }
  void SetHeld(const std::set<std::string>& names) override {
    if (watch_ != nullptr) watch_->SetHeld(names);
  }
  void SetOnChange(std::function<void()> on_change) override {
    if (watch_ != nullptr) watch_->SetOnChange(std::move(on_change));
  }

 private:
  const std::vector<Device> slots_;
  const std::vector<std::string> problems_;  // that were there at the beginning
  std::shared_ptr<const Nvml> nvml_;
  std::unique_ptr<CardWatch> watch_;
};

// The cards that can be used, and the library that knows them.
struct Cards {
  std::shared_ptr<const Nvml> nvml;
  std::vector<Device> devices;
  std::vector<std::string> problems;
};

// Describes the cards that are wanted; what cannot be described is a problem.
absl::Status DescribeCards(const std::vector<int>& wanted, int count, Cards* cards) {
  for (const int number : wanted) {
    if (number < count) continue;
    return absl::FailedPreconditionError(
        absl::StrCat("there is no card ", number, ": the NVIDIA driver has ", count,
                     count == 1 ? " card" : " cards", ", numbered from 0"));
  }
  for (int index = 0; index < count; ++index) {
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), index) == wanted.end()) continue;
    auto described = cards->nvml->Describe(index);
    if (!described.ok()) {
      cards->problems.push_back(absl::StrCat("left out ", described.status().message()));
    } else if (described->empty()) {
      cards->problems.push_back(absl::StrCat(
          "left out cuda", index,
          ": it is split (MIG) and has no instances; make some with nvidia-smi mig, or "
          "turn MIG off"));
    } else {
      for (Device& device : *described) cards->devices.push_back(std::move(device));
    }
  }
  return absl::OkStatus();
}

// Takes out the cards that workers cannot use; each is a problem.
absl::Status TryCards(const CardTrial& try_cards, Cards* cards) {
  if (try_cards == nullptr || cards->devices.empty()) return absl::OkStatus();
  KUR_ASSIGN_OR_RETURN(const auto results, try_cards(cards->devices));
  std::vector<Device> usable;
  for (size_t i = 0; i < cards->devices.size(); ++i) {
    if (results[i].ok()) {
      usable.push_back(cards->devices[i]);
    } else {
      cards->problems.push_back(
          absl::StrCat("left out ", cards->devices[i].name, ": ", results[i].message()));
    }
  }
  cards->devices = std::move(usable);
  return absl::OkStatus();
}

// Returns the cards that driver and workers can use. NOT_FOUND if there is no driver or no card;
// FAILED_PRECONDITION if there are some of which none can be used, or one is named that is not
// there.
absl::StatusOr<Cards> FindCards(const std::vector<int>& wanted, const InventoryOptions& options) {
  Cards cards;
  KUR_ASSIGN_OR_RETURN(cards.nvml, Nvml::Open(options.nvml_library));
  KUR_ASSIGN_OR_RETURN(const int count, cards.nvml->DeviceCount());
  if (count == 0) return absl::NotFoundError("the NVIDIA driver has no device");
  KUR_RETURN_IF_ERROR(DescribeCards(wanted, count, &cards));
  const absl::Status tried = TryCards(options.try_cards, &cards);
  if (!tried.ok()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the NVIDIA driver has ", count, count == 1 ? " card" : " cards",
                     ", but workers cannot use them: ", tried.message()));
  }
  if (cards.devices.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("no card can be used: ", absl::StrJoin(cards.problems, "; ")));
  }
  return cards;
}

absl::StatusOr<std::unique_ptr<DeviceInventory>> Open(Cards cards, int slot_count,
                                                      const InventoryOptions& options) {
  KUR_ASSIGN_OR_RETURN(std::vector<int> processors, AvailableProcessors());
  processors = OrderByTopology(std::move(processors), "/sys/devices/system/cpu");
  std::vector<std::vector<int>> near;
  for (const Device& card : cards.devices)
    near.push_back(cards.nvml->NearProcessors(card.cuda_index));
  KUR_ASSIGN_OR_RETURN(auto shares, ShareProcessors(processors, near, slot_count));
  for (size_t i = 0; i < cards.devices.size(); ++i) {
    cards.devices[i].threads = static_cast<int>(shares.cards[i].size());
    cards.devices[i].processors = std::move(shares.cards[i]);
  }
  KUR_ASSIGN_OR_RETURN(auto slots, MakeCpuSlots(std::move(shares.slots)));
  auto inventory = std::make_unique<Inventory>(std::move(slots), std::move(cards.problems));
  if (!cards.devices.empty()) inventory->Add(cards.devices, std::move(cards.nvml), options);
  return inventory;
}

absl::StatusOr<std::unique_ptr<DeviceInventory>> OpenAuto(const InventoryOptions& options) {
  auto cards = FindCards({}, options);
  if (cards.ok()) return Open(*std::move(cards), 0, options);
  Cards none;
  // A machine without a driver or a card is no problem; one that cannot be used is.
  if (!absl::IsNotFound(cards.status())) {
    none.problems.push_back(
        absl::StrCat("no card is used, jobs train on the CPU: ", cards.status().message()));
  }
  return Open(std::move(none), /*slot_count=*/1, options);
}

}  // namespace

absl::StatusOr<std::unique_ptr<DeviceInventory>> OpenDeviceInventory(
    absl::string_view specification, const InventoryOptions& options) {
  KUR_ASSIGN_OR_RETURN(const DeviceList list, ParseDeviceList(specification));
  if (list.automatic) return OpenAuto(options);
  Cards cards;
  if (list.cuda) {
    auto found = FindCards(list.cuda_cards, options);
    if (!found.ok()) {
      return absl::FailedPreconditionError(
          absl::StrCat("no CUDA devices: ", found.status().message(),
                       "; repair that, or train on the CPU with cpu:N"));
    }
    cards = *std::move(found);
    if (!list.cuda_cards.empty() && !cards.problems.empty()) {
      // Who names cards wants those.
      return absl::FailedPreconditionError(absl::StrJoin(cards.problems, "; "));
    }
  }
  return Open(std::move(cards), list.cpu_slots, options);
}

}  // namespace kur::server
