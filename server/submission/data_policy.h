#ifndef KUR_SERVER_SUBMISSION_DATA_POLICY_H_
#define KUR_SERVER_SUBMISSION_DATA_POLICY_H_

#include <string>
#include <vector>

namespace kur::server {

// Where jobs may get data from, beside what was uploaded and what is in their folders.
struct DataPolicy {
  // Folders, absolute, from which absolute paths of Kurfiles may be read.
  std::vector<std::string> roots;
  // Nothing is downloaded.
  bool offline = false;
  // Networks, as ADDRESS/BITS, to download from besides the public internet.
  std::vector<std::string> download_networks;
};

}  // namespace kur::server

#endif  // KUR_SERVER_SUBMISSION_DATA_POLICY_H_
