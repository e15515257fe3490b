#ifndef KUR_ENGINE_BASE_VERSION_H_
#define KUR_ENGINE_BASE_VERSION_H_

namespace kur {

// The version of kurd, kurctl and kurd-worker, as in "0.1.0".
extern const char kVersion[];

}  // namespace kur

#endif  // KUR_ENGINE_BASE_VERSION_H_
