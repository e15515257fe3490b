#ifndef KUR_ENGINE_TRAIN_KUR_LOG_H_
#define KUR_ENGINE_TRAIN_KUR_LOG_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/base/file_system.h"

namespace kur {

// The training log of Kur: a directory with one IDX file for each series of numbers and a summary.
//
//   summary.yml               epochs, batches, samples, sessions, clocks
//   batch_loss_labels         the loss of the output "labels", a float32 for each batch
//   batch_loss_total          the sum over the outputs
//   batch_loss_batch          the number of batches trained until then (int32)
//   batch_loss_time           seconds of training until then (float32)
//   training_loss_…           the same, once an epoch
//   validation_loss_…         the same, once a validation; validation_loss.NAME_… for each of
//   several
//
// Kur's own tools read it, and a log that Kur wrote is continued. The summary is written last and
// in one step, and holds (under a key that Kur passes over) how long every column was then, so rows
// of a write that a crash cut short are dropped when the log is opened again.
//
// Not thread-safe. Holds no file open. One process at a time may write a log.
class KurLog {
 public:
  struct Options {
    // Whether numbers of single batches are kept at all.
    bool keep_batch = true;
    // Numbers of batches are written at most once in so many seconds, 0: with every batch; absent:
    // when an epoch or a validation ends.
    std::optional<int64_t> rate;
    // A clock that only goes forward, in seconds.
    std::function<double()> clock;  // empty: the machine's steady clock
  };

  // Numbers by the name of an output.
  using Statistics = std::map<std::string, double>;

  // What the log says of the whole life of the model.
  struct Summary {
    int64_t epochs = 0;
    int64_t batches = 0;
    int64_t samples = 0;
    // How many times training was started, this time included.
    int64_t sessions = 1;
    // Accumulated seconds by the name of a timer: "all", "train", "validate", "batch".
    std::map<std::string, double> clocks;
  };

  // Opens the log in the directory `path`, creating it, and repairs what a crash left. DATA_LOSS or
  // INVALID_ARGUMENT if what is there is no such log. `files` must outlive the log. Rows that were
  // not flushed when the log is destroyed are lost.
  static absl::StatusOr<std::unique_ptr<KurLog>> Open(FileSystem& files, std::string path,
                                                      Options options);

  const Summary& summary() const { return summary_; }
  // Returns the least total loss after an epoch, or after a validation, that the log held when it
  // was opened. NaN is passed over.
  std::optional<double> best_training_loss() const { return best_training_loss_; }
  std::optional<double> best_validation_loss() const { return best_validation_loss_; }

  // Sets the timers that the next flush writes.
  void SetClocks(std::map<std::string, double> clocks) { summary_.clocks = std::move(clocks); }

  // Logs a batch of `batch_size` samples with the losses of the outputs.
  absl::Status LogBatch(int64_t batch_size, const Statistics& losses);

  // Logs the average losses over an epoch. Flushes.
  absl::Status LogTraining(const Statistics& losses);

  // Logs the average losses of a validation, and those of each part by its name where there are
  // several. Flushes.
  absl::Status LogValidation(const Statistics& losses,
                             const std::map<std::string, Statistics>& parts = {});

  // Writes everything that is buffered.
  absl::Status Flush();

  // Flushes, and makes all rows survive a loss of power.
  absl::Status Sync();

  // Returns what the summary said after the last flush, for Rewind().
  const std::string& committed() const { return committed_; }

  // Rewinds a log that is not open to what `committed` says; the rows that came later are
  // dropped when it is opened.
  static absl::Status Rewind(FileSystem& files, const std::string& path,
                             const std::string& committed);

 private:
  // One file: how many rows it has, and the rows that wait to be written.
  struct Column {
    bool is_integer = false;
    int64_t rows = 0;
    std::vector<double> waiting;
    bool is_durable = true;  // whether all rows that were written survive a loss of power
  };
  using Lengths = std::map<std::string, int64_t>;  // rows by column

  KurLog(FileSystem& files, std::string path, Options options);

  absl::Status Load();
  absl::Status ReadSummary(std::optional<Lengths>* lengths);
  absl::Status WriteSummary();
  // Cuts a column to the rows that the summary counts and that are whole.
  absl::Status RepairColumn(const std::string& name, const std::optional<Lengths>& lengths);
  absl::Status LoadHistory(bool has_summary);
  // Returns the values of a column; empty if there is no such column.
  absl::StatusOr<std::vector<double>> ReadColumn(const std::string& name) const;

  void Push(const std::string& prefix, const Statistics& losses);
  absl::Status WriteColumn(const std::string& name, Column& column);
  // Returns the seconds of training, those of earlier runs included.
  double Elapsed();

  FileSystem& files_;
  const std::string path_;
  Options options_;
  Summary summary_;
  std::optional<double> best_training_loss_;
  std::optional<double> best_validation_loss_;

  std::map<std::string, Column> columns_;  // by file name
  std::string committed_;
  int64_t waiting_batches_ = 0;
  double last_flush_;
  // Seconds of training before this run, and the clock at its first row.
  double seconds_before_ = 0;
  std::optional<double> started_;
};

}  // namespace kur

#endif  // KUR_ENGINE_TRAIN_KUR_LOG_H_
