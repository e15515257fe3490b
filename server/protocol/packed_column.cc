#include "server/protocol/packed_column.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace kur {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// Up to here every whole number is a double.
constexpr int64_t kMaxUnits = int64_t{1} << 53;
constexpr int64_t kMicros = 1'000'000;

uint64_t BitsOf(double value) {
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
}

double RealOf(uint64_t bits) {
  double value = 0;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

// Where the values of a field are, or of one key of a map.
struct Cell {
  Message* message = nullptr;
  const FieldDescriptor* field = nullptr;
};

bool IsReal(const FieldDescriptor& field) {
  return field.cpp_type() == FieldDescriptor::CPPTYPE_DOUBLE ||
         field.cpp_type() == FieldDescriptor::CPPTYPE_FLOAT;
}

bool IsInteger(const FieldDescriptor& field) {
  return field.cpp_type() == FieldDescriptor::CPPTYPE_INT64 ||
         field.cpp_type() == FieldDescriptor::CPPTYPE_INT32;
}

int CountOf(const Message& message, const FieldDescriptor* field) {
  return field->is_repeated() ? message.GetReflection()->FieldSize(message, field) : 1;
}

uint64_t Get(const Message& message, const FieldDescriptor* field, int i) {
  const Reflection& at = *message.GetReflection();
  const bool many = field->is_repeated();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return BitsOf(many ? at.GetRepeatedDouble(message, field, i) : at.GetDouble(message, field));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return BitsOf(many ? at.GetRepeatedFloat(message, field, i) : at.GetFloat(message, field));
    case FieldDescriptor::CPPTYPE_INT64:
      return static_cast<uint64_t>(many ? at.GetRepeatedInt64(message, field, i)
                                        : at.GetInt64(message, field));
    default:
      return static_cast<uint64_t>(
          int64_t{many ? at.GetRepeatedInt32(message, field, i) : at.GetInt32(message, field)});
  }
}

void Set(const Cell& cell, int i, uint64_t bits) {
  const Reflection& at = *cell.message->GetReflection();
  const bool many = cell.field->is_repeated();
  const auto whole = static_cast<int64_t>(bits);
  const auto small = static_cast<int32_t>(whole);
  switch (cell.field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return many ? at.SetRepeatedDouble(cell.message, cell.field, i, RealOf(bits))
                  : at.SetDouble(cell.message, cell.field, RealOf(bits));
    case FieldDescriptor::CPPTYPE_FLOAT: {
      const auto value = static_cast<float>(RealOf(bits));
      return many ? at.SetRepeatedFloat(cell.message, cell.field, i, value)
                  : at.SetFloat(cell.message, cell.field, value);
    }
    case FieldDescriptor::CPPTYPE_INT64:
      return many ? at.SetRepeatedInt64(cell.message, cell.field, i, whole)
                  : at.SetInt64(cell.message, cell.field, whole);
    default:
      return many ? at.SetRepeatedInt32(cell.message, cell.field, i, small)
                  : at.SetInt32(cell.message, cell.field, small);
  }
}

const FieldDescriptor* KindOf(const v1::Event& event) {
  return v1::Event::descriptor()->FindFieldByNumber(event.kind_case());
}

std::string KeyOf(const Message& entry) {
  return entry.GetReflection()->GetString(entry, entry.GetDescriptor()->map_key());
}

// Finds what `field` names; nothing if there is no such field, or none that holds numbers.
std::optional<Cell> FindCell(const v1::PackedField& place, v1::Event* event) {
  Message* message = event->GetReflection()->MutableMessage(event, KindOf(*event));
  const FieldDescriptor* field = message->GetDescriptor()->FindFieldByNumber(place.field());
  if (field == nullptr) return std::nullopt;
  if (!field->is_map()) {
    if (!IsReal(*field) && !IsInteger(*field)) return std::nullopt;
    return Cell{message, field};
  }
  const Reflection& reflection = *message->GetReflection();
  for (int i = 0; i < reflection.FieldSize(*message, field); ++i) {
    Message* entry = reflection.MutableRepeatedMessage(message, field, i);
    if (KeyOf(*entry) == place.key()) return Cell{entry, entry->GetDescriptor()->map_value()};
  }
  return std::nullopt;
}

// Reads the values of one event of a round.
class EventReader {
 public:
  EventReader(int index, RoundValues* to) : index_(index), to_(*to) {}

  void Read(const v1::Event& event) {
    absl::StrAppend(&to_.shape, "|", event.kind_case());
    const Message& message = event.GetReflection()->GetMessage(event, KindOf(event));
    for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
      absl::StrAppend(&to_.shape, ";");
      ReadField(message, message.GetDescriptor()->field(i));
    }
  }

 private:
  void ReadField(const Message& message, const FieldDescriptor* field) {
    const Reflection& reflection = *message.GetReflection();
    if (field->is_map()) return ReadMap(message, field);
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      return AddText(reflection.GetString(message, field));
    }
    const bool is_absent = field->has_presence() && !reflection.HasField(message, field);
    if (!is_absent) AddSlot(field->number(), "", message, field);
  }

  void ReadMap(const Message& message, const FieldDescriptor* field) {
    const Reflection& reflection = *message.GetReflection();
    // In order: that of a map may differ from round to round.
    std::map<std::string, const Message*> entries;
    for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
      const Message& entry = reflection.GetRepeatedMessage(message, field, i);
      entries[KeyOf(entry)] = &entry;
    }
    for (const auto& [key, entry] : entries) {
      AddText(key);
      AddSlot(field->number(), key, *entry, entry->GetDescriptor()->map_value());
    }
  }

  void AddText(const std::string& text) { absl::StrAppend(&to_.shape, text.size(), ":", text); }

  void AddSlot(int number, const std::string& key, const Message& message,
               const FieldDescriptor* field) {
    ValueSlot slot;
    slot.field.set_event(index_);
    slot.field.set_field(number);
    slot.field.set_key(key);
    slot.is_real = IsReal(*field);
    slot.begin = to_.values.size();
    const int count = CountOf(message, field);
    slot.count = static_cast<size_t>(count);
    for (int i = 0; i < count; ++i) to_.values.push_back(Get(message, field, i));
    absl::StrAppend(&to_.shape, "#", count);
    to_.slots.push_back(std::move(slot));
  }

  const int index_;
  RoundValues& to_;
};

// The values of a field in all rounds, the first included.
using Series = std::vector<uint64_t>;

size_t EncodedSize(const std::vector<int64_t>& steps) {
  size_t size = 0;
  for (const int64_t step : steps) {
    uint64_t rest = static_cast<uint64_t>(step) << 1 ^ static_cast<uint64_t>(step >> 63);
    do ++size;
    while ((rest >>= 7) != 0);
  }
  return size;
}

std::vector<int64_t> StepsOf(const Series& units, size_t count) {
  std::vector<int64_t> steps;
  for (size_t i = count; i < units.size(); ++i) {
    steps.push_back(static_cast<int64_t>(units[i] - units[i - count]));
  }
  const auto repeats = [&] {
    return steps.size() >= 2 * count &&
           std::equal(steps.end() - static_cast<ptrdiff_t>(count), steps.end(),
                      steps.end() - static_cast<ptrdiff_t>(2 * count));
  };
  while (repeats()) steps.resize(steps.size() - count);
  return steps;
}

int64_t ToUnits(double value, int64_t denominator) {
  const double units = value * static_cast<double>(denominator);
  return std::abs(units) < static_cast<double>(kMaxUnits) ? std::llround(units) : 0;
}

double FromUnits(int64_t units, int64_t denominator) {
  return static_cast<double>(units) / static_cast<double>(denominator);
}

// Returns the values as whole units; nothing if one of them is no whole number of units.
std::optional<Series> UnitsOf(const Series& reals, int64_t denominator) {
  Series units;
  for (const uint64_t bits : reals) {
    const int64_t whole = ToUnits(RealOf(bits), denominator);
    if (BitsOf(FromUnits(whole, denominator)) != bits) return std::nullopt;
    units.push_back(static_cast<uint64_t>(whole));
  }
  return units;
}

bool AreFloats(const Series& reals) {
  return std::all_of(reals.begin(), reals.end(), [](uint64_t bits) {
    return BitsOf(static_cast<double>(static_cast<float>(RealOf(bits)))) == bits;
  });
}

// Chooses for real numbers what takes least.
void EncodeReals(const Series& reals, size_t count, const std::vector<int64_t>& denominators,
                 v1::PackedColumn* column) {
  const size_t later = reals.size() - count;
  const bool are_floats = AreFloats(reals);
  size_t least = later * (are_floats ? sizeof(float) : sizeof(double));
  std::vector<int64_t> best;
  for (const int64_t denominator : denominators) {
    const auto units = UnitsOf(reals, denominator);
    if (!units.has_value()) continue;
    std::vector<int64_t> steps = StepsOf(*units, count);
    const size_t size = EncodedSize(steps);
    if (size >= least) continue;
    least = size;
    best = std::move(steps);
    column->set_denominator(denominator);
  }
  if (!best.empty()) return column->mutable_steps()->Assign(best.begin(), best.end());
  for (size_t i = count; i < reals.size(); ++i) {
    if (are_floats) column->add_floats(static_cast<float>(RealOf(reals[i])));
    if (!are_floats) column->add_doubles(RealOf(reals[i]));
  }
}

// What seconds and shares of samples may be whole multiples of.
std::vector<int64_t> DenominatorsFor(const RoundValues& round) {
  std::vector<int64_t> denominators = {1, kMicros};
  for (const ValueSlot& slot : round.slots) {
    if (slot.is_real || slot.count != 1) continue;
    const auto value = static_cast<int64_t>(round.values[slot.begin]);
    const bool is_new =
        std::find(denominators.begin(), denominators.end(), value) == denominators.end();
    if (value > 1 && value < kMaxUnits && is_new) denominators.push_back(value);
  }
  return denominators;
}

// Returns whether every round has the values of the first.
bool IsConstant(const Series& values, size_t count) {
  return std::equal(values.begin() + static_cast<ptrdiff_t>(count), values.end(), values.begin());
}

// Adds the steps of the rounds after `from` up to `to`, at a cost that does not grow with the
// rounds that share the last step.
uint64_t Advance(const v1::PackedColumn& column, uint64_t value, int from, int to, int i,
                 int count) {
  const int rows = column.steps_size() / count;
  for (int row = from; row < std::min(to, rows); ++row) {
    value += static_cast<uint64_t>(column.steps(row * count + i));
  }
  const int repeated = std::max(to - std::max(from, rows), 0);
  return value + static_cast<uint64_t>(repeated) *
                     static_cast<uint64_t>(column.steps((rows - 1) * count + i));
}

uint64_t ValueIn(const v1::PackedColumn& column, const Cell& cell, int from, int to, int i) {
  const int count = CountOf(*cell.message, cell.field);
  const int index = (to - 1) * count + i;
  if (column.doubles_size() > 0) return BitsOf(column.doubles(index));
  if (column.floats_size() > 0) return BitsOf(column.floats(index));
  const uint64_t value = Get(*cell.message, cell.field, i);
  if (IsInteger(*cell.field)) return Advance(column, value, from, to, i, count);
  const auto units = static_cast<uint64_t>(ToUnits(RealOf(value), column.denominator()));
  return BitsOf(FromUnits(static_cast<int64_t>(Advance(column, units, from, to, i, count)),
                          column.denominator()));
}

absl::Status Malformed() {
  return absl::InvalidArgumentError("a packed event has a column that does not fit its fields");
}

}  // namespace

RoundValues ReadValues(const std::vector<v1::Event>& round) {
  RoundValues values;
  for (size_t i = 0; i < round.size(); ++i) {
    EventReader(static_cast<int>(i), &values).Read(round[i]);
  }
  return values;
}

void AddColumns(const std::vector<const RoundValues*>& rounds, v1::PackedEvents* packed) {
  const std::vector<int64_t> denominators = DenominatorsFor(*rounds.front());
  std::map<std::pair<bool, Series>, v1::PackedColumn*> known;
  for (const ValueSlot& slot : rounds.front()->slots) {
    Series series;
    for (const RoundValues* round : rounds) {
      const auto begin = round->values.begin() + static_cast<ptrdiff_t>(slot.begin);
      series.insert(series.end(), begin, begin + static_cast<ptrdiff_t>(slot.count));
    }
    if (IsConstant(series, slot.count)) continue;
    v1::PackedColumn*& column = known[{slot.is_real, series}];
    if (column == nullptr) {
      column = packed->add_columns();
      if (slot.is_real) {
        EncodeReals(series, slot.count, denominators, column);
      } else {
        const std::vector<int64_t> steps = StepsOf(series, slot.count);
        column->mutable_steps()->Assign(steps.begin(), steps.end());
      }
    }
    *column->add_fields() = slot.field;
  }
}

absl::Status CheckColumn(const v1::PackedColumn& column, int rounds,
                         std::vector<v1::Event>* first) {
  std::optional<Cell> model;
  for (const v1::PackedField& place : column.fields()) {
    if (place.event() < 0 || place.event() >= static_cast<int>(first->size())) return Malformed();
    const auto cell = FindCell(place, &(*first)[static_cast<size_t>(place.event())]);
    if (!cell.has_value()) return Malformed();
    if (!model.has_value()) model = cell;
    const bool is_alike =
        IsReal(*cell->field) == IsReal(*model->field) &&
        CountOf(*cell->message, cell->field) == CountOf(*model->message, model->field);
    if (!is_alike) return Malformed();
  }
  if (!model.has_value()) return Malformed();
  const int64_t count = CountOf(*model->message, model->field);
  const int64_t later = (rounds - 1) * count;
  const int64_t reals = int64_t{column.doubles_size()} + column.floats_size();
  const int64_t steps = column.steps_size();
  const bool is_real = IsReal(*model->field);
  if (steps == 0) {
    const bool is_one = column.doubles_size() == 0 || column.floats_size() == 0;
    return is_real && is_one && count > 0 && reals == later ? absl::OkStatus() : Malformed();
  }
  const bool has_unit = column.denominator() >= 1 && column.denominator() <= kMaxUnits;
  const bool fits = reals == 0 && count > 0 && steps % count == 0 && steps <= later;
  return fits && (has_unit || !is_real) ? absl::OkStatus() : Malformed();
}

void MoveColumn(const v1::PackedColumn& column, int from, int to, std::vector<v1::Event>* events) {
  if (to <= from) return;
  std::vector<uint64_t> values;
  for (const v1::PackedField& place : column.fields()) {
    const auto cell = FindCell(place, &(*events)[static_cast<size_t>(place.event())]);
    if (!cell.has_value()) continue;
    const int count = CountOf(*cell->message, cell->field);
    for (int i = 0; i < count; ++i) {
      // All fields of a column have the same values.
      const auto at = static_cast<size_t>(i);
      if (values.size() == at) values.push_back(ValueIn(column, *cell, from, to, i));
      Set(*cell, i, values[at]);
    }
  }
}

}  // namespace kur
