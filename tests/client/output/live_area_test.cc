#include "client/output/live_area.h"

#include <sstream>

#include "client/output/transfer_progress.h"
#include "gtest/gtest.h"
#include "tests/client/test_support.h"

namespace kur::client {
namespace {

TEST(LiveArea, RedrawsItsLinesBelowThoseThatStay) {
  std::ostringstream stream;
  Terminal terminal(stream, ScreenFeatures(11));
  FakeClock clock;
  {
    LiveArea live(terminal, clock);
    live.Update({"epoch 1 at the start", "b"});
    live.Print("stays");
    live.Update({"epoch 2"});
  }
  EXPECT_EQ(stream.str(),
            "epoch 1 a…\nb\n"
            "\x1b[2F\x1b[Jstays\nepoch 1 a…\nb\n"
            "\x1b[2F\x1b[Jepoch 2\n"
            "\x1b[1F\x1b[J");
}

TEST(LiveArea, IsDueTenTimesASecond) {
  std::ostringstream stream;
  Terminal terminal(stream, ScreenFeatures());
  FakeClock clock;
  LiveArea live(terminal, clock);
  EXPECT_TRUE(live.IsDue());
  live.Update({"a"});
  clock.SleepFor(absl::Milliseconds(99));
  EXPECT_FALSE(live.IsDue());
  clock.SleepFor(absl::Milliseconds(1));
  EXPECT_TRUE(live.IsDue());
}

TEST(LiveArea, WritesOnlyWhatStaysToAPipe) {
  std::ostringstream stream;
  Terminal terminal(stream, PlainFeatures());
  FakeClock clock;
  {
    LiveArea live(terminal, clock);
    live.Update({"a"});
    live.Print("stays");
  }
  EXPECT_EQ(stream.str(), "stays\n");
}

TEST(RenderBar, FillsHalfColumns) {
  std::ostringstream stream;
  const Terminal screen(stream, ScreenFeatures());
  EXPECT_EQ(RenderBar(0, 4, screen), "────");
  EXPECT_EQ(RenderBar(0.4, 4, screen), "━╸──");
  EXPECT_EQ(RenderBar(7, 4, screen), "━━━━");
  const Terminal ascii(stream, PlainFeatures());
  EXPECT_EQ(RenderBar(0.5, 4, ascii), "##--");
}

TEST(RenderTransfer, TellsSpeedAndTimeLeft) {
  std::ostringstream stream;
  const Terminal ascii(stream, PlainFeatures());
  const Transfer transfer = {"uploading", "mnist.npz", 3 << 20, 4 << 20};
  EXPECT_EQ(RenderTransfer(transfer, 2 << 20, absl::Seconds(4), ascii),
            "uploading mnist.npz ##################------ 75%  3.0 MiB of 4.0 MiB  512.0 KiB/s"
            "  2s left");
  EXPECT_EQ(RenderTransfer(transfer, 0, absl::ZeroDuration(), ascii),
            "uploading mnist.npz ##################------ 75%  3.0 MiB of 4.0 MiB");
}

}  // namespace
}  // namespace kur::client
