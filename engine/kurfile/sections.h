#ifndef KUR_ENGINE_KURFILE_SECTIONS_H_
#define KUR_ENGINE_KURFILE_SECTIONS_H_

namespace kur {
struct Sections {};
}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_SECTIONS_H_
