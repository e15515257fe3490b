#ifndef KUR_CLIENT_OUTPUT_METRICS_TEXT_H_
#define KUR_CLIENT_OUTPUT_METRICS_TEXT_H_

#include <map>
#include <string>
#include <vector>

namespace kur::client {

// Returns "accuracy 0.9612" for each metric, sorted by name. Reduces a confusion matrix, which has
// a metric for every pair of classes, to the most frequent mistakes: "mistaken: 3 for 5 (17), 4 for
// 9 (12) and 8 more".
std::vector<std::string> MetricsText(const std::map<std::string, double>& metrics);

}  // namespace kur::client

#endif  // KUR_CLIENT_OUTPUT_METRICS_TEXT_H_
