#ifndef KUR_ENGINE_VALUE_HTTP_LOGIN_H_
#define KUR_ENGINE_VALUE_HTTP_LOGIN_H_

#include <string>

namespace kur {

// What proves to a server who asks: a user and a password, or a bearer token. In a request of a job
// each may be "secret:NAME"; empty if it is not given.
struct HttpLogin {
  std::string user;
  std::string password;
  std::string token;
};

}  // namespace kur

#endif  // KUR_ENGINE_VALUE_HTTP_LOGIN_H_
