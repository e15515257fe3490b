#ifndef KUR_ENGINE_KURFILE_REFERENCE_JSON_SCHEMA_H_
#define KUR_ENGINE_KURFILE_REFERENCE_JSON_SCHEMA_H_

#include <string>

namespace kur {

// The schema of Kurfiles (JSON Schema, draft 7), for editors that complete and check YAML: made
// from the reference of this program. It accepts every valid Kurfile; what needs evaluation
// (templates, shapes, names of layers) is left to `kurctl validate`.
std::string KurfileJsonSchema();

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_REFERENCE_JSON_SCHEMA_H_
