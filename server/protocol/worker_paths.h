#ifndef KUR_SERVER_PROTOCOL_WORKER_PATHS_H_
#define KUR_SERVER_PROTOCOL_WORKER_PATHS_H_

// Names in a run directory, as kurd knows them too.
namespace kur::worker {

constexpr char kSpecFile[] = "job.pb";         // WorkerSpec, written by kurd
constexpr char kSpoolFile[] = "spool.log";     // events that kurd may not have yet
constexpr char kOutcomeFile[] = "outcome.pb";  // Outcome, written by the worker
constexpr char kResumeFile[] = "resume.safetensors";
constexpr char kArtifactFolder[] = "artifacts";

}  // namespace kur::worker

#endif  // KUR_SERVER_PROTOCOL_WORKER_PATHS_H_
