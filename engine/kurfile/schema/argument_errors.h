#ifndef KUR_ENGINE_KURFILE_SCHEMA_ARGUMENT_ERRORS_H_
#define KUR_ENGINE_KURFILE_SCHEMA_ARGUMENT_ERRORS_H_

#include "engine/value/diagnostics.h"

namespace kur {

// Appends the errors `inside` the use of a template and the `failures` of its arguments to
// `diagnostics`. An argument that fails where the template is used fails again inside: such a
// repetition is dropped, so that the error is reported only where the argument was written.
void AppendTemplateErrors(const Diagnostics& inside, const Diagnostics& failures,
                          Diagnostics* diagnostics);

}  // namespace kur

#endif  // KUR_ENGINE_KURFILE_SCHEMA_ARGUMENT_ERRORS_H_
