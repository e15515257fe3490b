#ifndef KUR_SERVER_PROTOCOL_PACKED_COLUMN_H_
#define KUR_SERVER_PROTOCOL_PACKED_COLUMN_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "kur/v1/event.pb.h"

namespace kur {

// The columns of packed events; see packed_events.h, the only user.

// A field of an event of a round that may differ from round to round.
struct ValueSlot {
  v1::PackedField field;
  bool is_real = false;  // double or float; else an integer
  size_t begin = 0;      // where its values begin in RoundValues::values
  size_t count = 1;      // the number of its values
};

// What the events of one round hold.
struct RoundValues {
  // Equal for rounds that differ in nothing but values (and times).
  std::string shape;
  std::vector<ValueSlot> slots;
  // The bits of each value: of an int64_t, or of a double.
  std::vector<uint64_t> values;
};

RoundValues ReadValues(const std::vector<v1::Event>& round);

// Adds the columns of all fields that differ between `rounds`, which have one shape.
void AddColumns(const std::vector<const RoundValues*>& rounds, v1::PackedEvents* packed);

// Returns INVALID_ARGUMENT unless the column has the values of fields of `first`, the events of the
// first round, for all of `rounds`. Changes nothing.
absl::Status CheckColumn(const v1::PackedColumn& column, int rounds, std::vector<v1::Event>* first);

// Changes the column's fields in `events`, which are those of round `from`, to their values in
// round `to`, a later one. The column must pass CheckColumn().
void MoveColumn(const v1::PackedColumn& column, int from, int to, std::vector<v1::Event>* events);

}  // namespace kur

#endif  // KUR_SERVER_PROTOCOL_PACKED_COLUMN_H_
