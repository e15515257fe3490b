// Runs a fuzz target without libFuzzer, in every build: on each file of a seed corpus, and on
// mutations of it that are the same each time. Looks for nothing new; see README.md for that.
//
//   NAME_replay MUTATIONS CORPUS

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
// What a target whose inputs are messages defines.
extern "C" __attribute__((weak)) size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size,
                                                                size_t max_size, unsigned seed);

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace {

constexpr size_t kMaxSize = 4096;

std::minstd_rand& Random() {
  static auto* const random = new std::minstd_rand(1);
  return *random;
}

size_t Draw(size_t count) { return std::uniform_int_distribution<size_t>(0, count - 1)(Random()); }

void Run(const std::string& input) {
  // A copy of the right size, past which a sanitizer lets nothing be read.
  const std::vector<uint8_t> bytes(input.begin(), input.end());
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

std::string Mutated(const std::string& seed) {
  std::string input = seed.substr(0, kMaxSize);
  const size_t size = input.size();
  input.resize(kMaxSize);
  auto* const data = reinterpret_cast<uint8_t*>(&input[0]);
  const auto mutate = [&](size_t from) {
    if (LLVMFuzzerCustomMutator == nullptr) return LLVMFuzzerMutate(data, from, kMaxSize);
    return LLVMFuzzerCustomMutator(data, from, kMaxSize, static_cast<unsigned>(Random()()));
  };
  size_t mutated = mutate(size);
  for (size_t more = Draw(3); more > 0; --more) mutated = mutate(mutated);
  input.resize(mutated);
  return input;
}

}  // namespace

// As libFuzzer's: what the mutators of messages change texts and numbers with.
extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size) {
  const size_t choice = size == 0 ? 0 : Draw(4);
  if (choice == 0 && size < max_size) {
    const size_t at = Draw(size + 1);
    std::copy_backward(data + at, data + size, data + size + 1);
    data[at] = static_cast<uint8_t>(Draw(256));
    return size + 1;
  }
  // Full, and it has nothing to remove.
  if (size == 0) return 0;
  const size_t at = Draw(size);
  if (choice == 1 && size > 1) {
    std::copy(data + at + 1, data + size, data + at);
    return size - 1;
  }
  if (choice == 2) {
    constexpr uint8_t kSpecial[] = {0, 1, 0x7f, 0x80, 0xff, '\n', '"', '/'};
    data[at] = kSpecial[Draw(sizeof(kSpecial))];
  } else {
    data[at] = static_cast<uint8_t>(data[at] ^ (1U << Draw(8)));
  }
  return size;
}

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: %s MUTATIONS CORPUS\n", argv[0]);
    return 2;
  }
  std::vector<std::string> seeds = {""};
  for (const auto& entry : std::filesystem::directory_iterator(argv[2])) {
    std::ifstream file(entry.path(), std::ios::binary);
    seeds.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  // The order of a folder is not the same everywhere.
  std::sort(seeds.begin(), seeds.end());
  for (const std::string& seed : seeds) Run(seed);
  for (int i = std::atoi(argv[1]); i > 0; --i) Run(Mutated(seeds[Draw(seeds.size())]));
  return seeds.size() > 1 ? 0 : 1;
}
