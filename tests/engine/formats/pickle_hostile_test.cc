#include <string>

#include "engine/formats/pickle/pickle_reader.h"
#include "tests/engine/data/data_test_util.h"

namespace kur {
namespace {

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kDataLoss = absl::StatusCode::kDataLoss;
constexpr auto kExhausted = absl::StatusCode::kResourceExhausted;

absl::StatusOr<PickleValue> Parse(const std::string& pickle, const PickleLimits& limits = {}) {
  return ParsePickle(pickle, "evil.pkl", limits);
}

std::string LittleEndian(uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text.push_back(static_cast<char>(value >> (8 * i)));
  return text;
}

std::string Repeat(const std::string& text, int times) {
  std::string repeated;
  for (int i = 0; i < times; ++i) repeated += text;
  return repeated;
}

TEST(PickleHostileTest, RefusesEveryNameThatIsNotData) {
  const std::pair<const char*, const char*> cases[] = {
      {"cos\nsystem\n(S'echo'\ntR.", "os.system"},
      {"cposix\nsystem\n(S'echo'\ntR.", "posix.system"},
      {"c__builtin__\neval\n(S'1'\ntR.", "__builtin__.eval"},
      {"cbuiltins\nexec\n(S'1'\ntR.", "builtins.exec"},
      {"cbuiltins\ngetattr\n.", "builtins.getattr"},
      {"csubprocess\nPopen\n.", "subprocess.Popen"},
      {"ccopy_reg\n_reconstructor\n.", "copy_reg._reconstructor"},
      {"ccopyreg\n_reconstructor\n.", "copyreg._reconstructor"},
      {"cnumpy\nload\n.", "numpy.load"},
      {"cnumpy.core.multiarray\nfromfile\n.", "numpy.core.multiarray.fromfile"},
      {"cnumpy._core.multiarray\nfromfile\n.", "numpy._core.multiarray.fromfile"},
      {"c_codecs\ndecode\n.", "_codecs.decode"},
      {"ccollections\ndefaultdict\n.", "collections.defaultdict"},
      {"\x80\x04\x8c\x02os\x8c\x06system\x93.", "os.system"},
  };
  for (const auto& [pickle, name] : cases) {
    EXPECT_THAT(Parse(pickle), FailsWith(kInvalid, std::string("the pickle names ") + name +
                                                       ", which is not data"));
  }
}

TEST(PickleHostileTest, SaysWhereTheNameStands) {
  EXPECT_THAT(Parse("(K\x01K\x02tcos\nsystem\n."), FailsWith(kInvalid, "at offset 6: GLOBAL: "));
}

TEST(PickleHostileTest, RefusesInstructionsThatReachOutside) {
  for (const std::string code : {"(ios\nsystem\n.", "(o.", "Pid\n.", "NQ.", "\x82\x01.", "\x97.",
                                 "\x98.", ")\x81.", "\x92."}) {
    EXPECT_THAT(Parse(code), FailsWith(kInvalid, "only data can be read")) << code;
  }
}

TEST(PickleHostileTest, RefusesUnknownInstructionsAndProtocols) {
  EXPECT_THAT(Parse("\xff."), FailsWith(kDataLoss, "0xff is no instruction"));
  EXPECT_THAT(Parse("\x80\x06N."), FailsWith(kInvalid, "protocol 6"));
}

TEST(PickleHostileTest, LengthsAreCheckedAgainstWhatIsThere) {
  EXPECT_THAT(Parse("T" + LittleEndian(0xffffffff, 4)), FailsWith(kDataLoss, "needs 4294967295"));
  EXPECT_THAT(Parse("\x8e" + LittleEndian(~uint64_t{0}, 8)),
              FailsWith(kDataLoss, "needs 18446744073709551615 bytes, but only 0 are left"));
  EXPECT_THAT(Parse("\x95" + LittleEndian(1000, 8) + "N."), FailsWith(kDataLoss, "needs 1000"));
  EXPECT_THAT(Parse("\x8b" + LittleEndian(0x80000000, 4)), FailsWith(kDataLoss, "needs"));
}

TEST(PickleHostileTest, TheStackAndTheMarksAreChecked) {
  for (const std::string code :
       {".",        "0.",    "2.",    "a.",     "e.",    "s.",     "u.",    "t.",
        "l.",       "d.",    "1.",    "R.",     "b.",    "\x85.",  "\x93.", "p0\n.",
        "q\x01.",   "\x94.", "g0\n.", "h\x01.", "(N(a.", "(.",     "N(0e.", "NNa.",
        "]K\x01u.", "(Nd.",  "}(Nu.", "NNR.",   "N)R.",  "]N\x90."}) {
    EXPECT_THAT(Parse(code), FailsWith(kDataLoss, "at offset")) << code;
  }
}

TEST(PickleHostileTest, ArraysMustHaveTheBytesThatTheirShapesNeed) {
  const std::string head =
      std::string("cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K") + '\0' + "tC\x01" +
      "btR";
  const std::string dtype = "cnumpy\ndtype\n(S'f8'\ntR";
  const auto array = [&](const std::string& shape) {
    return head + "(K\x01(" + shape + "t" + dtype + "\x89" + "C\x08" + "12345678tb.";
  };
  ASSERT_TRUE(Parse(array("K\x01")).ok()) << Parse(array("K\x01")).status();
  EXPECT_THAT(Parse(array("K\x02")), FailsWith(kDataLoss, "needs 16 bytes of data but has 8"));
  EXPECT_THAT(Parse(array("J" + LittleEndian(0xffffffff, 4))), FailsWith(kInvalid, "negative"));
  const std::string big = "\x8a\x08" + LittleEndian(uint64_t{1} << 62, 8);
  EXPECT_THAT(Parse(array(big)), FailsWith(kInvalid, "more elements than memory"));
  EXPECT_THAT(Parse(array(big + big)), FailsWith(kInvalid, "more elements than memory"));
  EXPECT_THAT(Parse(head + "."), FailsWith(kDataLoss, "without its data"));
  EXPECT_THAT(Parse(head + "Nb."), FailsWith(kDataLoss, "malformed numpy.ndarray"));
}

TEST(PickleHostileTest, RefusesElementsThatAreNotNumbers) {
  const auto dtype = [](const std::string& code) { return "cnumpy\ndtype\n(S'" + code + "'\ntR."; };
  for (const std::string code :
       {"U-1", "Sx", "U9999999999", "V8", "c8", "c16", "M8", "m8", "f16", "", "<", "f"}) {
    EXPECT_THAT(Parse(dtype(code)), FailsWith(kInvalid, "the type '" + code + "'"));
  }
  EXPECT_THAT(Parse("cnumpy\ndtype\n(S'f8'\ntR(K\x03S'<'\nN(S'a'\nt}tb."),
              FailsWith(kInvalid, "structured elements"));
}

TEST(PickleHostileTest, ArraysOfObjectsHaveOneAxisAtMost) {
  // Returns a pickle of an array with this shape, dtype and data.
  const auto array = [](const std::string& shape, const std::string& dtype,
                        const std::string& data) {
    return std::string("cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K") + '\0' +
           "tC\x01" + "btRq\x01(K\x01(" + shape + "tcnumpy\ndtype\n(S'" + dtype + "'\ntR\x89" +
           data + "tb.";
  };
  const auto box = Parse(array("", "O8",
                               "]K\x07"
                               "a"));
  ASSERT_TRUE(box.ok()) << box.status();
  ASSERT_EQ(box->type(), PickleValue::Type::kList);
  EXPECT_EQ(box->as_list()[0].as_int(), 7);
  const auto list = Parse(array("K\x02", "O8",
                                "](K\x07K\x08"
                                "e"));
  ASSERT_TRUE(list.ok()) << list.status();
  EXPECT_EQ(list->as_list()[1].as_int(), 8);
  for (const std::string shape : {"K\x01", "", "K\x03"}) {
    EXPECT_THAT(Parse(array(shape, "O8",
                            "](K\x07K\x07"
                            "e")),
                FailsWith(kDataLoss, "malformed numpy.ndarray"));
  }
  EXPECT_THAT(Parse(array("K\x01K\x02", "O8",
                          "](K\x07K\x07"
                          "e")),
              FailsWith(kInvalid, "(Python objects"));
  EXPECT_THAT(Parse(array("", "O8",
                          "C\x08"
                          "12345678")),
              FailsWith(kInvalid, "(Python objects"));
  EXPECT_THAT(Parse(array("", "f8",
                          "]K\x07"
                          "a")),
              FailsWith(kDataLoss, "malformed numpy.ndarray"));
  EXPECT_THAT(Parse(array("", "O8",
                          "]h\x01"
                          "a")),
              FailsWith(kInvalid, "holds itself"));
}

TEST(PickleHostileTest, RefusesContainersThatHoldThemselves) {
  EXPECT_THAT(Parse("]2a."), FailsWith(kInvalid, "holds itself"));
  EXPECT_THAT(Parse("]q\x01(h\x01h\x01h\x01"
                    "e."),
              FailsWith(kInvalid, "holds itself"));
  EXPECT_THAT(Parse("}q\x01K\x01h\x01s."), FailsWith(kInvalid, "holds itself"));
  EXPECT_THAT(Parse("]q\x01(h\x01tq\x02"
                    "a."),
              FailsWith(kInvalid, "holds itself"));
}

TEST(PickleHostileTest, RefusesDeepNesting) {
  EXPECT_TRUE(Parse(Repeat("]", 100) + Repeat("a", 99) + ".").ok());
  EXPECT_THAT(Parse(Repeat("]", 1'000'000) + Repeat("a", 999'999) + "."),
              FailsWith(kExhausted, "nested more than 100 deep"));
  EXPECT_THAT(Parse("N" + Repeat("\x85", 1'000'000) + "."), FailsWith(kExhausted, "nested"));
}

TEST(PickleHostileTest, ListsOfListsOfTheSameListStaySmall) {
  std::string pickle = "]";
  for (int i = 0; i < 90; ++i)
    pickle +=
        "q\x01"
        "0](h\x01h\x01h\x01h\x01"
        "e";
  const auto value = Parse(pickle + ".");
  ASSERT_TRUE(value.ok()) << value.status();
  EXPECT_EQ(value->as_list().size(), 4u);
}

TEST(PickleHostileTest, ObjectsAreCounted) {
  PickleLimits limits;
  limits.max_objects = 100;
  EXPECT_TRUE(Parse("](" + Repeat("N", 99) + "e.", limits).ok());
  EXPECT_THAT(Parse("](" + Repeat("N", 100) + "e.", limits), FailsWith(kExhausted, "100 objects"));
  // Adds a set of a stored list again and again.
  EXPECT_THAT(Parse("](" + Repeat("N", 50) + "eq\x01" + Repeat("cbuiltins\nset\n(h\x01tR", 2) + ".",
                    limits),
              FailsWith(kExhausted, "100 objects"));
}

TEST(PickleHostileTest, DataThatIsUsedAgainAndAgainDoesNotFillTheMemory) {
  const std::string text(1 << 20, 'x');
  const std::string pickle = "X" + LittleEndian(text.size(), 4) + text + "q\x01" +
                             Repeat("0c_codecs\nencode\n(h\x01S'latin1'\ntR", 100) + ".";
  EXPECT_THAT(Parse(pickle), FailsWith(kExhausted, "several times its size"));
}

TEST(PickleHostileTest, TextThatIsNoTextIsRefused) {
  for (const std::string text :
       {"\xff", "\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe0\x80\x80", "a\x80"}) {
    const std::string pickle = "\x8c" + std::string(1, static_cast<char>(text.size())) + text + ".";
    EXPECT_THAT(Parse(pickle), FailsWith(kDataLoss, "not UTF-8"));
  }
  for (const std::string line :
       {"S'abc\n.", "Sabc\n.", "S'\\\n.", "S'\\x1'\n.", "V\\u12\n.", "V\\U00110000\n.", "I1x\n.",
        "L99999999999999999999L\n.", "Fx\n.", "S\n.", "S'\n."}) {
    EXPECT_THAT(Parse(line), FailsWith(kDataLoss, "at offset 0")) << line;
  }
  EXPECT_THAT(Parse("\x8a\x09"
                    "123456789."),
              FailsWith(kInvalid, "more than 64 bits"));
  EXPECT_THAT(Parse("c_codecs\nencode\n(V\\u2713\nS'latin1'\ntR."), FailsWith(kInvalid, "Latin-1"));
  EXPECT_THAT(Parse("c_codecs\nencode\n(Vx\nS'utf7'\ntR."), FailsWith(kInvalid, "'utf7'"));
}

TEST(PickleHostileTest, AClassIsNotData) {
  EXPECT_THAT(Parse("cnumpy\nndarray\n."), FailsWith(kInvalid, "not data"));
  EXPECT_THAT(Parse("ccollections\nOrderedDict\n)R}b."), FailsWith(kInvalid, "object with state"));
}

TEST(PickleHostileTest, SeveralPicklesInOneFileAreRefused) {
  EXPECT_TRUE(Parse("K\x07.").ok());
  EXPECT_THAT(Parse("K\x07.K\x08."),
              FailsWith(kDataLoss, "pickle.dump() was called several times"));
}

}  // namespace
}  // namespace kur
