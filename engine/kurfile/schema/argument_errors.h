#ifndef KUR_ENGINE_KURFILE_SCHEMA_ARGUMENT_ERRORS_H_
#define KUR_ENGINE_KURFILE_SCHEMA_ARGUMENT_ERRORS_H_

#include "engine/value/diagnostics.h"

namespace kur {

// Takes over what was reported inside of a template. An argument that could be evaluated neither
// where the template is used (`failures`) nor inside is reported where it was written, not where it
// is used.
void AppendTemplateErrors(const Diagnostics& inside, const Diagnostics& failures,
                          Diagnostics* diagnostics);

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_SCHEMA_ARGUMENT_ERRORS_H_
