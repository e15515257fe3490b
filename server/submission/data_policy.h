#ifndef KUR_SERVER_SUBMISSION_DATA_POLICY_H_
#define KUR_SERVER_SUBMISSION_DATA_POLICY_H_

#include <string>
#include <vector>

namespace kur::server {

// The sources of data that jobs may use besides uploads and their own folders.
struct DataPolicy {
  // Absolute folders that absolute paths of Kurfiles may read.
  std::vector<std::string> roots;
  // Whether jobs download nothing.
  bool offline = false;
  // Networks, as ADDRESS/BITS, that data may be downloaded from besides the public internet.
  std::vector<std::string> download_networks;
};

}  // namespace kur::server

#endif  // KUR_SERVER_SUBMISSION_DATA_POLICY_H_
