#include "engine/formats/pickle/pickle_writer.h"

#include <cstdint>
#include <cstring>
#include <limits>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"

namespace kur {
namespace {

using Sink = std::function<absl::Status(absl::string_view)>;

// Instructions of protocol 4 (PEP 3154). Frames are optional and left out.
constexpr char kMark = '(';
constexpr char kNone = 'N';
constexpr char kTuple = 't';
constexpr char kBuild = 'b';
constexpr char kStop = '.';

// Smaller pieces are joined before they go to the sink.
constexpr size_t kBufferSize = size_t{1} << 16;

// Returns the letter and size by which numpy.dtype() identifies a type.
absl::string_view DTypeCode(DType dtype) {
  constexpr absl::string_view kCodes[] = {"b1", "i1", "i2", "i4", "i8", "u1",
                                          "u2", "u4", "u8", "f2", "f4", "f8"};
  return kCodes[static_cast<size_t>(dtype)];
}

class Writer {
 public:
  explicit Writer(const Sink& sink) : sink_(sink) {}

  absl::Status Write(const PickleValue& value) {
    Raw("\x80\x04");
    KUR_RETURN_IF_ERROR(Value(value));
    Op(kStop);
    return sink_(buffer_);
  }

 private:
  void Op(char code) { buffer_.push_back(code); }
  void Raw(absl::string_view bytes) { buffer_.append(bytes.data(), bytes.size()); }

  void LittleEndian(uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) buffer_.push_back(static_cast<char>(value >> (8 * i)));
  }

  // Writes `code` with a 32-bit size or `long_code` with a 64-bit size, then the data.
  absl::Status Counted(char code, char long_code, absl::string_view data) {
    const bool is_long = data.size() > std::numeric_limits<uint32_t>::max();
    Op(is_long ? long_code : code);
    LittleEndian(data.size(), is_long ? 8 : 4);
    if (buffer_.size() + data.size() <= kBufferSize) {
      Raw(data);
      return absl::OkStatus();
    }
    KUR_RETURN_IF_ERROR(FlushBuffer());
    return sink_(data);
  }

  absl::Status FlushBuffer() {
    absl::Status status = sink_(buffer_);
    buffer_.clear();
    return status;
  }

  void Int(int64_t value) {
    if (value >= std::numeric_limits<int32_t>::min() &&
        value <= std::numeric_limits<int32_t>::max()) {
      Op('J');
      LittleEndian(static_cast<uint64_t>(value), 4);
    } else {
      Raw("\x8a\x08");
      LittleEndian(static_cast<uint64_t>(value), 8);
    }
  }

  void Float(double value) {
    uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    Op('G');
    LittleEndian(__builtin_bswap64(bits), 8);
  }

  absl::Status Text(absl::string_view text) { return Counted('X', '\x8d', text); }

  absl::Status Elements(const PickleValue::List& elements) {
    Op(kMark);
    for (const PickleValue& element : elements) KUR_RETURN_IF_ERROR(Value(element));
    return absl::OkStatus();
  }

  absl::Status Collection(char empty, const PickleValue::List& elements, char add) {
    Op(empty);
    KUR_RETURN_IF_ERROR(Elements(elements));
    Op(add);
    return absl::OkStatus();
  }

  absl::Status Dict(const PickleValue::Dict& entries) {
    Raw("}(");
    for (const auto& [key, value] : entries) {
      KUR_RETURN_IF_ERROR(Value(key));
      KUR_RETURN_IF_ERROR(Value(value));
    }
    Op('u');
    return absl::OkStatus();
  }

  // Writes numpy.dtype(code, False, True) with its byte order as the state.
  absl::Status ElementType(DType dtype) {
    Raw("cnumpy\ndtype\n(");
    KUR_RETURN_IF_ERROR(Text(DTypeCode(dtype)));
    Raw("\x89\x88tR(");
    Int(3);
    KUR_RETURN_IF_ERROR(Text(ItemSize(dtype) == 1 ? "|" : "<"));
    for (int i = 0; i < 3; ++i) Op(kNone);
    Int(-1);
    Int(-1);
    Int(0);
    Op(kTuple);
    Op(kBuild);
    return absl::OkStatus();
  }

  // Writes an empty array and then its state, as ndarray.__reduce__() does. NumPy 2 still accepts
  // the old name of the module for this purpose.
  absl::Status NumpyArray(const Array& array) {
    Raw("cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(");
    Int(0);
    Op(kTuple);
    Raw(
        absl::string_view("C\x01"
                          "btR(",
                          6));
    Int(1);
    Op(kMark);
    for (const int64_t extent : array.shape()) Int(extent);
    Op(kTuple);
    KUR_RETURN_IF_ERROR(ElementType(array.dtype()));
    Op('\x89');
    KUR_RETURN_IF_ERROR(Counted(
        'B', '\x8e',
        {reinterpret_cast<const char*>(array.bytes()), static_cast<size_t>(array.byte_size())}));
    Op(kTuple);
    Op(kBuild);
    return absl::OkStatus();
  }

  absl::Status Value(const PickleValue& value) {
    if (buffer_.size() > kBufferSize) KUR_RETURN_IF_ERROR(FlushBuffer());
    switch (value.type()) {
      case PickleValue::Type::kNone:
        Op(kNone);
        return absl::OkStatus();
      case PickleValue::Type::kBool:
        Op(value.as_bool() ? '\x88' : '\x89');
        return absl::OkStatus();
      case PickleValue::Type::kInt:
        Int(value.as_int());
        return absl::OkStatus();
      case PickleValue::Type::kFloat:
        Float(value.as_float());
        return absl::OkStatus();
      case PickleValue::Type::kString:
        return Text(value.as_string());
      case PickleValue::Type::kBytes:
        return Counted('B', '\x8e', value.as_string());
      case PickleValue::Type::kList:
        return Collection(']', value.as_list(), 'e');
      case PickleValue::Type::kSet:
        return Collection('\x8f', value.as_list(), '\x90');
      case PickleValue::Type::kTuple:
        KUR_RETURN_IF_ERROR(Elements(value.as_list()));
        Op(kTuple);
        return absl::OkStatus();
      case PickleValue::Type::kDict:
        return Dict(value.as_dict());
      case PickleValue::Type::kArray:
        return NumpyArray(value.as_array());
    }
    return absl::OkStatus();
  }

  const Sink& sink_;
  std::string buffer_;
};

}  // namespace

absl::Status WritePickle(const PickleValue& value,
                         const std::function<absl::Status(absl::string_view)>& sink) {
  return Writer(sink).Write(value);
}

std::string FormatPickle(const PickleValue& value) {
  std::string pickle;
  WritePickle(value, [&pickle](absl::string_view piece) {
    pickle.append(piece.data(), piece.size());
    return absl::OkStatus();
  }).IgnoreError();  // this sink has none
  return pickle;
}

}  // namespace kur
