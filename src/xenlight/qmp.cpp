// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/qmp.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/limits.hpp"
#include "base/unix_address.hpp"
#include "domain/text.hpp"

namespace virtlight::xenlight {
namespace {

namespace json = boost::json;

/// A device model that a guest has taken over says what it likes.
std::string description_of(const json::value& error) {
    const auto* const object = error.if_object();
    const auto* const text = object ? object->if_contains("desc") : nullptr;
    return text && text->is_string() ? domain::shown(text->get_string(), limits::log_line_bytes)
                                     : "no reason given";
}

}  // namespace

std::filesystem::path measuring_socket(hypervisor::DomId domid, const std::filesystem::path& folder) {
    return folder / fmt::format("{}{}", measuring_socket_prefix, domid);
}

Result<Fd> connect_to_model(const std::filesystem::path& path) {
    const auto address = UnixAddress::of(path);
    if (!address) return std::unexpected(address.error());
    Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) return fail_errno(errno, "cannot make a socket");
    socket.keep_from_children();  // a device model serves the next one only when all copies are closed
    if (address->connect(socket) != 0)
        return fail(Reason::operation_failed, "its device model cannot be reached at {}: {}", path.native(),
                    errno_text(errno));
    return socket;
}

Result<Qmp> Qmp::open(const std::filesystem::path& path) {
    auto socket = connect_to_model(path);
    if (!socket) return std::unexpected(std::move(socket.error()));
    Qmp qmp(std::move(*socket), Clock::now() + limits::qmp_answer);
    if (const auto greeting = qmp.next_line(); !greeting) return std::unexpected(greeting.error());
    if (const auto ready = qmp.execute("qmp_capabilities"); !ready) return std::unexpected(ready.error());
    return qmp;
}

Result<json::value> Qmp::execute(std::string_view command, std::string_view arguments) {
    const auto line = arguments.empty()
                          ? fmt::format("{{\"execute\":\"{}\"}}\n", command)
                          : fmt::format("{{\"execute\":\"{}\",\"arguments\":{}}}\n", command, arguments);
    return ask(line, command, {});
}

Result<std::string> Qmp::lend(const Fd& file) {
    const auto answer = ask("{\"execute\":\"add-fd\"}\n", "add-fd", file);
    if (!answer) return std::unexpected(answer.error());
    const auto* const answered = answer->if_object();
    const auto* const set = answered ? answered->if_contains("fdset-id") : nullptr;
    if (!set || !set->is_int64())
        return fail(Reason::operation_failed, "its device model does not name what it was lent");
    return fmt::format("/dev/fdset/{}", set->get_int64());
}

Result<json::value> Qmp::ask(std::string_view line, std::string_view command, const Fd& file) {
    if (auto sent = send(line, file); !sent) return std::unexpected(std::move(sent.error()));
    for (;;) {
        const auto answer = next_line();
        if (!answer) return std::unexpected(answer.error());
        boost::system::error_code wrong;
        const auto value = json::parse(*answer, wrong);
        if (wrong || !value.is_object())
            return fail(Reason::operation_failed, "its device model does not speak QMP");
        const auto& object = value.get_object();
        if (const auto* const returned = object.if_contains("return")) return *returned;
        if (const auto* const error = object.if_contains("error"))
            return fail(Reason::operation_failed, "its device model refuses '{}': {}", command,
                        description_of(*error));
        // Everything else tells of an event.
    }
}

Result<> Qmp::send(std::string_view line, const Fd& file) const {
    iovec bytes{const_cast<char*>(line.data()), line.size()};
    msghdr message{};
    message.msg_iov = &bytes;
    message.msg_iovlen = 1;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    if (file) {
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        auto* const header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        const int descriptor = file.get();
        std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
    }
    // A command is far shorter than what a socket takes at once.
    const auto sent = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
    if (sent == std::ssize(line)) return {};
    return fail_errno(sent < 0 ? errno : EAGAIN, "cannot write to its device model");
}

Result<std::string> Qmp::next_line() {
    std::array<char, 4096> bytes;
    for (;;) {
        if (const auto end = received_.find('\n'); end != std::string::npos) {
            auto line = received_.substr(0, end);
            received_.erase(0, end + 1);
            return line;
        }
        if (received_.size() > limits::qmp_bytes)
            return fail(Reason::operation_failed, "its device model says too much");
        if (auto ready = wait_for_input(); !ready) return std::unexpected(std::move(ready.error()));
        const auto got = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
        if (got == 0) return fail(Reason::operation_failed, "its device model has hung up");
        if (got > 0) received_.append(bytes.data(), static_cast<std::size_t>(got));
        if (got < 0 && errno != EAGAIN && errno != EINTR)
            return fail_errno(errno, "cannot read from its device model");
    }
}

Result<> Qmp::wait_for_input() const {
    for (;;) {
        const auto left = std::chrono::ceil<milliseconds>(deadline_ - Clock::now());
        if (left <= milliseconds::zero())
            return fail(Reason::timed_out, "its device model does not answer within {} s",
                        std::chrono::duration_cast<seconds>(limits::qmp_answer).count());
        pollfd ready{.fd = socket_.get(), .events = POLLIN, .revents = 0};
        const int count = ::poll(&ready, 1, static_cast<int>(left.count()));
        if (count > 0) return {};
        if (count < 0 && errno != EINTR) return fail_errno(errno, "cannot wait for its device model");
    }
}

}  // namespace virtlight::xenlight
