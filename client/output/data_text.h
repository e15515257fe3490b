#ifndef KUR_CLIENT_OUTPUT_DATA_TEXT_H_
#define KUR_CLIENT_OUTPUT_DATA_TEXT_H_

#include <string>
#include <vector>

#include "client/output/terminal.h"
#include "kur/v1/event.pb.h"

namespace kur::client {

// A set of data for people: a table of its sources, how often each class occurs, a few samples
// (pictures are drawn) and what is wrong. Ends in a line end.
std::string RenderData(const v1::DataInspected& data, const Terminal& terminal);

// A picture as lines of text: in colors two pixels a character, without them in shades. All lines
// take picture.width() columns.
std::vector<std::string> DrawPicture(const v1::Picture& picture, const Terminal& terminal);

// True if something in the data is wrong, not just odd.
bool HasErrors(const v1::DataInspected& data);

}  // namespace kur::client

#endif  // KUR_CLIENT_OUTPUT_DATA_TEXT_H_
