#ifndef KUR_SERVER_PROTOCOL_WORKER_PATHS_H_
#define KUR_SERVER_PROTOCOL_WORKER_PATHS_H_

// The names in a run directory that kurd and the worker share, and the worker's exit code.
namespace kur::worker {

constexpr char kSpecFile[] = "job.pb";         // WorkerSpec, written by kurd
constexpr char kSpoolFile[] = "spool.log";     // events that kurd may not have yet
constexpr char kOutcomeFile[] = "outcome.pb";  // Outcome, written by the worker
constexpr char kResumeFile[] = "resume.safetensors";
constexpr char kArtifactFolder[] = "artifacts";

// The worker found no space to write how the job ended. Its reason would be lost otherwise.
constexpr int kNoSpaceExitCode = 28;

}  // namespace kur::worker

#endif  // KUR_SERVER_PROTOCOL_WORKER_PATHS_H_
