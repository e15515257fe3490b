#include "engine/data/speech/feature_statistics.h"

#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "engine/base/status.h"
#include "engine/kurfile/yaml/yaml.h"
#include "engine/value/value.h"

namespace kur {
namespace {

using RowMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using FloatRows =
    Eigen::Map<const Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>;

// Axes whose standard deviation is below this fraction of the greatest one are noise.
constexpr double kMinDeviation = 1e-6;
// A feature whose standard deviation is below this fraction of its mean is a rounded constant.
constexpr double kRounding = 1e-12;
constexpr int64_t kMaxWidth = 1400;

}  // namespace

struct FeatureStatisticsLearner::Moments {
  double frames = 0;
  Eigen::VectorXd mean;
  Eigen::MatrixXd scatter;  // sum of (x - mean) (x - mean)^T
};

FeatureStatisticsLearner::FeatureStatisticsLearner() : moments_(std::make_unique<Moments>()) {}
FeatureStatisticsLearner::~FeatureStatisticsLearner() = default;

void FeatureStatisticsLearner::Add(const AudioFeatures& features) {
  if (features.frames == 0) return;
  Eigen::MatrixXd rows =
      FloatRows(features.values.data(), features.frames, features.width).cast<double>();
  const auto count = static_cast<double>(features.frames);
  const Eigen::VectorXd mean = rows.colwise().mean().transpose();
  rows.rowwise() -= mean.transpose();
  Moments& all = *moments_;
  if (all.frames == 0) {
    all.mean = Eigen::VectorXd::Zero(features.width);
    all.scatter = Eigen::MatrixXd::Zero(features.width, features.width);
  }
  // Merges both sets of moments without subtracting large numbers (Chan, Golub, LeVeque 1979).
  const Eigen::VectorXd step = mean - all.mean;
  const double total = all.frames + count;
  all.scatter.noalias() += rows.transpose() * rows;
  all.scatter.noalias() += step * step.transpose() * (all.frames * count / total);
  all.mean += step * (count / total);
  all.frames = total;
}

absl::StatusOr<FeatureStatistics> FeatureStatisticsLearner::Finish() const {
  const Moments& all = *moments_;
  if (all.frames < 2) {
    return absl::InvalidArgumentError("a normalization needs at least two frames of sound");
  }
  const Eigen::MatrixXd covariance = all.scatter / (all.frames - 1);
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(covariance);
  if (solver.info() != Eigen::Success) {
    return absl::InvalidArgumentError("the features vary in no way that can be normalized");
  }
  const Eigen::Index width = all.mean.size();
  const auto count = static_cast<size_t>(width);
  FeatureStatistics statistics;
  statistics.mean.assign(all.mean.data(), all.mean.data() + width);
  for (Eigen::Index i = 0; i < width; ++i) {
    const double deviation = std::sqrt(covariance(i, i));
    const bool varies = deviation > kRounding * std::abs(all.mean[i]);
    statistics.stddev.push_back(varies ? deviation : 1);
  }
  statistics.axes.resize(count * count);
  Eigen::Map<RowMatrix> axes(statistics.axes.data(), width, width);
  // The solver sorts in ascending order of variance.
  axes = solver.eigenvectors().transpose().colwise().reverse();
  const double greatest = std::sqrt(std::max(solver.eigenvalues()[width - 1], 0.0));
  for (Eigen::Index i = 0; i < width; ++i) {
    Eigen::Index largest = 0;
    axes.row(i).cwiseAbs().maxCoeff(&largest);
    if (axes(i, largest) < 0) axes.row(i) *= -1;
    const double deviation = std::sqrt(std::max(solver.eigenvalues()[width - 1 - i], 0.0));
    const bool varies = deviation > kMinDeviation * greatest;
    statistics.inverse_deviations.push_back(varies ? 1 / deviation : 0);
  }
  return statistics;
}

namespace {

std::string YamlNumber(double value) {
  std::string text = FormatFloat(value);
  // PyYAML reads 1e-05 as a string.
  if (!absl::StrContains(text, '.')) text = absl::StrReplaceAll(text, {{"e", ".0e"}});
  return text;
}

std::string YamlRow(const double* values, size_t count) {
  std::vector<std::string> numbers;
  for (size_t i = 0; i < count; ++i) numbers.push_back(YamlNumber(values[i]));
  return absl::StrCat("[", absl::StrJoin(numbers, ", "), "]\n");
}

absl::StatusOr<std::vector<double>> ReadRow(const Value& value, const std::string& what) {
  if (!value.is_list() || value.as_list().empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(what, " must be a list of numbers, but is ", Describe(value)));
  }
  std::vector<double> row;
  for (const Value& number : value.as_list()) {
    if (!number.is_number() || !std::isfinite(number.as_float())) {
      return absl::InvalidArgumentError(
          absl::StrCat(what, " must hold numbers, but holds ", Describe(number)));
    }
    row.push_back(number.as_float());
  }
  return row;
}

// Reads the rows of a matrix; all rows have one length.
absl::StatusOr<std::vector<std::vector<double>>> ReadMatrix(const Value& value,
                                                            const std::string& what,
                                                            size_t max_rows) {
  if (!value.is_list() || value.as_list().empty() || value.as_list().size() > max_rows) {
    return absl::InvalidArgumentError(absl::StrCat(what, " must be a matrix of up to ", max_rows,
                                                   " rows, but is ", Describe(value)));
  }
  std::vector<std::vector<double>> rows;
  for (const Value& row : value.as_list()) {
    KUR_ASSIGN_OR_RETURN(rows.emplace_back(), ReadRow(row, "a row of " + what));
    if (rows.back().size() != rows[0].size()) {
      return absl::InvalidArgumentError(absl::StrCat("the rows of ", what, " differ in length"));
    }
  }
  return rows;
}

absl::StatusOr<FeatureStatistics> FromValue(const Value& value) {
  for (const char* key : {"mean", "stddev", "S", "Vt"}) {
    if (value.Find(key) != nullptr) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("holds no normalization: the key '", key,
                     "' is missing; remove the file to learn it anew"));
  }
  FeatureStatistics statistics;
  KUR_ASSIGN_OR_RETURN(statistics.mean, ReadRow(*value.Find("mean"), "mean"));
  KUR_ASSIGN_OR_RETURN(statistics.stddev, ReadRow(*value.Find("stddev"), "stddev"));
  const size_t width = statistics.mean.size();
  KUR_ASSIGN_OR_RETURN(const auto scales, ReadMatrix(*value.Find("S"), "S", width));
  KUR_ASSIGN_OR_RETURN(const auto axes, ReadMatrix(*value.Find("Vt"), "Vt", width));
  if (statistics.stddev.size() != width || axes[0].size() != width || scales.size() > axes.size() ||
      scales[0].size() != scales.size()) {
    return absl::InvalidArgumentError(absl::StrCat("its parts do not fit together: mean ", width,
                                                   ", stddev ", statistics.stddev.size(), ", S ",
                                                   scales.size(), " x ", scales[0].size(), ", Vt ",
                                                   axes.size(), " x ", axes[0].size()));
  }
  for (const double deviation : statistics.stddev) {
    if (deviation == 0) return absl::InvalidArgumentError("stddev must not hold 0");
  }
  statistics.axes.resize(width * width);
  statistics.inverse_deviations.resize(width);
  for (size_t i = 0; i < axes.size(); ++i) {
    std::copy(axes[i].begin(), axes[i].end(),
              statistics.axes.begin() + static_cast<std::ptrdiff_t>(i * width));
  }
  // S is smaller than Vt if there were fewer frames than features; the rest stays 0.
  for (size_t i = 0; i < scales.size(); ++i) statistics.inverse_deviations[i] = scales[i][i];
  return statistics;
}

}  // namespace

std::string FormatStatistics(const FeatureStatistics& statistics) {
  const size_t width = statistics.mean.size();
  std::string text = absl::StrCat("S:\n");
  for (size_t i = 0; i < width; ++i) {
    std::vector<double> row(width);
    row[i] = statistics.inverse_deviations[i];
    absl::StrAppend(&text, "- ", YamlRow(row.data(), width));
  }
  absl::StrAppend(&text, "Vt:\n");
  for (size_t i = 0; i < width; ++i) {
    absl::StrAppend(&text, "- ", YamlRow(statistics.axes.data() + i * width, width));
  }
  absl::StrAppend(&text, "mean: ", YamlRow(statistics.mean.data(), width),
                  "stddev: ", YamlRow(statistics.stddev.data(), width));
  return text;
}

absl::StatusOr<FeatureStatistics> ParseStatistics(const std::string& text,
                                                  const std::string& name) {
  YamlLimits limits;
  limits.nodes = 2 * kMaxWidth * (kMaxWidth + 1) + 2 * kMaxWidth + 16;
  KUR_ASSIGN_OR_RETURN(const Value value,
                       ParseYaml(text, std::make_shared<const std::string>(name), limits));
  auto statistics = FromValue(value);
  if (!statistics.ok()) return Annotate(statistics.status(), name);
  return statistics;
}

}  // namespace kur
