#ifndef KUR_CLIENT_OUTPUT_DATA_TEXT_H_
#define KUR_CLIENT_OUTPUT_DATA_TEXT_H_

#include <string>
#include <vector>

#include "client/output/terminal.h"
#include "kur/v1/event.pb.h"

namespace kur::client {

// Renders a data set for people: a table of its sources, the frequency of each class, a few samples
// (pictures are drawn) and the findings. The text ends in a newline.
std::string RenderData(const v1::DataInspected& data, const Terminal& terminal);

// Renders a picture as lines of picture.width() columns: two pixels a character in colors, or
// characters of different brightness on a terminal without colors.
std::vector<std::string> DrawPicture(const v1::Picture& picture, const Terminal& terminal);

// Returns whether a finding is an error, not just a warning.
bool HasErrors(const v1::DataInspected& data);

}  // namespace kur::client

#endif  // KUR_CLIENT_OUTPUT_DATA_TEXT_H_
