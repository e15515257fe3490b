#ifndef KUR_ENGINE_HOOKS_RESULT_LABELS_H_
#define KUR_ENGINE_HOOKS_RESULT_LABELS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace kur {

// What is known of the rows of results beside their numbers. Each list has an element for each row,
// or is empty; a hook may have made other rows of them, which it does not describe then.
struct ResultLabels {
  // A column of the data that is carried through.
  struct Kept {
    std::string name;
    std::vector<std::string> texts;  // exactly as in the data
  };

  // By what a person knows each sample; see Source::NameOf(). Empty: by its place alone.
  std::vector<std::string> samples;
  std::vector<Kept> kept;
  // By the name of an output whose elements stand for classes: their names.
  std::map<std::string, std::vector<std::string>> classes;
  // By the name of an output whose first axis varies: how many of its steps are no padding.
  std::map<std::string, std::vector<int64_t>> lengths;
  // By the name of an output that stands for symbols: what they say.
  std::map<std::string, std::vector<std::string>> texts;
};

}  // namespace kur

#endif  // KUR_ENGINE_HOOKS_RESULT_LABELS_H_
