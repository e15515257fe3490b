#include "engine/train/kur_log.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <limits>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "engine/base/status.h"
#include "engine/formats/array.h"
#include "engine/formats/idx.h"
#include "engine/train/stopwatch.h"
#include "engine/value/value.h"
#include "nlohmann/json.hpp"

namespace kur {
namespace {

constexpr char kSummaryFile[] = "summary.yml";
constexpr int64_t kMostSummaryBytes = int64_t{1} << 20;
// More than anything is ever trained.
constexpr int64_t kMostCounted = int64_t{1} << 53;
// However seldom numbers are to be written, no more rows than this wait in memory.
constexpr int64_t kMostWaiting = 1 << 16;

// A part of a file name as Kur writes it: '_' and, in tags, '.' separate, so inside of a name they
// are doubled. What no file name can hold is percent-encoded.
std::string Escape(const std::string& name, bool is_tag) {
  std::string escaped =
      absl::StrReplaceAll(name, {{"_", "__"}, {"/", "%2F"}, {absl::string_view("\0", 1), "%00"}});
  return is_tag ? absl::StrReplaceAll(escaped, {{".", ".."}}) : escaped;
}

bool IsColumnName(const std::string& name) {
  return absl::StartsWith(name, "batch_") || absl::StartsWith(name, "training_") ||
         absl::StartsWith(name, "validation_");
}

std::optional<double> Least(const std::vector<double>& values) {
  std::optional<double> least;
  for (const double value : values) {
    if (value == value && (!least.has_value() || value < *least)) least = value;
  }
  return least;
}

std::string Quoted(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// A block of `key:` with an entry a line, or null.
template <class Map, class Format>
std::string YamlBlock(absl::string_view key, const Map& entries, const Format& format) {
  if (entries.empty()) return absl::StrCat(key, ": null\n");
  std::string block = absl::StrCat(key, ":\n");
  for (const auto& [name, value] : entries) {
    absl::StrAppend(&block, "  ", Quoted(name), ": ", format(value), "\n");
  }
  return block;
}

struct ParsedSummary {
  KurLog::Summary summary;
  std::optional<std::map<std::string, int64_t>> lengths;
};

// The only place where yaml-cpp, which throws, is called.
absl::StatusOr<ParsedSummary> ParseSummary(const std::string& text) {
  try {
    const YAML::Node root = YAML::Load(text);
    if (!root.IsMap()) return absl::DataLossError("expected a dictionary");
    ParsedSummary parsed;
    bool counts = true;
    const auto check = [&counts](int64_t value) { counts &= value >= 0 && value <= kMostCounted; };
    const auto count = [&](const char* key) {
      const int64_t value = root[key].IsDefined() ? root[key].as<int64_t>() : 0;
      check(value);
      return value;
    };
    parsed.summary.epochs = count("epochs");
    parsed.summary.batches = count("batches");
    parsed.summary.samples = count("samples");
    parsed.summary.sessions = count("sessions");
    if (root["clocks"].IsDefined() && !root["clocks"].IsNull()) {
      parsed.summary.clocks = root["clocks"].as<std::map<std::string, double>>();
    }
    if (root["columns"].IsDefined()) {
      parsed.lengths.emplace();
      if (!root["columns"].IsNull()) {
        parsed.lengths = root["columns"].as<std::map<std::string, int64_t>>();
      }
      for (const auto& [name, rows] : *parsed.lengths) check(rows);
    }
    if (!counts) return absl::DataLossError("expected counts from 0 up");
    ++parsed.summary.sessions;
    return parsed;
  } catch (const YAML::Exception& error) {
    return absl::DataLossError(error.what());
  }
}

}  // namespace

KurLog::KurLog(FileSystem& files, std::string path, Options options)
    : files_(files), path_(std::move(path)), options_(std::move(options)) {
  if (!options_.clock) options_.clock = MonotonicSeconds;
  last_flush_ = options_.clock();
}

absl::StatusOr<std::unique_ptr<KurLog>> KurLog::Open(FileSystem& files, std::string path,
                                                     Options options) {
  std::unique_ptr<KurLog> log(new KurLog(files, std::move(path), std::move(options)));
  KUR_RETURN_IF_ERROR(Annotate(log->Load(), absl::StrCat("training log ", log->path_)));
  return log;
}

absl::Status KurLog::Load() {
  if (files_.Exists(path_) && !files_.IsDirectory(path_)) {
    return absl::InvalidArgumentError("a log is a directory, but there is a file of that name");
  }
  KUR_RETURN_IF_ERROR(files_.MakeDirectories(path_));
  const bool has_summary = files_.Exists(JoinPath(path_, kSummaryFile));
  std::optional<Lengths> lengths;
  if (has_summary) KUR_RETURN_IF_ERROR(ReadSummary(&lengths));
  KUR_ASSIGN_OR_RETURN(const std::vector<std::string> names, files_.ListDirectory(path_));
  for (const std::string& name : names) {
    if (IsColumnName(name)) KUR_RETURN_IF_ERROR(RepairColumn(name, lengths));
  }
  KUR_RETURN_IF_ERROR(LoadHistory(has_summary));
  return WriteSummary();
}

absl::Status KurLog::ReadSummary(std::optional<Lengths>* lengths) {
  KUR_ASSIGN_OR_RETURN(const std::string text,
                       files_.Read(JoinPath(path_, kSummaryFile), kMostSummaryBytes));
  auto parsed = ParseSummary(text);
  if (!parsed.ok()) return Annotate(parsed.status(), kSummaryFile);
  summary_ = std::move(parsed->summary);
  *lengths = std::move(parsed->lengths);
  return absl::OkStatus();
}

absl::Status KurLog::WriteSummary() {
  Lengths lengths;
  for (const auto& [name, column] : columns_) lengths[name] = column.rows;
  const auto integer = [](int64_t value) { return absl::StrCat(value); };
  const std::string text = absl::StrCat(
      "batches: ", summary_.batches, "\n", YamlBlock("clocks", summary_.clocks, FormatFloat),
      YamlBlock("columns", lengths, integer), "epochs: ", summary_.epochs,
      "\nsamples: ", summary_.samples, "\nsessions: ", summary_.sessions, "\nversion: 3\n");
  KUR_RETURN_IF_ERROR(WriteFileAtomically(files_, JoinPath(path_, kSummaryFile), text));
  committed_ = text;
  return absl::OkStatus();
}

absl::Status KurLog::Rewind(FileSystem& files, const std::string& path,
                            const std::string& committed) {
  if (!files.IsDirectory(path)) return absl::OkStatus();
  return Annotate(WriteFileAtomically(files, JoinPath(path, kSummaryFile), committed),
                  "training log");
}

absl::Status KurLog::RepairColumn(const std::string& name, const std::optional<Lengths>& lengths) {
  const std::string file = JoinPath(path_, name);
  int64_t most = std::numeric_limits<int64_t>::max();
  if (lengths.has_value()) {
    const auto counted = lengths->find(name);
    // Its very first rows were never completed.
    if (counted == lengths->end()) return files_.Remove(file);
    most = counted->second;
  }
  KUR_ASSIGN_OR_RETURN(const IdxRows rows, CountIdxRows(file));
  const int64_t whole = std::min(rows.present, most);
  if (whole != rows.counted || rows.trailing) KUR_RETURN_IF_ERROR(TruncateIdx(file, whole));
  columns_[name].rows = whole;
  return absl::OkStatus();
}

absl::StatusOr<std::vector<double>> KurLog::ReadColumn(const std::string& name) const {
  std::vector<double> values;
  if (columns_.count(name) == 0) return values;
  KUR_ASSIGN_OR_RETURN(const Array array, ReadIdx(JoinPath(path_, name)));
  for (int64_t i = 0; i < array.count(); ++i) values.push_back(array.At(i));
  return values;
}

absl::Status KurLog::LoadHistory(bool has_summary) {
  KUR_ASSIGN_OR_RETURN(const auto training, ReadColumn("training_loss_total"));
  KUR_ASSIGN_OR_RETURN(const auto validation, ReadColumn("validation_loss_total"));
  best_training_loss_ = Least(training);
  best_validation_loss_ = Least(validation);
  // Early versions of Kur wrote no summary.
  if (!has_summary) summary_.epochs = static_cast<int64_t>(training.size());
  for (const char* name : {"batch_loss_time", "validation_loss_time", "training_loss_time"}) {
    KUR_ASSIGN_OR_RETURN(const auto times, ReadColumn(name));
    if (times.empty()) continue;
    seconds_before_ = times.back();
    break;
  }
  return absl::OkStatus();
}

double KurLog::Elapsed() {
  const double now = options_.clock();
  if (!started_.has_value()) started_ = now;
  return seconds_before_ + now - *started_;
}

void KurLog::Push(const std::string& prefix, const Statistics& losses) {
  Statistics row = losses;
  double total = 0;
  for (const auto& entry : losses) total += entry.second;
  row.emplace("total", total);
  row["time"] = Elapsed();
  row["batch"] = static_cast<double>(summary_.batches);
  for (const auto& [name, value] : row) {
    Column& column = columns_[absl::StrCat(prefix, "_", Escape(name, /*is_tag=*/false))];
    column.is_integer = name == "batch";
    column.waiting.push_back(value);
  }
}

absl::Status KurLog::LogBatch(int64_t batch_size, const Statistics& losses) {
  summary_.batches += 1;
  summary_.samples += batch_size;
  if (!options_.keep_batch) return absl::OkStatus();
  Push("batch_loss", losses);
  ++waiting_batches_;
  const bool due = options_.rate.has_value() &&
                   options_.clock() - last_flush_ >= static_cast<double>(*options_.rate);
  return due || waiting_batches_ >= kMostWaiting ? Flush() : absl::OkStatus();
}

absl::Status KurLog::LogTraining(const Statistics& losses) {
  summary_.epochs += 1;
  Push("training_loss", losses);
  return Flush();
}

absl::Status KurLog::LogValidation(const Statistics& losses,
                                   const std::map<std::string, Statistics>& parts) {
  Push("validation_loss", losses);
  for (const auto& [name, part] : parts) {
    Push(absl::StrCat("validation_loss.", Escape(name, /*is_tag=*/true)), part);
  }
  return Flush();
}

absl::Status KurLog::WriteColumn(const std::string& name, Column& column) {
  const auto rows = static_cast<int64_t>(column.waiting.size());
  if (rows == 0) return absl::OkStatus();
  absl::StatusOr<Array> array;
  if (column.is_integer) {
    std::vector<int32_t> counts;
    for (const double value : column.waiting) {
      counts.push_back(static_cast<int32_t>(
          std::min(value, static_cast<double>(std::numeric_limits<int32_t>::max()))));
    }
    array = Array::FromValues({rows}, counts);
  } else {
    array =
        Array::FromValues({rows}, std::vector<float>(column.waiting.begin(), column.waiting.end()));
  }
  KUR_RETURN_IF_ERROR(array.status());
  KUR_RETURN_IF_ERROR(AppendIdx(JoinPath(path_, name), *array));
  column.rows += rows;
  column.waiting.clear();
  column.is_durable = false;
  return absl::OkStatus();
}

absl::Status KurLog::Flush() {
  for (auto& [name, column] : columns_) {
    KUR_RETURN_IF_ERROR(Annotate(WriteColumn(name, column), "training log"));
  }
  waiting_batches_ = 0;
  last_flush_ = options_.clock();
  return Annotate(WriteSummary(), "training log");
}

absl::Status KurLog::Sync() {
  // This makes the names of new columns durable too, together with that of the summary.
  KUR_RETURN_IF_ERROR(Flush());
  for (auto& [name, column] : columns_) {
    if (column.is_durable) continue;
    KUR_ASSIGN_OR_RETURN(const auto file,
                         files_.OpenForAppend(JoinPath(path_, name), /*truncate=*/false));
    KUR_RETURN_IF_ERROR(file->Sync());
    column.is_durable = true;
  }
  return absl::OkStatus();
}

}  // namespace kur
