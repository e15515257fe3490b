#include "engine/formats/pickle/pickle_machine.h"

#include <array>
#include <cmath>
#include <cstring>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "engine/base/status.h"
#include "engine/formats/pickle/pickle_globals.h"
#include "engine/formats/pickle/pickle_text.h"

namespace kur::pickle {
namespace {

constexpr uint8_t kStop = '.';
constexpr uint64_t kNewestProtocol = 5;

absl::Status Damaged(absl::string_view what) { return absl::DataLossError(what); }

}  // namespace

// Every opcode of protocols 0 to 5 but STOP.
const Machine::Instruction Machine::kInstructions[] = {
    {0x80, "PROTO", &Machine::Protocol},
    {0x95, "FRAME", &Machine::Frame},
    {'(', "MARK", &Machine::Mark},
    {'0', "POP", &Machine::Discard},
    {'1', "POP_MARK", &Machine::DiscardMark},
    {'2', "DUP", &Machine::Duplicate},
    {'N', "NONE", &Machine::None},
    {0x88, "NEWTRUE", &Machine::Bool<true>},
    {0x89, "NEWFALSE", &Machine::Bool<false>},
    {'I', "INT", &Machine::DecimalInt},
    {'L', "LONG", &Machine::DecimalLong},
    {'J', "BININT", &Machine::BinaryInt<4>},
    {'K', "BININT1", &Machine::BinaryInt<1>},
    {'M', "BININT2", &Machine::BinaryInt<2>},
    {0x8a, "LONG1", &Machine::BinaryLong<1>},
    {0x8b, "LONG4", &Machine::BinaryLong<4>},
    {'F', "FLOAT", &Machine::DecimalFloat},
    {'G', "BINFLOAT", &Machine::BinaryFloat},
    {'S', "STRING", &Machine::ReprString},
    {'T', "BINSTRING", &Machine::Counted<Kind::kLatin1, 4>},
    {'U', "SHORT_BINSTRING", &Machine::Counted<Kind::kLatin1, 1>},
    {'V', "UNICODE", &Machine::UnicodeLine},
    {'X', "BINUNICODE", &Machine::Counted<Kind::kText, 4>},
    {0x8c, "SHORT_BINUNICODE", &Machine::Counted<Kind::kText, 1>},
    {0x8d, "BINUNICODE8", &Machine::Counted<Kind::kText, 8>},
    {'B', "BINBYTES", &Machine::Counted<Kind::kBytes, 4>},
    {'C', "SHORT_BINBYTES", &Machine::Counted<Kind::kBytes, 1>},
    {0x8e, "BINBYTES8", &Machine::Counted<Kind::kBytes, 8>},
    {0x96, "BYTEARRAY8", &Machine::Counted<Kind::kBytes, 8>},
    {']', "EMPTY_LIST", &Machine::Empty<Kind::kList>},
    {')', "EMPTY_TUPLE", &Machine::Empty<Kind::kTuple>},
    {'}', "EMPTY_DICT", &Machine::Empty<Kind::kDict>},
    {0x8f, "EMPTY_SET", &Machine::Empty<Kind::kSet>},
    {'l', "LIST", &Machine::FromMark<Kind::kList>},
    {'t', "TUPLE", &Machine::FromMark<Kind::kTuple>},
    {'d', "DICT", &Machine::FromMark<Kind::kDict>},
    {0x91, "FROZENSET", &Machine::FromMark<Kind::kSet>},
    {0x85, "TUPLE1", &Machine::ShortTuple<1>},
    {0x86, "TUPLE2", &Machine::ShortTuple<2>},
    {0x87, "TUPLE3", &Machine::ShortTuple<3>},
    {'a', "APPEND", &Machine::Append},
    {'e', "APPENDS", &Machine::Appends},
    {'s', "SETITEM", &Machine::SetItem},
    {'u', "SETITEMS", &Machine::SetItems},
    {0x90, "ADDITEMS", &Machine::AddItems},
    {'p', "PUT", &Machine::PutLine},
    {'q', "BINPUT", &Machine::Put<1>},
    {'r', "LONG_BINPUT", &Machine::Put<4>},
    {0x94, "MEMOIZE", &Machine::Memoize},
    {'g', "GET", &Machine::GetLine},
    {'h', "BINGET", &Machine::Get<1>},
    {'j', "LONG_BINGET", &Machine::Get<4>},
    {'c', "GLOBAL", &Machine::Global},
    {0x93, "STACK_GLOBAL", &Machine::StackGlobal},
    {'R', "REDUCE", &Machine::Reduce},
    {'b', "BUILD", &Machine::BuildTop},
    {'i', "INST", &Machine::RejectInstruction},
    {'o', "OBJ", &Machine::RejectInstruction},
    {0x81, "NEWOBJ", &Machine::RejectInstruction},
    {0x92, "NEWOBJ_EX", &Machine::RejectInstruction},
    {'P', "PERSID", &Machine::RejectInstruction},
    {'Q', "BINPERSID", &Machine::RejectInstruction},
    {0x82, "EXT1", &Machine::RejectInstruction},
    {0x83, "EXT2", &Machine::RejectInstruction},
    {0x84, "EXT4", &Machine::RejectInstruction},
    {0x97, "NEXT_BUFFER", &Machine::RejectInstruction},
    {0x98, "READONLY_BUFFER", &Machine::RejectInstruction},
};

const Machine::Instruction* Machine::Find(uint8_t code) {
  static const auto table = [] {
    std::array<const Instruction*, 256> by_code{};
    for (const Instruction& instruction : kInstructions) by_code[instruction.code] = &instruction;
    return by_code;
  }();
  return table[code];
}

absl::StatusOr<const Node*> Machine::Run() {
  while (position_ < data_.size()) {
    const size_t offset = position_;
    const auto code = static_cast<uint8_t>(data_[position_++]);
    if (code == kStop) {
      const auto result = Pop();
      if (result.ok() && position_ < data_.size()) {
        return Damaged(absl::StrCat("at offset ", position_,
                                    ": bytes follow the pickle, as when pickle.dump() was called "
                                    "several times for one file; put all in one dictionary"));
      }
      if (result.ok()) return *result;
      return Annotate(result.status(), absl::StrCat("at offset ", offset, ": STOP"));
    }
    current_ = Find(code);
    if (current_ == nullptr) {
      return Damaged(
          absl::StrFormat("at offset %d: 0x%02x is no instruction of a pickle", offset, code));
    }
    const absl::Status status = (this->*current_->run)();
    if (!status.ok()) {
      return Annotate(status, absl::StrCat("at offset ", offset, ": ", current_->name));
    }
  }
  return Damaged(absl::StrCat("at offset ", position_, ": the pickle ends before its STOP"));
}

absl::StatusOr<absl::string_view> Machine::ReadBytes(uint64_t size) {
  const size_t left = data_.size() - position_;
  if (size > left) {
    return Damaged(absl::StrCat("needs ", size, " bytes, but only ", left, " are left"));
  }
  const absl::string_view bytes = data_.substr(position_, static_cast<size_t>(size));
  position_ += bytes.size();
  return bytes;
}

absl::StatusOr<absl::string_view> Machine::ReadLine() {
  const size_t end = data_.find('\n', position_);
  if (end == absl::string_view::npos) return Damaged("the line does not end");
  const absl::string_view line = data_.substr(position_, end - position_);
  position_ = end + 1;
  return line;
}

absl::StatusOr<uint64_t> Machine::ReadUnsigned(int size) {
  KUR_ASSIGN_OR_RETURN(const absl::string_view bytes, ReadBytes(static_cast<uint64_t>(size)));
  uint64_t value = 0;
  for (size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return value;
}

absl::StatusOr<int64_t> Machine::ReadDecimal() {
  KUR_ASSIGN_OR_RETURN(absl::string_view line, ReadLine());
  if (!line.empty() && line.back() == 'L') line.remove_suffix(1);
  int64_t value = 0;
  if (!absl::SimpleAtoi(line, &value)) return Damaged("expected an integer of at most 64 bits");
  return value;
}

template <class T>
absl::Status Machine::Push(Kind kind, T value) {
  KUR_ASSIGN_OR_RETURN(Node * node, arena_.Make(kind, std::move(value)));
  stack_.push_back(node);
  return absl::OkStatus();
}

absl::StatusOr<Node*> Machine::Top() {
  if (stack_.size() <= (marks_.empty() ? 0 : marks_.back())) return Damaged("nothing is there");
  return stack_.back();
}

absl::StatusOr<Node*> Machine::Pop() {
  KUR_ASSIGN_OR_RETURN(Node * top, Top());
  stack_.pop_back();
  return top;
}

absl::StatusOr<Node::Children> Machine::PopToMark() {
  if (marks_.empty()) return Damaged("there is no mark");
  const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
  Node::Children children(first, stack_.end());
  stack_.erase(first, stack_.end());
  marks_.pop_back();
  return children;
}

absl::StatusOr<Node*> Machine::TopOf(Kind kind, Kind alternative) {
  KUR_ASSIGN_OR_RETURN(Node * top, Top());
  if (!top->Is(kind) && !top->Is(alternative)) return Damaged("there is nothing to add to");
  return top;
}

absl::Status Machine::Protocol() {
  KUR_ASSIGN_OR_RETURN(const uint64_t protocol, ReadUnsigned(1));
  if (protocol <= kNewestProtocol) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("protocol ", protocol, " is newer than ",
                                                 kNewestProtocol, ", the newest that can be read"));
}

// A frame is a hint for readers of streams; the instructions inside are ordinary ones.
absl::Status Machine::Frame() {
  KUR_ASSIGN_OR_RETURN(const uint64_t size, ReadUnsigned(8));
  const size_t left = data_.size() - position_;
  return size <= left
             ? absl::OkStatus()
             : Damaged(absl::StrCat("needs ", size, " bytes, but only ", left, " are left"));
}

absl::Status Machine::Mark() {
  marks_.push_back(stack_.size());
  return absl::OkStatus();
}

absl::Status Machine::Discard() {
  if (!marks_.empty() && stack_.size() == marks_.back()) {
    marks_.pop_back();
    return absl::OkStatus();
  }
  return Pop().status();
}

absl::Status Machine::DiscardMark() { return PopToMark().status(); }

absl::Status Machine::Duplicate() {
  KUR_ASSIGN_OR_RETURN(Node * top, Top());
  stack_.push_back(top);
  return absl::OkStatus();
}

absl::Status Machine::None() { return Push(Kind::kNone, std::monostate()); }

template <bool value>
absl::Status Machine::Bool() {
  return Push(Kind::kBool, value);
}

absl::Status Machine::DecimalInt() {
  // Protocol 0 writes booleans as integers of two digits.
  const absl::string_view rest = data_.substr(position_, 3);
  const bool is_bool = rest == "00\n" || rest == "01\n";
  KUR_ASSIGN_OR_RETURN(const int64_t value, ReadDecimal());
  return is_bool ? Push(Kind::kBool, value == 1) : Push(Kind::kInt, value);
}

absl::Status Machine::DecimalLong() {
  KUR_ASSIGN_OR_RETURN(const int64_t value, ReadDecimal());
  return Push(Kind::kInt, value);
}

template <int bytes>
absl::Status Machine::BinaryInt() {
  KUR_ASSIGN_OR_RETURN(const uint64_t value, ReadUnsigned(bytes));
  // Only the widest integer has a sign.
  return Push(Kind::kInt,
              bytes == 4 ? int64_t{static_cast<int32_t>(value)} : static_cast<int64_t>(value));
}

template <int bytes>
absl::Status Machine::BinaryLong() {
  KUR_ASSIGN_OR_RETURN(const uint64_t size, ReadUnsigned(bytes));
  KUR_ASSIGN_OR_RETURN(const absl::string_view digits, ReadBytes(size));
  if (size > 8) return absl::InvalidArgumentError("an integer has more than 64 bits");
  uint64_t value = !digits.empty() && static_cast<int8_t>(digits.back()) < 0 ? ~uint64_t{0} : 0;
  for (size_t i = digits.size(); i-- > 0;) value = value << 8 | static_cast<uint8_t>(digits[i]);
  return Push(Kind::kInt, static_cast<int64_t>(value));
}

absl::Status Machine::DecimalFloat() {
  KUR_ASSIGN_OR_RETURN(const absl::string_view line, ReadLine());
  double value = 0;
  if (!absl::SimpleAtod(line, &value)) return Damaged("expected a number");
  return Push(Kind::kFloat, value);
}

absl::Status Machine::BinaryFloat() {
  KUR_ASSIGN_OR_RETURN(const uint64_t swapped, ReadUnsigned(8));
  const uint64_t bits = __builtin_bswap64(swapped);
  double value = 0;
  std::memcpy(&value, &bits, sizeof value);
  return Push(Kind::kFloat, value);
}

absl::Status Machine::ReprString() {
  KUR_ASSIGN_OR_RETURN(const absl::string_view line, ReadLine());
  KUR_ASSIGN_OR_RETURN(std::string text, DecodeRepr(line));
  return Push(Kind::kLatin1, arena_.StoreText(std::move(text)));
}

absl::Status Machine::UnicodeLine() {
  KUR_ASSIGN_OR_RETURN(const absl::string_view line, ReadLine());
  KUR_ASSIGN_OR_RETURN(std::string text, DecodeRawUnicode(line));
  return Push(Kind::kText, arena_.StoreText(std::move(text)));
}

template <Kind kind, int bytes>
absl::Status Machine::Counted() {
  KUR_ASSIGN_OR_RETURN(const uint64_t size, ReadUnsigned(bytes));
  KUR_ASSIGN_OR_RETURN(const absl::string_view text, ReadBytes(size));
  return Push(kind, text);
}

template <Kind kind>
absl::Status Machine::Empty() {
  return Push(kind, Node::Children());
}

template <Kind kind>
absl::Status Machine::FromMark() {
  KUR_ASSIGN_OR_RETURN(Node::Children children, PopToMark());
  if (kind == Kind::kDict && children.size() % 2 != 0) return Damaged("a key has no value");
  return Push(kind, std::move(children));
}

template <int size>
absl::Status Machine::ShortTuple() {
  Node::Children children(size);
  for (size_t i = size; i-- > 0;) {
    KUR_ASSIGN_OR_RETURN(children[i], Pop());
  }
  return Push(Kind::kTuple, std::move(children));
}

absl::Status Machine::Append() {
  KUR_ASSIGN_OR_RETURN(Node * element, Pop());
  KUR_ASSIGN_OR_RETURN(Node * list, TopOf(Kind::kList, Kind::kList));
  list->children().push_back(element);
  return absl::OkStatus();
}

absl::Status Machine::Appends() {
  KUR_ASSIGN_OR_RETURN(const Node::Children added, PopToMark());
  KUR_ASSIGN_OR_RETURN(Node * list, TopOf(Kind::kList, Kind::kList));
  list->children().insert(list->children().end(), added.begin(), added.end());
  return absl::OkStatus();
}

absl::Status Machine::SetItem() {
  KUR_ASSIGN_OR_RETURN(Node * value, Pop());
  KUR_ASSIGN_OR_RETURN(Node * key, Pop());
  KUR_ASSIGN_OR_RETURN(Node * dict, TopOf(Kind::kDict, Kind::kDict));
  dict->children().push_back(key);
  dict->children().push_back(value);
  return absl::OkStatus();
}

absl::Status Machine::SetItems() {
  KUR_ASSIGN_OR_RETURN(const Node::Children added, PopToMark());
  KUR_ASSIGN_OR_RETURN(Node * dict, TopOf(Kind::kDict, Kind::kDict));
  if (added.size() % 2 != 0) return Damaged("a key has no value");
  dict->children().insert(dict->children().end(), added.begin(), added.end());
  return absl::OkStatus();
}

absl::Status Machine::AddItems() {
  KUR_ASSIGN_OR_RETURN(const Node::Children added, PopToMark());
  KUR_ASSIGN_OR_RETURN(Node * set, TopOf(Kind::kSet, Kind::kSet));
  set->children().insert(set->children().end(), added.begin(), added.end());
  return absl::OkStatus();
}

absl::Status Machine::StoreMemo(uint64_t number) {
  KUR_ASSIGN_OR_RETURN(memo_[number], Top());
  return absl::OkStatus();
}

absl::Status Machine::PushMemo(uint64_t number) {
  const auto found = memo_.find(number);
  if (found == memo_.end()) return Damaged(absl::StrCat("nothing is stored as ", number));
  stack_.push_back(found->second);
  return absl::OkStatus();
}

absl::Status Machine::PutLine() {
  KUR_ASSIGN_OR_RETURN(const int64_t number, ReadDecimal());
  return StoreMemo(static_cast<uint64_t>(number));
}

template <int bytes>
absl::Status Machine::Put() {
  KUR_ASSIGN_OR_RETURN(const uint64_t number, ReadUnsigned(bytes));
  return StoreMemo(number);
}

absl::Status Machine::Memoize() { return StoreMemo(memo_.size()); }

absl::Status Machine::GetLine() {
  KUR_ASSIGN_OR_RETURN(const int64_t number, ReadDecimal());
  return PushMemo(static_cast<uint64_t>(number));
}

template <int bytes>
absl::Status Machine::Get() {
  KUR_ASSIGN_OR_RETURN(const uint64_t number, ReadUnsigned(bytes));
  return PushMemo(number);
}

absl::Status Machine::PushCallable(absl::string_view module, absl::string_view name) {
  KUR_ASSIGN_OR_RETURN(const Callable callable, FindCallable(module, name));
  return Push(Kind::kCallable, callable);
}

absl::Status Machine::Global() {
  KUR_ASSIGN_OR_RETURN(const absl::string_view module, ReadLine());
  KUR_ASSIGN_OR_RETURN(const absl::string_view name, ReadLine());
  return PushCallable(module, name);
}

absl::Status Machine::StackGlobal() {
  KUR_ASSIGN_OR_RETURN(const Node* name, Pop());
  KUR_ASSIGN_OR_RETURN(const Node* module, Pop());
  if (!name->IsText() || !module->IsText()) return Damaged("expected the names of a global");
  return PushCallable(module->text(), name->text());
}

absl::Status Machine::Reduce() {
  KUR_ASSIGN_OR_RETURN(const Node* arguments, Pop());
  KUR_ASSIGN_OR_RETURN(const Node* callable, Pop());
  if (!callable->Is(Kind::kCallable) || !arguments->Is(Kind::kTuple)) {
    return Damaged("expected a function and its arguments");
  }
  KUR_ASSIGN_OR_RETURN(Node * result,
                       Call(std::get<Callable>(callable->value), *arguments, arena_));
  stack_.push_back(result);
  return absl::OkStatus();
}

absl::Status Machine::BuildTop() {
  KUR_ASSIGN_OR_RETURN(const Node* state, Pop());
  KUR_ASSIGN_OR_RETURN(Node * object, Top());
  return Build(*object, *state, arena_);
}

absl::Status Machine::RejectInstruction() {
  return absl::InvalidArgumentError(
      "the pickle holds objects of other classes, or refers to what is outside of it; only data "
      "can "
      "be read");
}

}  // namespace kur::pickle
