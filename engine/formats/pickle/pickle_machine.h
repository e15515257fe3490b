#ifndef KUR_ENGINE_FORMATS_PICKLE_PICKLE_MACHINE_H_
#define KUR_ENGINE_FORMATS_PICKLE_PICKLE_MACHINE_H_

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/formats/pickle/pickle_node.h"

namespace kur::pickle {

// Executes a pickle: a program for a machine with a stack, marks on the stack and a numbered memory
// (the memo). Instructions that reach beyond data are rejected. Not thread-safe.
class Machine {
 public:
  // `arena` must outlive the machine, and `data` the arena.
  Machine(absl::string_view data, Arena& arena) : data_(data), arena_(arena) {}

  // Runs to STOP and returns the object on top of the stack. Errors name the offset of the
  // instruction. Call once.
  absl::StatusOr<const Node*> Run();

 private:
  using Handler = absl::Status (Machine::*)();
  struct Instruction {
    uint8_t code;
    absl::string_view name;
    Handler run;
  };
  static const Instruction kInstructions[];
  static const Instruction* Find(uint8_t code);

  // Reading the program. DATA_LOSS if it ends too early.
  absl::StatusOr<absl::string_view> ReadBytes(uint64_t size);
  absl::StatusOr<absl::string_view> ReadLine();
  absl::StatusOr<uint64_t> ReadUnsigned(int size);
  absl::StatusOr<int64_t> ReadDecimal();

  // The stack.
  template <class T>
  absl::Status Push(Kind kind, T value);
  absl::StatusOr<Node*> Pop();
  absl::StatusOr<Node*> Top();
  absl::StatusOr<Node::Children> PopToMark();
  absl::StatusOr<Node*> TopOf(Kind kind, Kind alternative);

  // Instructions. The template parameters distinguish those that differ only in the width of a
  // number or in the kind of the result.
  absl::Status Protocol();
  absl::Status Frame();
  absl::Status Mark();
  absl::Status Discard();
  absl::Status DiscardMark();
  absl::Status Duplicate();
  absl::Status None();
  template <bool value>
  absl::Status Bool();
  absl::Status DecimalInt();
  absl::Status DecimalLong();
  template <int bytes>
  absl::Status BinaryInt();
  template <int bytes>
  absl::Status BinaryLong();
  absl::Status DecimalFloat();
  absl::Status BinaryFloat();
  absl::Status ReprString();
  absl::Status UnicodeLine();
  template <Kind kind, int bytes>
  absl::Status Counted();
  template <Kind kind>
  absl::Status Empty();
  template <Kind kind>
  absl::Status FromMark();
  template <int size>
  absl::Status ShortTuple();
  absl::Status Append();
  absl::Status Appends();
  absl::Status SetItem();
  absl::Status SetItems();
  absl::Status AddItems();
  absl::Status PutLine();
  template <int bytes>
  absl::Status Put();
  absl::Status Memoize();
  absl::Status GetLine();
  template <int bytes>
  absl::Status Get();
  absl::Status Global();
  absl::Status StackGlobal();
  absl::Status Reduce();
  absl::Status BuildTop();
  absl::Status RejectInstruction();

  absl::Status StoreMemo(uint64_t number);
  absl::Status PushMemo(uint64_t number);
  absl::Status PushCallable(absl::string_view module, absl::string_view name);

  absl::string_view data_;
  size_t position_ = 0;
  const Instruction* current_ = nullptr;
  Arena& arena_;
  std::vector<Node*> stack_;
  std::vector<size_t> marks_;  // sizes of the stack
  std::unordered_map<uint64_t, Node*> memo_;
};

}  // namespace kur::pickle

#endif  // KUR_ENGINE_FORMATS_PICKLE_PICKLE_MACHINE_H_
