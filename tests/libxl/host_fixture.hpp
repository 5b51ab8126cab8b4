// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "libxl/host.hpp"

namespace virtlight::fake {

class HostTest : public ::testing::Test {
 protected:
    Pending<Result<>> start_shutdown(unsigned domid) { return start_shutdown(domid, host_.operation()); }
    Pending<Result<>> start_shutdown(unsigned domid, const async::CancelSource& stop) {
        return start_shutdown(domid, host_.operation(stop));
    }
    Pending<Result<>> start_shutdown(unsigned domid, hypervisor::Operation operation) {
        return host_.start(host_.hypervisor().request_shutdown(domid, hypervisor::ShutdownMethod::paravirtual,
                                                               std::move(operation)));
    }
    /// The request has reached the guest.
    bool asked(unsigned domid, const std::string& request = "poweroff") {
        return host_.until([&] { return host_.guests().request(domid) == request; });
    }
    /// And libxl waits for the answer: what the same context is asked next is answered after it.
    bool awaited(unsigned domid) {
        const auto later = host_.start(host_.hypervisor().pause(domid, host_.operation()));
        return asked(domid) && host_.until([&] { return later->has_value(); });
    }
    /// It does not end by itself.
    template <class T>
    bool waits(const Pending<T>& pending) {
        return !host_.until([&] { return pending->has_value(); }, milliseconds(50));
    }
    template <class T>
    static std::optional<Reason> reason(const Result<T>& result) {
        return result ? std::nullopt : std::optional(result.error().reason);
    }
    std::optional<hypervisor::DomainSeen> seen(unsigned domid) {
        const auto snapshot = host_.run(host_.hypervisor().look());
        if (!snapshot) return std::nullopt;
        const auto found = std::ranges::find(snapshot->domains, domid, &hypervisor::DomainSeen::domid);
        return found == snapshot->domains.end() ? std::nullopt : std::optional(*found);
    }

    /// Neither Xen nor xenstored knows of any guest.
    bool no_guest_is_left() {
        return host_.until([&] {
            return host_.xen().list().size() == 1 && host_.xenstore().children("/local/domain").size() == 1 &&
                   host_.xenstore().children("/libxl").empty();
        });
    }

    Host host_;
};

}  // namespace virtlight::fake
