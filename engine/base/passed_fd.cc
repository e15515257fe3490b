#include "engine/base/passed_fd.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "engine/base/status.h"

namespace kur {
namespace {

// Longer messages of errors are cut.
constexpr size_t kMaxErrorBytes = 1024;

// Room for one descriptor beside a message.
union ControlBuffer {
  cmsghdr header;
  char bytes[CMSG_SPACE(sizeof(int))];
};

}  // namespace

absl::StatusOr<UniqueFd> ConnectToUnixSocket(const std::string& address) {
  const absl::string_view path = absl::StripPrefix(address, "unix:");
  sockaddr_un name = {};
  name.sun_family = AF_UNIX;
  if (path.size() >= sizeof(name.sun_path)) {
    return absl::InvalidArgumentError(address + " is too long for the path of a socket");
  }
  std::memcpy(name.sun_path, path.data(), path.size());
  UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return ErrnoToStatus(errno, "opening a socket");
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof(name)) != 0) {
    return absl::UnavailableError(ErrnoToStatus(errno, "connecting to " + address).message());
  }
  return fd;
}

bool SendFd(int socket, const absl::StatusOr<UniqueFd>& fd) {
  // A message may not be empty.
  std::string text = "!";
  if (!fd.ok()) absl::StrAppend(&text, fd.status().message().substr(0, kMaxErrorBytes));
  iovec data = {text.data(), text.size()};
  ControlBuffer control = {};
  msghdr message = {};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  if (fd.ok()) {
    const int number = fd->get();
    message.msg_control = &control;
    message.msg_controllen = sizeof(control);
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(number));
    std::memcpy(CMSG_DATA(header), &number, sizeof(number));
  }
  return sendmsg(socket, &message, MSG_NOSIGNAL) >= 0;
}

absl::StatusOr<UniqueFd> ReceiveFd(int socket) {
  char text[kMaxErrorBytes + 1];
  iovec data = {text, sizeof(text)};
  ControlBuffer control = {};
  msghdr message = {};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = &control;
  message.msg_controllen = sizeof(control);
  ssize_t bytes = 0;
  do {
    bytes = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  } while (bytes < 0 && errno == EINTR);
  if (bytes <= 0)
    return absl::UnavailableError("the process at the other end of the socket has ended");
  const cmsghdr* const header = CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_type != SCM_RIGHTS) {
    return absl::UnavailableError(absl::string_view(text + 1, static_cast<size_t>(bytes) - 1));
  }
  int number = -1;
  std::memcpy(&number, CMSG_DATA(header), sizeof(number));
  return UniqueFd(number);
}

}  // namespace kur
