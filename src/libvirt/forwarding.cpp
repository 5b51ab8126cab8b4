// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/forwarding.hpp"

#include <utility>

#include "libvirt/error.hpp"
#include "libvirt/modular_daemons.hpp"

namespace virtlight::libvirt {
namespace {

async::Task<Result<LateAnswer>> answered_when_watched(async::Task<Result<LateAnswer>> watched,
                                                      std::int32_t registration, Bytes answer) {
    auto agreed = co_await std::move(watched);
    if (!agreed) {
        auto error = encode(to_wire(agreed.error()));
        if (!error) co_return std::unexpected(std::move(error.error()));
        agreed = LateAnswer{.bytes = *std::move(error), .refused = true};
    }
    if (agreed->refused)
        agreed->unregistered = registration;
    else
        agreed->bytes = std::move(answer);
    co_return agreed;
}

std::unexpected<Error> nobody_serves(Served served, const Procedure& procedure) {
    return fail(Reason::no_support, "{}: {}", procedure.function, not_served(served).message);
}

}  // namespace

bool is_served(const Caller& caller, Served served) {
    return caller.daemons && caller.daemons->of(served).is_there();
}

Answer forward_to(Served served, const Procedure& procedure, Caller& caller, View payload) {
    if (!is_served(caller, served)) return nobody_serves(served, procedure);
    return caller.daemons->of(served).call({caller.id, caller.session.read_only()},
                                           static_cast<std::int32_t>(procedure.number),
                                           Bytes(payload.begin(), payload.end()));
}

Answer open_stream_at(Served served, const Procedure& procedure, Caller& caller, View payload) {
    if (!is_served(caller, served)) return nobody_serves(served, procedure);
    return caller.daemons->of(served).open_stream(static_cast<std::int32_t>(procedure.number),
                                                  Bytes(payload.begin(), payload.end()), caller.wake);
}

/// The client is answered when that daemon has agreed: from then on it misses nothing.
Answer register_at(Served served, Caller& caller, std::int32_t event, std::optional<Uuid> object) {
    const auto id = caller.subscriptions.add(served, event, object);
    if (!id) return std::unexpected(id.error());
    auto answer = encode(*id);
    if (!caller.daemons || !answer) return answer;
    return answered_when_watched(caller.daemons->of(served).watch(event), *id, *std::move(answer));
}

}  // namespace virtlight::libvirt
