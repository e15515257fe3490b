#ifndef KUR_SERVER_WORKER_VALID_TEXT_H_
#define KUR_SERVER_WORKER_VALID_TEXT_H_

#include "google/protobuf/message.h"

namespace kur::worker {

// Replaces what is no UTF-8 in the strings of `message` and of the messages in it (see ToUtf8()):
// a receiver would refuse the message as a whole. Such bytes come from file names and from what
// stands in data.
void MakeTextValid(google::protobuf::Message* message);

}  // namespace kur::worker

#endif  // KUR_SERVER_WORKER_VALID_TEXT_H_
