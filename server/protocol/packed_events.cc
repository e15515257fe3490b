#include "server/protocol/packed_events.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "server/protocol/packed_column.h"

namespace kur {
namespace {

constexpr int kMaxEventsOfRound = 256;
constexpr int64_t kMicros = 1'000'000;
constexpr int32_t kNanosPerMicro = 1000;

int64_t MicrosOf(const v1::Event& event) {
  // As unsigned, here and below: a stranger's times may overflow.
  return static_cast<int64_t>(static_cast<uint64_t>(event.time().seconds()) *
                                  static_cast<uint64_t>(kMicros) +
                              static_cast<uint64_t>(event.time().nanos() / kNanosPerMicro));
}

void SetMicros(int64_t micros, v1::Event* event) {
  // Rounds down, also before 1970.
  const int64_t rest = (micros % kMicros + kMicros) % kMicros;
  event->mutable_time()->set_seconds(micros / kMicros - (micros % kMicros < 0 ? 1 : 0));
  event->mutable_time()->set_nanos(static_cast<int32_t>(rest) * kNanosPerMicro);
}

// Consecutive events: an epoch, or what is there of one.
struct Round {
  std::vector<v1::Event> events;
  RoundValues values;
};

std::vector<Round> SplitIntoRounds(std::vector<v1::Event> events) {
  std::vector<Round> rounds;
  for (v1::Event& event : events) {
    if (rounds.empty() || event.has_epoch_started()) rounds.emplace_back();
    rounds.back().events.push_back(std::move(event));
  }
  for (Round& round : rounds) round.values = ReadValues(round.events);
  return rounds;
}

// Merges rounds of one shape.
v1::Event Merge(const Round* begin, const Round* end) {
  v1::Event event;
  v1::PackedEvents& packed = *event.mutable_packed();
  packed.mutable_first()->Assign(begin->events.begin(), begin->events.end());
  packed.set_rounds(static_cast<int32_t>(end - begin));
  std::vector<const RoundValues*> values;
  for (const Round* round = begin; round != end; ++round) values.push_back(&round->values);
  AddColumns(values, &packed);
  int64_t last = MicrosOf(begin->events.back());
  for (const Round* round = begin + 1; round != end; ++round) {
    for (const v1::Event& one : round->events) {
      packed.add_times(MicrosOf(one) - last);
      last = MicrosOf(one);
    }
  }
  // That of the last event, so that it is also the time until which all have come.
  *event.mutable_time() = (end - 1)->events.back().time();
  return event;
}

void AddMerged(Round* begin, Round* end, std::vector<v1::Event>* to) {
  if (end - begin > 1) {
    v1::Event merged = Merge(begin, end);
    size_t plain = 0;
    for (const Round* round = begin; round != end; ++round) {
      for (const v1::Event& event : round->events) plain += event.ByteSizeLong();
    }
    if (merged.ByteSizeLong() < plain) return to->push_back(std::move(merged));
  }
  for (Round* round = begin; round != end; ++round) {
    std::move(round->events.begin(), round->events.end(), std::back_inserter(*to));
  }
}

bool IsWithinBounds(const Round& round, size_t rounds) {
  return round.events.size() <= kMaxEventsOfRound &&
         rounds * round.events.size() <= static_cast<size_t>(kMaxPackedEvents);
}

absl::Status Malformed(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("a packed event ", what));
}

// Unpacks round after round.
class Unpacker {
 public:
  explicit Unpacker(const v1::Event& event)
      : packed_(event.packed()), round_(packed_.first().begin(), packed_.first().end()) {
    for (v1::Event& one : round_) {
      one.set_number(event.number());
      one.set_worker_sequence(event.worker_sequence());
    }
  }

  // Moves on to round `index`, from 0.
  void MoveTo(int index) {
    const auto events = static_cast<int>(round_.size());
    int64_t time = MicrosOf(round_.back());
    for (int i = index_ * events; i < index * events; ++i) {
      time = static_cast<int64_t>(static_cast<uint64_t>(time) +
                                  static_cast<uint64_t>(packed_.times(i)));
      SetMicros(time, &round_[static_cast<size_t>(i % events)]);
    }
    for (const v1::PackedColumn& column : packed_.columns()) {
      MoveColumn(column, index_, index, &round_);
    }
    index_ = index;
  }

  const std::vector<v1::Event>& round() const { return round_; }

 private:
  const v1::PackedEvents& packed_;
  std::vector<v1::Event> round_;
  int index_ = 0;
};

}  // namespace

bool IsPackable(v1::Event::KindCase kind) {
  return kind == v1::Event::kEpochStarted || kind == v1::Event::kBatchLosses ||
         kind == v1::Event::kEpochFinished || kind == v1::Event::kMeasured;
}

std::vector<v1::Event> PackEvents(std::vector<v1::Event> events) {
  std::vector<v1::Event> packed;
  std::vector<Round> rounds = SplitIntoRounds(std::move(events));
  Round* const end = rounds.data() + rounds.size();
  for (Round* begin = rounds.data(); begin != end;) {
    Round* next = begin + 1;
    while (next != end && next->values.shape == begin->values.shape &&
           IsWithinBounds(*begin, static_cast<size_t>(next - begin) + 1)) {
      ++next;
    }
    AddMerged(begin, next, &packed);
    begin = next;
  }
  return packed;
}

absl::Status CheckPacked(const v1::Event& event) {
  if (!event.has_packed()) return absl::OkStatus();
  const v1::PackedEvents& packed = event.packed();
  const int64_t events = packed.first_size();
  const int64_t rounds = packed.rounds();
  if (events < 1 || events > kMaxEventsOfRound || rounds < 2) return Malformed("has no rounds");
  int64_t bytes = 0;
  for (const v1::Event& first : packed.first()) {
    if (!IsPackable(first.kind_case())) return Malformed("holds what is never packed");
    bytes += static_cast<int64_t>(first.ByteSizeLong());
  }
  if (rounds * events > kMaxPackedEvents || rounds * bytes > kMaxUnpackedBytes) {
    return Malformed("holds too much");
  }
  if (packed.times_size() != (rounds - 1) * events) return Malformed("lacks times");
  std::vector<v1::Event> first(packed.first().begin(), packed.first().end());
  std::set<std::tuple<int, int, std::string>> fields;
  for (const v1::PackedColumn& column : packed.columns()) {
    KUR_RETURN_IF_ERROR(CheckColumn(column, packed.rounds(), &first));
    for (const v1::PackedField& field : column.fields()) {
      const bool is_new = fields.emplace(field.event(), field.field(), field.key()).second;
      if (!is_new) return Malformed("has two columns for one field");
    }
  }
  return absl::OkStatus();
}

int64_t CountEvents(const v1::Event& event) {
  return event.has_packed() ? int64_t{event.packed().rounds()} * event.packed().first_size() : 1;
}

absl::StatusOr<std::vector<v1::Event>> UnpackEvents(const v1::Event& event) {
  if (!event.has_packed()) return std::vector<v1::Event>{event};
  KUR_RETURN_IF_ERROR(CheckPacked(event));
  std::vector<v1::Event> events;
  Unpacker unpacker(event);
  for (int i = 0; i < event.packed().rounds(); ++i) {
    unpacker.MoveTo(i);
    events.insert(events.end(), unpacker.round().begin(), unpacker.round().end());
  }
  return events;
}

std::vector<v1::Event> UnpackLastRound(const v1::Event& event) {
  if (!event.has_packed()) return {event};
  Unpacker unpacker(event);
  unpacker.MoveTo(event.packed().rounds() - 1);
  return unpacker.round();
}

}  // namespace kur
