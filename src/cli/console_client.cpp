// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/console_client.hpp"

#include <array>
#include <cerrno>
#include <csignal>

#include <boost/json.hpp>
#include <poll.h>
#include <unistd.h>

namespace virtlight::cli {

Result<std::vector<libvirt::ConsoleInfo>> list_consoles(libvirt::Client& client) {
    return client.call<std::vector<libvirt::ConsoleInfo>>(libvirt::own::list_consoles, libvirt::None(),
                                                          libvirt::program::virtlight);
}

boost::json::object as_object(const libvirt::ConsoleInfo& console) {
    boost::json::array boots;
    for (const auto& [number, began_ms, from, to] : console.boots)
        boots.push_back(
            boost::json::object{{"number", number}, {"began_ms", began_ms}, {"from", from}, {"to", to}});
    boost::json::array viewers;
    for (const auto& [name, writes, behind, missed] : console.viewers)
        viewers.push_back(
            boost::json::object{{"name", name}, {"writes", writes}, {"behind", behind}, {"missed", missed}});
    boost::json::array marks;
    for (const auto& [kind, at, time_ms] : console.marks)
        marks.push_back(boost::json::object{{"kind", kind}, {"at", at}, {"time_ms", time_ms}});
    boost::json::object object{{"domain", console.domain}, {"uuid", to_string(console.uuid)}};
    if (console.domid >= 0) object["domid"] = console.domid;
    object["console"] = console.name;
    object["attached"] = console.attached;
    object["released"] = console.released;
    object["boots"] = std::move(boots);
    object["viewers"] = std::move(viewers);
    object["marks"] = std::move(marks);
    return object;
}

Result<bool> wait_for_more(const libvirt::ClientStream& stream, int input, int patience) {
    // What nobody reads any more is told unasked, as POLLERR of a pipe and POLLHUP of a socket or a terminal.
    std::array<pollfd, 3> waiting{{{.fd = stream.descriptor(), .events = POLLIN, .revents = 0},
                                   {.fd = input, .events = POLLIN, .revents = 0},
                                   {.fd = STDOUT_FILENO, .events = 0, .revents = 0}}};
    if (::poll(waiting.data(), waiting.size(), patience) < 0 && errno != EINTR)
        return fail_errno(errno, "cannot wait for the daemon");
    if ((waiting[2].revents & (POLLERR | POLLHUP)) != 0) {
        ::raise(SIGPIPE);
        return fail_errno(EPIPE, "cannot write");
    }
    return waiting[1].revents != 0;
}

}  // namespace virtlight::cli
