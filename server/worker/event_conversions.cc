#include "server/worker/event_conversions.h"

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "engine/base/clock.h"
#include "engine/base/utf8.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/util/time_util.h"

namespace kur::worker {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

v1::SourceInspected::Values ToProto(SourceSummary::Values values) {
  switch (values) {
    case SourceSummary::Values::kReal:
      return v1::SourceInspected::VALUES_REAL;
    case SourceSummary::Values::kInteger:
      return v1::SourceInspected::VALUES_INTEGER;
    case SourceSummary::Values::kOneHot:
      return v1::SourceInspected::VALUES_ONE_HOT;
  }
  return v1::SourceInspected::VALUES_UNSPECIFIED;
}

void FillIn(const SourceSummary& summary, v1::SourceInspected* to) {
  to->mutable_shape()->Assign(summary.shape.begin(), summary.shape.end());
  to->set_shortest(summary.shortest);
  to->set_longest(summary.longest);
  to->set_mean_length(summary.mean_length);
  to->set_values(ToProto(summary.values));
  to->set_minimum(summary.minimum);
  to->set_maximum(summary.maximum);
  to->set_mean(summary.mean);
  to->set_deviation(summary.deviation);
  to->set_not_a_number(summary.not_a_number);
  to->set_infinite(summary.infinite);
  to->set_constant_elements(static_cast<int64_t>(summary.constant_elements.size()));
  for (const SourceSummary::Class& one : summary.classes) {
    v1::ClassCount* count = to->add_classes();
    count->set_name(one.name);
    count->set_count(one.count);
  }
}

v1::SamplePreview ToProto(const SamplePreview& sample) {
  v1::SamplePreview to;
  to.set_index(sample.index);
  to.mutable_shape()->Assign(sample.shape.begin(), sample.shape.end());
  to.mutable_values()->Assign(sample.values.begin(), sample.values.end());
  to.set_text(sample.text);
  if (sample.picture.height > 0) {
    v1::Picture* picture = to.mutable_picture();
    picture->set_height(sample.picture.height);
    picture->set_width(sample.picture.width);
    picture->set_channels(sample.picture.channels);
    picture->set_pixels(sample.picture.pixels);
  }
  return to;
}

void MakeFieldValid(const Reflection& reflection, const FieldDescriptor* field, Message* message) {
  const bool is_text = field->type() == FieldDescriptor::TYPE_STRING;
  if (!is_text && field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) return;
  const int count = field->is_repeated() ? reflection.FieldSize(*message, field) : 1;
  for (int i = 0; i < count; ++i) {
    if (!is_text) {
      MakeTextValid(field->is_repeated() ? reflection.MutableRepeatedMessage(message, field, i)
                                         : reflection.MutableMessage(message, field));
      continue;
    }
    const std::string text = field->is_repeated() ? reflection.GetRepeatedString(*message, field, i)
                                                  : reflection.GetString(*message, field);
    if (IsUtf8(text)) continue;
    if (field->is_repeated()) {
      reflection.SetRepeatedString(message, field, i, ToUtf8(text));
    } else {
      reflection.SetString(message, field, ToUtf8(text));
    }
  }
}

}  // namespace

v1::LogLine::Level ToProto(LogLevel level) {
  switch (level) {
    case LogLevel::kInfo:
      return v1::LogLine::LEVEL_INFO;
    case LogLevel::kWarning:
      return v1::LogLine::LEVEL_WARNING;
    case LogLevel::kError:
      return v1::LogLine::LEVEL_ERROR;
  }
  return v1::LogLine::LEVEL_UNSPECIFIED;
}

v1::DataInspected ToProto(const DataReport& report) {
  v1::DataInspected to;
  to.set_section(report.section);
  to.set_set(report.set);
  to.set_samples(report.samples);
  for (const DataReport::Source& source : report.sources) {
    v1::SourceInspected* source_to = to.add_sources();
    source_to->set_name(source.name);
    source_to->set_is_input(source.is_input);
    source_to->set_is_truth(source.is_truth);
    FillIn(source.summary, source_to);
    for (const SamplePreview& sample : source.samples) {
      *source_to->add_samples() = ToProto(sample);
    }
  }
  for (const DataReport::Finding& finding : report.findings) {
    v1::LogLine* line = to.add_findings();
    line->set_level(ToProto(finding.level));
    line->set_text(finding.text);
  }
  return to;
}

google::protobuf::Timestamp CurrentTimestamp() {
  return google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(absl::ToUnixMicros(TimeOfDay()));
}

void MakeTextValid(Message* message) {
  const Reflection& reflection = *message->GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(*message, &fields);
  for (const FieldDescriptor* field : fields) MakeFieldValid(reflection, field, message);
}

}  // namespace kur::worker
