#include "engine/formats/npy_reader.h"

#include <charconv>
#include <system_error>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "engine/base/status.h"
#include "engine/formats/numpy_array.h"
#include "engine/formats/pickle/pickle_reader.h"

namespace kur {
namespace {

constexpr absl::string_view kMagic = "\x93NUMPY";
constexpr int64_t kMaxHeaderBytes = int64_t{1} << 20;
constexpr size_t kMaxAxes = 64;

absl::Status Damaged(absl::string_view what) {
  return absl::DataLossError(absl::StrCat("no NPY file: ", what));
}

// Parses the dictionary of a header, a Python literal. Not thread-safe.
// {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
class HeaderParser {
 public:
  explicit HeaderParser(absl::string_view text) : text_(text) {}

  absl::StatusOr<NpyHeader> Parse() {
    if (!Consume("{")) return Malformed();
    NpyHeader header;
    int fields = 0;
    while (!Consume("}")) {
      std::string key;
      if (!ParseString(&key) || !Consume(":")) return Malformed();
      bool good = false;
      if (key == "descr") {
        if (Consume("[")) {
          return absl::InvalidArgumentError(
              "a numpy array has structured elements; store each field as an array of its own");
        }
        good = ParseString(&header.type);
      } else if (key == "fortran_order") {
        header.fortran_order = Consume("True");
        good = header.fortran_order || Consume("False");
      } else if (key == "shape") {
        good = ParseShape(&header.shape);
      }
      if (!good) return Malformed();
      ++fields;
      Consume(",");
    }
    Consume("");
    if (fields != 3 || header.type.empty() || !text_.empty()) return Malformed();
    return header;
  }

 private:
  static absl::Status Malformed() { return Damaged("its header is malformed"); }

  // Skips white space. Returns false if the text does not continue with `token`.
  bool Consume(absl::string_view token) {
    text_ = absl::StripLeadingAsciiWhitespace(text_);
    return absl::ConsumePrefix(&text_, token);
  }

  bool ParseString(std::string* string) {
    const char quote = Consume("'") ? '\'' : '"';
    if (quote == '"' && !Consume("\"")) return false;
    const size_t end = text_.find(quote);
    if (end == absl::string_view::npos) return false;
    *string = std::string(text_.substr(0, end));
    text_.remove_prefix(end + 1);
    return true;
  }

  bool ParseShape(std::vector<int64_t>* shape) {
    shape->clear();
    if (!Consume("(")) return false;
    while (!Consume(")")) {
      int64_t extent = 0;
      const auto parsed = std::from_chars(text_.data(), text_.data() + text_.size(), extent);
      if (parsed.ec != std::errc() || extent < 0 || shape->size() == kMaxAxes) return false;
      text_.remove_prefix(static_cast<size_t>(parsed.ptr - text_.data()));
      shape->push_back(extent);
      absl::ConsumePrefix(&text_, "L");  // a long of Python 2
      Consume(",");
    }
    return true;
  }

  absl::string_view text_;
};

absl::StatusOr<std::string> ReadExactly(ByteInput& input, int64_t size) {
  KUR_ASSIGN_OR_RETURN(const Array::Bytes bytes, ReadBytes(input, size));
  if (static_cast<int64_t>(bytes.size()) < size) return Damaged("its header is cut short");
  return std::string(bytes.begin(), bytes.end());
}

}  // namespace

absl::StatusOr<NpyHeader> ReadNpyHeader(ByteInput& input) {
  KUR_ASSIGN_OR_RETURN(const std::string start, ReadExactly(input, kMagic.size() + 2));
  if (start.substr(0, kMagic.size()) != kMagic) return Damaged("it does not begin as one");
  const char version = start[kMagic.size()];
  if (version < 1 || version > 3) {
    return Damaged(absl::StrCat("its format has the version ", static_cast<int>(version)));
  }
  KUR_ASSIGN_OR_RETURN(const std::string digits, ReadExactly(input, version == 1 ? 2 : 4));
  int64_t size = 0;
  for (size_t i = digits.size(); i-- > 0;) size = size << 8 | static_cast<uint8_t>(digits[i]);
  if (size > kMaxHeaderBytes) return Damaged("its header is longer than a megabyte");
  KUR_ASSIGN_OR_RETURN(const std::string header, ReadExactly(input, size));
  return HeaderParser(header).Parse();
}

namespace {

// Reads the numbers that follow a header.
absl::StatusOr<Array> ReadNumbers(ByteInput& input, NpyHeader header, const NumpyType& type) {
  const auto count = CountElements(header.shape, ItemSize(type.dtype));
  if (!count.ok()) return Damaged(count.status().message());
  const int64_t size = *count * ItemSize(type.dtype);
  if (size > input.MaxBytes()) {
    return Damaged(absl::StrCat("the header promises ", size,
                                " bytes of data, but the file cannot hold more than ",
                                input.MaxBytes()));
  }
  const bool as_stored = !type.big_endian && (!header.fortran_order || header.shape.size() < 2);
  SharedBytes mapped;
  if (as_stored) mapped = input.Map(size, ItemSize(type.dtype));
  Array::Bytes bytes;
  if (mapped.data == nullptr) {
    KUR_ASSIGN_OR_RETURN(bytes, ReadBytes(input, size));
    if (static_cast<int64_t>(bytes.size()) < size) {
      return Damaged(absl::StrCat("the header promises ", size, " bytes of data, but there are ",
                                  bytes.size()));
    }
  }
  // Reading to the end also makes a compressed input check its checksum.
  char more = 0;
  KUR_ASSIGN_OR_RETURN(const int64_t trailing, input.Read(&more, 1));
  if (trailing > 0) return Damaged("bytes follow the array");
  if (mapped.data != nullptr) {
    return Array::FromShared(type.dtype, std::move(header.shape), std::move(mapped));
  }
  return MakeNumpyArray(type, std::move(header.shape), header.fortran_order, std::move(bytes));
}

// Reads the texts that follow a header.
absl::StatusOr<PickleValue> ReadTexts(ByteInput& input, const NpyHeader& header,
                                      const NumpyType& type) {
  if (header.shape.size() != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("a numpy array of texts has ", header.shape.size(), " axes; one can be read"));
  }
  const auto size = CountElements(header.shape, type.text_bytes);
  if (!size.ok() || *size * type.text_bytes > input.MaxBytes()) {
    return Damaged("the header promises more texts than the file can hold");
  }
  // A byte more than there are, which must not be there.
  KUR_ASSIGN_OR_RETURN(const Array::Bytes bytes, ReadBytes(input, *size * type.text_bytes + 1));
  KUR_ASSIGN_OR_RETURN(
      std::vector<std::string> texts,
      NumpyTexts(type, header.shape[0],
                 absl::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size())));
  PickleValue::List list;
  for (std::string& text : texts) list.emplace_back(std::move(text));
  return PickleValue::MakeList(std::move(list));
}

// Reads the pickle of objects that follows a header: a list of them.
absl::StatusOr<PickleValue> ReadObjects(ByteInput& input) {
  KUR_ASSIGN_OR_RETURN(const Array::Bytes pickle, ReadBytes(input, input.MaxBytes()));
  const absl::string_view data(reinterpret_cast<const char*>(pickle.data()), pickle.size());
  KUR_ASSIGN_OR_RETURN(PickleValue list, ParsePickle(data, "in the array"));
  if (list.type() == PickleValue::Type::kList) return list;
  return absl::DataLossError("the pickle holds no array of objects");
}

}  // namespace

absl::StatusOr<Array> ReadNpy(ByteInput& input) {
  KUR_ASSIGN_OR_RETURN(NpyHeader header, ReadNpyHeader(input));
  KUR_ASSIGN_OR_RETURN(const NumpyType type, ParseNumpyType(header.type));
  if (type.is_object) return NumpyObjectsError(header.type);
  if (type.is_text()) {
    return absl::InvalidArgumentError("a numpy array holds texts where numbers are expected");
  }
  return ReadNumbers(input, std::move(header), type);
}

absl::StatusOr<PickleValue> ReadNpyValue(ByteInput& input) {
  KUR_ASSIGN_OR_RETURN(NpyHeader header, ReadNpyHeader(input));
  KUR_ASSIGN_OR_RETURN(const NumpyType type, ParseNumpyType(header.type));
  if (type.is_text()) return ReadTexts(input, header, type);
  if (!type.is_object) {
    KUR_ASSIGN_OR_RETURN(Array array, ReadNumbers(input, std::move(header), type));
    return PickleValue(std::move(array));
  }
  if (header.shape.size() == 1) return ReadObjects(input);
  return header.shape.empty() ? absl::InvalidArgumentError(
                                    "the array holds one Python object; the supplier numpy_dict "
                                    "reads a dictionary")
                              : NumpyObjectsError(header.type);
}

absl::StatusOr<PickleValue> ReadNpyObject(ByteInput& input) {
  KUR_ASSIGN_OR_RETURN(const NpyHeader header, ReadNpyHeader(input));
  KUR_ASSIGN_OR_RETURN(const NumpyType type, ParseNumpyType(header.type));
  if (!type.is_object || !header.shape.empty()) {
    return absl::InvalidArgumentError(
        "the file holds an array, not a dictionary; the supplier npy reads arrays");
  }
  KUR_ASSIGN_OR_RETURN(const PickleValue box, ReadObjects(input));
  if (box.as_list().size() != 1) {
    return absl::DataLossError("the pickle holds no array around one object");
  }
  return box.as_list()[0];
}

}  // namespace kur
