#include "engine/data/speech/feature_normalizer.h"

#include <Eigen/Core>

namespace kur {
namespace {

template <class T>
using Rows = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

std::vector<float> ToFloat(const std::vector<double>& values) {
  return std::vector<float>(values.begin(), values.end());
}

// Returns the matrix that multiplies a centered frame, as a column.
Rows<double> RotationMatrix(const FeatureStatistics& statistics,
                            const FeatureNormalizer::Options& options) {
  const Eigen::Index width = statistics.width();
  Rows<double> axes = Eigen::Map<const Rows<double>>(statistics.axes.data(), width, width);
  Eigen::VectorXd scales = Eigen::VectorXd::Ones(width);
  if (options.scale) {
    scales = Eigen::Map<const Eigen::VectorXd>(statistics.inverse_deviations.data(), width);
  }
  if (options.rotation == Rotation::kZca) return axes.transpose() * scales.asDiagonal() * axes;
  for (Eigen::Index i = 0; i < width; ++i) {
    if (axes(0, i) < 0) axes.col(i) *= -1;
  }
  return scales.asDiagonal() * axes;
}

}  // namespace

FeatureNormalizer::FeatureNormalizer(const FeatureStatistics& statistics, const Options& options)
    : mean_(statistics.mean), offset_(statistics.mean.size()) {
  if (!options.center) offset_ = ToFloat(statistics.mean);
  if (options.rotation != Rotation::kNone) {
    const Rows<double> matrix = RotationMatrix(statistics, options);
    matrix_.assign(matrix.data(), matrix.data() + matrix.size());
    return;
  }
  for (const double deviation : statistics.stddev) {
    matrix_.push_back(options.scale ? static_cast<float>(1 / deviation) : 1);
  }
}

void FeatureNormalizer::Apply(AudioFeatures* features) const {
  using Row = Eigen::Map<const Eigen::RowVectorXf>;
  const Eigen::Index count = width();
  Eigen::Map<Rows<float>> rows(features->values.data(), features->frames, count);
  const Eigen::Map<const Eigen::RowVectorXd> before(mean_.data(), count);
  rows = (rows.cast<double>().rowwise() - before).cast<float>();
  if (matrix_.size() == mean_.size()) {
    rows.array().rowwise() *= Row(matrix_.data(), count).array();
  } else {
    const Eigen::Map<const Rows<float>> matrix(matrix_.data(), count, count);
    rows = (rows * matrix.transpose()).eval();
  }
  rows.rowwise() += Row(offset_.data(), count);
}

}  // namespace kur
