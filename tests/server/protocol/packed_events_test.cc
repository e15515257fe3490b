#include "server/protocol/packed_events.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "tests/server/testing/status_matchers.h"

namespace kur {
namespace {

using google::protobuf::FieldDescriptor;
using server::FailsWith;
using server::IsOk;
using ::testing::SizeIs;

std::string Bytes(const v1::Event& event) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  event.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

std::vector<std::string> AllBytes(const std::vector<v1::Event>& events) {
  std::vector<std::string> bytes;
  for (const v1::Event& event : events) bytes.push_back(Bytes(event));
  return bytes;
}

size_t Size(const std::vector<v1::Event>& events) {
  size_t size = 0;
  for (const v1::Event& event : events) size += event.ByteSizeLong();
  return size;
}

std::vector<v1::Event> Unpack(const std::vector<v1::Event>& events) {
  std::vector<v1::Event> unpacked;
  for (const v1::Event& event : events) {
    const auto some = UnpackEvents(event);
    EXPECT_THAT(some, IsOk());
    if (some.ok()) unpacked.insert(unpacked.end(), some->begin(), some->end());
    EXPECT_EQ(CountEvents(event), static_cast<int64_t>(some->size()));
    const auto last = UnpackLastRound(event);
    const std::vector<v1::Event> end(some->end() - static_cast<ptrdiff_t>(last.size()),
                                     some->end());
    EXPECT_EQ(AllBytes(last), AllBytes(end));
  }
  return unpacked;
}

// The events of a run whose epochs are short.
class ShortRun {
 public:
  // An epoch with a pass over the validation set.
  void AddEpoch() {
    StartEpoch(1);
    AddLosses(1, 1);
    FinishEpoch();
    Validate("");
  }

  void StartEpoch(int batches) {
    ++epoch_;
    v1::EpochStarted& to = *Add().mutable_epoch_started();
    to.set_epoch(epoch_);
    to.set_last_epoch(1000);
    to.set_batches(batches);
    to.set_samples(57);
  }

  void AddLosses(int first, int count) {
    v1::BatchLosses& to = *Add().mutable_batch_losses();
    to.set_epoch(epoch_);
    to.set_first_batch(first);
    loss_ = 3 / (1 + 0.01 * static_cast<double>(epoch_)) + Random();
    for (int i = 0; i < count; ++i) {
      to.add_losses(static_cast<float>(loss_) + static_cast<float>(i));
      to.add_sizes(57 / (i + 1));
    }
    to.set_samples(57);
    to.set_mean_loss(loss_);
    to.set_samples_per_second(static_cast<float>(40000 * Random()));
  }

  void FinishEpoch() {
    v1::EpochFinished& to = *Add().mutable_epoch_finished();
    to.set_epoch(epoch_);
    to.set_loss(loss_);
    (*to.mutable_losses())["labels"] = loss_;
    to.set_samples(57);
    to.set_seconds(std::round(300 + 1000 * Random()) / 1e6);
    to.set_learning_rate(0.001);
    to.set_data_seconds(std::round(20 * Random()) / 1e6);
  }

  void Validate(const std::string& set) {
    v1::Measured& to = *Add().mutable_measured();
    to.set_section("validate");
    to.set_set(set);
    to.set_epoch(epoch_);
    to.set_loss(loss_ * 1.1);
    (*to.mutable_losses())["labels"] = loss_ * 1.1;
    (*to.mutable_metrics())["accuracy"] = std::floor(100 * Random()) / 100;
    to.set_samples(100);
    to.set_seconds(std::round(300 + 300 * Random()) / 1e6);
  }

  v1::Event& Add() {
    micros_ += 50 + static_cast<int64_t>(200 * Random());
    v1::Event& event = events.emplace_back();
    event.mutable_time()->set_seconds(micros_ / 1'000'000);
    event.mutable_time()->set_nanos(static_cast<int32_t>(micros_ % 1'000'000) * 1000);
    return event;
  }

  double Random() { return std::uniform_real_distribution<double>(0, 1)(random_); }

  std::vector<v1::Event> events;

 private:
  std::mt19937_64 random_{17};
  int64_t epoch_ = 0;
  int64_t micros_ = 1'785'000'000'999'000;
  double loss_ = 0;
};

TEST(PackedEventsTest, AnEpochTakesLittle) {
  ShortRun run;
  for (int i = 0; i < 200; ++i) run.AddEpoch();
  const auto packed = PackEvents(run.events);
  ASSERT_THAT(packed, SizeIs(1));
  EXPECT_LT(Size(packed), 200U * 60);
  EXPECT_GT(Size(run.events), 200U * 200);
  EXPECT_EQ(AllBytes(Unpack(packed)), AllBytes(run.events));
}

TEST(PackedEventsTest, UnpackedEventsHaveTheNumbersOfThePackedOne) {
  ShortRun run;
  for (int i = 0; i < 9; ++i) run.AddEpoch();
  auto packed = PackEvents(run.events);
  ASSERT_THAT(packed, SizeIs(1));
  packed[0].set_number(7);
  packed[0].set_worker_sequence(5);
  for (const v1::Event& event : Unpack(packed)) {
    EXPECT_EQ(event.number(), 7);
    EXPECT_EQ(event.worker_sequence(), 5);
  }
}

TEST(PackedEventsTest, WhatIsNoEpochOfTheSameKindStaysApartAndInOrder) {
  ShortRun run;
  run.FinishEpoch();  // of an epoch that began before
  for (int i = 0; i < 9; ++i) run.AddEpoch();
  run.Validate("hard");  // another kind of round
  for (int i = 0; i < 9; ++i) run.AddEpoch();
  run.StartEpoch(1);
  const auto packed = PackEvents(run.events);
  EXPECT_THAT(packed, SizeIs(1 + 1 + 5 + 1 + 1));
  EXPECT_EQ(AllBytes(Unpack(packed)), AllBytes(run.events));
}

TEST(PackedEventsTest, OneEpochStaysAsItIs) {
  ShortRun run;
  run.AddEpoch();
  EXPECT_EQ(AllBytes(PackEvents(run.events)), AllBytes(run.events));
}

TEST(PackedEventsTest, ManyBatchesAndSetsComeBack) {
  ShortRun run;
  for (int i = 0; i < 50; ++i) {
    run.StartEpoch(40);
    run.AddLosses(1, 30);
    run.AddLosses(31, 10);
    run.FinishEpoch();
    run.Validate("easy");
    run.Validate("hard");
  }
  const auto packed = PackEvents(run.events);
  EXPECT_THAT(packed, SizeIs(1));
  EXPECT_LT(Size(packed), Size(run.events) / 2);
  EXPECT_EQ(AllBytes(Unpack(packed)), AllBytes(run.events));
}

// Whatever the numbers are, also those that are equal but not the same.
TEST(PackedEventsTest, EveryNumberComesBackBitForBit) {
  const std::vector<double> odd = {
      0.0, -0.0,    NAN,  -NAN, INFINITY, 1e300, 1e-320,
      0.1, 1.0 / 3, 1e15, -7,   5e-7,     1e-6,  std::numeric_limits<double>::max()};
  for (const double first : odd) {
    for (const double second : odd) {
      ShortRun run;
      for (int i = 0; i < 40; ++i) run.AddEpoch();
      for (size_t i = 0; i < run.events.size(); ++i) {
        v1::Event& event = run.events[i];
        const double value = i % 3 == 0 ? first : i % 5 == 0 ? second : run.Random();
        if (event.has_epoch_finished()) {
          event.mutable_epoch_finished()->set_data_seconds(value);
          event.mutable_epoch_finished()->set_samples(
              static_cast<int64_t>(static_cast<uint64_t>(i) << 58));
        }
        if (event.has_measured())
          (*event.mutable_measured()->mutable_metrics())["accuracy"] = value;
        if (event.has_batch_losses()) {
          event.mutable_batch_losses()->set_losses(0, static_cast<float>(value));
          event.mutable_batch_losses()->set_sizes(0, i % 2 == 0 ? INT32_MIN : INT32_MAX);
        }
        // The clock was set back.
        if (i % 7 == 0) event.mutable_time()->set_seconds(5);
      }
      const auto packed = PackEvents(run.events);
      ASSERT_THAT(packed, SizeIs(1));
      ASSERT_EQ(AllBytes(Unpack(packed)), AllBytes(run.events)) << first << " " << second;
    }
  }
}

TEST(PackedEventsTest, WhatIsAbsentInSomeEpochsComesBack) {
  ShortRun run;
  for (int i = 0; i < 60; ++i) {
    run.AddEpoch();
    v1::Measured& measured = *run.events.back().mutable_measured();
    if (i % 7 == 0) measured.clear_metrics();
    if (i % 5 == 0) measured.clear_loss();
    if (i % 11 == 0) measured.clear_seconds();
    if (i % 13 == 0) measured.set_section("test");
  }
  EXPECT_EQ(AllBytes(Unpack(PackEvents(run.events))), AllBytes(run.events));
}

TEST(PackedEventsTest, APackedEventHoldsABoundedNumber) {
  ShortRun run;
  for (int i = 0; i < 20000; ++i) run.AddEpoch();
  const auto packed = PackEvents(run.events);
  EXPECT_THAT(packed, SizeIs(2));
  EXPECT_EQ(AllBytes(Unpack(packed)), AllBytes(run.events));
}

// A field of another type would not be packed, and no epoch with it.
TEST(PackedEventsTest, EveryFieldOfWhatIsPackedIsOfATypeThatCanBePacked) {
  for (int i = 0; i < v1::Event::descriptor()->field_count(); ++i) {
    const FieldDescriptor* kind = v1::Event::descriptor()->field(i);
    if (!IsPackable(static_cast<v1::Event::KindCase>(kind->number()))) continue;
    for (int j = 0; j < kind->message_type()->field_count(); ++j) {
      const FieldDescriptor* field = kind->message_type()->field(j);
      const FieldDescriptor* value = field->is_map() ? field->message_type()->map_value() : field;
      SCOPED_TRACE(field->full_name());
      if (value->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
        EXPECT_FALSE(field->is_repeated());
        continue;
      }
      EXPECT_TRUE(value->cpp_type() == FieldDescriptor::CPPTYPE_DOUBLE ||
                  value->cpp_type() == FieldDescriptor::CPPTYPE_FLOAT ||
                  value->cpp_type() == FieldDescriptor::CPPTYPE_INT64 ||
                  value->cpp_type() == FieldDescriptor::CPPTYPE_INT32);
    }
  }
}

class HostilePackedEventsTest : public ::testing::Test {
 protected:
  HostilePackedEventsTest() {
    ShortRun run;
    for (int i = 0; i < 9; ++i) run.AddEpoch();
    event_ = PackEvents(run.events).at(0);
  }

  v1::PackedEvents& packed() { return *event_.mutable_packed(); }
  v1::PackedColumn& column() { return *packed().mutable_columns(0); }
  void ExpectRefused() {
    EXPECT_THAT(CheckPacked(event_), FailsWith(absl::StatusCode::kInvalidArgument, "packed event"));
    EXPECT_THAT(UnpackEvents(event_), FailsWith(absl::StatusCode::kInvalidArgument, ""));
  }

  v1::Event event_;
};

TEST_F(HostilePackedEventsTest, TheOriginalPasses) { EXPECT_THAT(CheckPacked(event_), IsOk()); }

TEST_F(HostilePackedEventsTest, RoundsWithoutEndAreRefused) {
  packed().clear_columns();
  packed().set_rounds(INT32_MAX);
  ExpectRefused();
  packed().set_rounds(-3);
  ExpectRefused();
}

TEST_F(HostilePackedEventsTest, ALargeFirstRoundIsNotMultiplied) {
  packed().mutable_first(3)->mutable_measured()->set_set(std::string(8 << 20, 'x'));
  ExpectRefused();
}

TEST_F(HostilePackedEventsTest, OtherKindsAreRefused) {
  packed().mutable_first(0)->mutable_state_changed()->set_state(v1::JOB_STATE_SUCCEEDED);
  ExpectRefused();
  packed().mutable_first(0)->mutable_packed();
  ExpectRefused();
  packed().mutable_first(0)->Clear();
  ExpectRefused();
}

TEST_F(HostilePackedEventsTest, ColumnsThatDoNotFitAreRefused) {
  const v1::Event good = event_;
  const std::vector<void (*)(v1::PackedColumn&)> faults = {
      [](v1::PackedColumn& at) { at.mutable_fields(0)->set_event(4); },
      [](v1::PackedColumn& at) { at.mutable_fields(0)->set_event(-1); },
      [](v1::PackedColumn& at) { at.mutable_fields(0)->set_field(99); },
      [](v1::PackedColumn& at) { at.clear_fields(); },
      [](v1::PackedColumn& at) { at.add_doubles(1); },
      [](v1::PackedColumn& at) { at.clear_steps(); },
      [](v1::PackedColumn& at) { *at.add_fields() = at.fields(0); },
      [](v1::PackedColumn& at) {
        while (at.steps_size() < 9) at.add_steps(1);
      },
      // A string, a map without the key, and a number of another kind.
      [](v1::PackedColumn& at) {
        at.mutable_fields(0)->set_event(3);
        at.mutable_fields(0)->set_field(v1::Measured::kSetFieldNumber);
      },
      [](v1::PackedColumn& at) {
        at.mutable_fields(0)->set_event(3);
        at.mutable_fields(0)->set_field(v1::Measured::kMetricsFieldNumber);
        at.mutable_fields(0)->set_key("none");
      },
      [](v1::PackedColumn& at) {
        v1::PackedField& field = *at.add_fields();
        field.set_event(2);
        field.set_field(v1::EpochFinished::kLossFieldNumber);
      },
  };
  for (size_t i = 0; i < faults.size(); ++i) {
    SCOPED_TRACE(i);
    event_ = good;
    faults[i](column());
    ExpectRefused();
  }
}

TEST_F(HostilePackedEventsTest, TimesMustBeThere) {
  packed().mutable_times()->RemoveLast();
  ExpectRefused();
}

// What passes is unpacked without harm, whatever the numbers are.
TEST_F(HostilePackedEventsTest, AnyNumbersAreUnpacked) {
  std::mt19937_64 random(3);
  for (int turn = 0; turn < 200; ++turn) {
    v1::Event event = event_;
    for (auto& time : *event.mutable_packed()->mutable_times()) {
      time = static_cast<int64_t>(random());
    }
    for (auto& at : *event.mutable_packed()->mutable_columns()) {
      for (auto& step : *at.mutable_steps()) step = static_cast<int64_t>(random());
      at.set_denominator(1 + static_cast<int64_t>(random() % 1000));
    }
    ASSERT_THAT(UnpackEvents(event), IsOk());
    ASSERT_THAT(UnpackLastRound(event), SizeIs(4));
  }
}

}  // namespace
}  // namespace kur
