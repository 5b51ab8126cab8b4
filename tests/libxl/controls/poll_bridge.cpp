// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libxl/controls/poll_bridge.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

#include <poll.h>

namespace virtlight::fake {

void PollBridge::wait() {
    // Time may be made to pass without poll(2) hearing of it.
    constexpr int longest_ms = 20;
    std::array<pollfd, 32> fds;
    int count = fds.size() - 1;
    int timeout_ms = longest_ms;
    timeval now{};
    ::gettimeofday(&now, nullptr);
    if (libxl_osevent_beforepoll(context(), &count, fds.data(), &timeout_ms, now) != 0) std::abort();
    const auto own = static_cast<std::size_t>(count);
    fds[own] = {wake_fd(), POLLIN, 0};
    if (timeout_ms < 0) timeout_ms = longest_ms;
    ::poll(fds.data(), own + 1, std::min(timeout_ms, longest_ms));
    ::gettimeofday(&now, nullptr);
    libxl_osevent_afterpoll(context(), count, fds.data(), now);
}

}  // namespace virtlight::fake
