// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/waits.hpp"

#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "base/limits.hpp"
#include "cli/domains.hpp"
#include "domain/state.hpp"
#include "libvirt/client.hpp"

namespace virtlight::cli {
namespace {

double seconds_of(Duration patience) {
    return std::chrono::duration<double>(patience).count();
}

/// A domain that is waited for, and the connection over which it is asked for.
class Awaited {
 public:
    Awaited(libvirt::Client client, std::string name) : client_(std::move(client)), name_(std::move(name)) {}

    /// Its state now. One that is gone, and that the same daemon has shown before, is shut off. no_domain: it
    /// has not; all other failures are of the connection, or of a daemon that stops.
    Result<domain::State> state() {
        if (!client_) return std::unexpected(client_.error());
        if (!uuid_) {
            const auto found = find_domain(*client_, name_);
            if (!found) return std::unexpected(found.error());
            uuid_ = *found;
        }
        const auto info = info_of(*client_, *uuid_);
        if (!info && info.error().reason == Reason::no_domain && seen_) return domain::State::shutoff;
        if (!info) return std::unexpected(info.error());
        seen_ = true;
        return static_cast<domain::State>(info->state);
    }

    /// Goes on with the daemon that is there now, if one is. What that does not know may run all the same: it
    /// shows no guest of another tool's before it can describe it.
    void connect_anew(const std::filesystem::path& socket, Time deadline) {
        client_ = libvirt::Client::connect(socket, true, deadline);
        seen_ = false;
    }

 private:
    Result<libvirt::Client> client_;
    std::string name_;
    std::optional<Uuid> uuid_;
    bool seen_ = false;
};

std::string why_not_off(const Result<domain::State>& state) {
    if (state) return fmt::format("is {}, and not shut off", domain::to_string(*state));
    return fmt::format("is not known to be shut off ({})", state.error().message);
}

}  // namespace

Result<std::string> wait_ready(const std::filesystem::path& socket, Duration patience, bool json) {
    const auto end = Clock::now() + patience;
    for (;;) {
        const auto client = libvirt::Client::connect(socket, true, end);
        if (client) return std::string(json ? "{\"ready\":true}\n" : "");
        if (Clock::now() + limits::ready_again > end)
            return fail(Reason::timed_out, "no answer within {} s: {}", seconds_of(patience),
                        client.error().message);
        std::this_thread::sleep_for(limits::ready_again);
    }
}

Result<std::string> wait_off(const std::filesystem::path& socket, const std::string& name, Duration patience,
                             bool json) {
    const auto end = Clock::now() + patience;
    const auto last_answer = end + limits::off_answer;
    auto client = libvirt::Client::connect(socket, true, last_answer);
    if (!client) return std::unexpected(client.error());
    Awaited awaited(*std::move(client), name);
    for (;;) {
        const auto state = awaited.state();
        if (state == domain::State::shutoff) return std::string(json ? "{\"off\":true}\n" : "");
        if (!state && state.error().reason == Reason::no_domain) return std::unexpected(state.error());
        if (Clock::now() + limits::off_again > end)
            return fail(Reason::timed_out, "domain '{}' {} within {} s", name, why_not_off(state),
                        seconds_of(patience));
        std::this_thread::sleep_for(limits::off_again);
        if (!state) awaited.connect_anew(socket, last_answer);
    }
}

}  // namespace virtlight::cli
