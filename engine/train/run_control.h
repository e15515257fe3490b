#ifndef KUR_ENGINE_TRAIN_RUN_CONTROL_H_
#define KUR_ENGINE_TRAIN_RUN_CONTROL_H_

#include <cstdint>
#include <optional>

namespace kur {

// One command to a run. `id` is unique within a job, ascending.
struct RunCommand {
  enum class Kind { kCheckpoint };
  int64_t id = 0;
  Kind kind = Kind::kCheckpoint;
};

// What people want of a run. The run asks after every batch, from its own thread; implementations
// are thread-safe, as people may want something at any time.
class RunControl {
 public:
  virtual ~RunControl() = default;

  // Returns true as soon as the run is to end early; stays true.
  virtual bool IsCancelled() const = 0;

  // Returns the next command, each once and in the order of their ids; absent if none waits. The
  // run acknowledges it by RunEvents::OnCommandDone().
  virtual std::optional<RunCommand> TakeCommand() = 0;
};

}  // namespace kur

#endif  // KUR_ENGINE_TRAIN_RUN_CONTROL_H_
