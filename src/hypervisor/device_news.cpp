// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hypervisor/device_news.hpp"

#include <array>
#include <cerrno>
#include <utility>

#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/limits.hpp"
#include "base/log.hpp"

namespace virtlight::hypervisor {

Result<Fd> open_device_messages() {
    constexpr unsigned from_the_kernel = 1;  // the group; udev's own messages have another one
    Fd socket(::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT));
    if (!socket) return fail_errno(errno, "cannot make a socket for the kernel's messages about devices");
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    address.nl_groups = from_the_kernel;
    if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return fail_errno(errno, "cannot listen to the kernel's messages about devices");
    return socket;
}

DeviceNews::DeviceNews(async::FdScheduler& loop, Open open) : loop_(loop), open_(std::move(open)) {}

DeviceNews::~DeviceNews() {
    stop();
}

void DeviceNews::on_news(std::function<void()> again) {
    stop();
    again_ = std::move(again);
    if (!again_) return;
    const auto listening = listen();
    if (listening) return;
    if (!std::exchange(said_, true))
        log::warning("the host's devices are looked at every {} s while clients want to be told of them: {}",
                     limits::device_news_rest.count(), listening.error().message);
    tell_regularly();
}

Result<> DeviceNews::listen() {
    auto opened = open_();
    if (!opened) return std::unexpected(opened.error());
    messages_ = *std::move(opened);
    messages_.keep_from_children();
    watch_ = loop_.watch(messages_.get(), POLLIN, [this](short) { take_messages(); });
    if (watch_) return {};
    const int why = errno;
    messages_.reset();
    return fail_errno(why, "cannot watch for the kernel's messages about devices");
}

/// What they say is not looked at: whoever hears of them looks at the devices. More than the socket holds are
/// told as an error, once, and are news like the others.
void DeviceNews::take_messages() {
    std::array<char, 1> first;
    for (int taken = 0; taken < limits::device_messages_at_once; ++taken)
        if (::recv(messages_.get(), first.data(), first.size(), MSG_DONTWAIT) < 0 && errno != ENOBUFS) break;
    again_();
}

void DeviceNews::tell_regularly() {
    timer_ = loop_.call_at(loop_.now() + limits::device_news_rest, [this] {
        tell_regularly();
        again_();
    });
}

void DeviceNews::stop() {
    if (watch_) loop_.unwatch(std::exchange(watch_, {}));
    loop_.cancel(std::exchange(timer_, {}));
    messages_.reset();
    again_ = nullptr;
}

}  // namespace virtlight::hypervisor
