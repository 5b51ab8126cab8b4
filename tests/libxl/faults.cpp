// SPDX-License-Identifier: LGPL-2.1-or-later
// Faults of libxl's own (4.17, and the same code in later releases), each in the few calls that show it.

#include <fcntl.h>

#include "libxl/bench.hpp"

extern "C" {
#include <xen/io/xs_wire.h>
}

namespace virtlight::fake {
namespace {

/// The head of the image cannot be written: libxl ends a helper that it has not started, by a null pointer.
void a_save_to_a_full_device(Bench& bench) {
    const Fd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
    const auto domid = bench.machine.add("guest");
    auto& save = bench.start("save", [&](libxl_ctx* ctx, const libxl_asyncop_how* how) {
        return libxl_domain_suspend(ctx, domid, full.get(), 0, how);
    });
    Bench::wait([&] { return save.ends > 0 || save.refused; });
}

/// libxl takes back a watch that it has never had, on a path that is null.
void a_shutdown_that_xenstored_leaves(Bench& bench) {
    const auto domid = bench.machine.add("guest");
    bench.machine.xenstore.hold([](const Message& message) {
        return message.type == XS_WATCH && message.payload.contains("/control/shutdown");
    });
    const std::jthread end([&] {
        Bench::wait([&] { return bench.machine.xenstore.held() > 0; });
        bench.machine.xenstore.die();
    });
    bench.shut_down(domid);
}

}  // namespace

const std::vector<Scenario>& faults() {
    static const std::vector<Scenario> all = {
        {"ASaveToAFullDevice", a_save_to_a_full_device},
        {"AShutdownThatXenstoredLeaves", a_shutdown_that_xenstored_leaves},
    };
    return all;
}

}  // namespace virtlight::fake
