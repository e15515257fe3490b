#ifndef KUR_SERVER_PROTOCOL_WORKER_PATHS_H_
#define KUR_SERVER_PROTOCOL_WORKER_PATHS_H_

// The names in a run directory that kurd and the worker share.
namespace kur::worker {

constexpr char kSpecFile[] = "job.pb";         // WorkerSpec, written by kurd
constexpr char kSpoolFile[] = "spool.log";     // events that kurd may not have yet
constexpr char kOutcomeFile[] = "outcome.pb";  // Outcome, written by the worker
constexpr char kResumeFile[] = "resume.safetensors";
constexpr char kArtifactFolder[] = "artifacts";

}  // namespace kur::worker

#endif  // KUR_SERVER_PROTOCOL_WORKER_PATHS_H_
