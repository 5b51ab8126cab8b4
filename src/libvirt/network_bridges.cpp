// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/network_bridges.hpp"

#include <utility>

#include "async/bounded.hpp"
#include "base/limits.hpp"
#include "libvirt/error.hpp"
#include "libvirt/messages.hpp"

namespace virtlight::libvirt {

using async::CancelToken;
using async::Task;

namespace {

enum NetworkCall : std::int32_t { get_bridge_name = 45, look_up_by_name = 46, is_active = 152 };

/// The daemon has not answered.
Error unanswered(const std::string& network, Error why) {
    why.message = fmt::format("the bridge of network '{}' is not known: {}", network, why.message);
    return why;
}

/// It has: this.
Error answered(const std::string& network, Error what) {
    what.message = fmt::format("network '{}': {}", network, what.message);
    return what;
}

Error refusal_of(const std::string& network, View answer) {
    const auto error = decode<WireError>(answer);
    return answered(network, error ? from_wire(*error) : error.error());
}

}  // namespace

NetworkBridges::NetworkBridges(async::Scheduler& scheduler, Ask ask)
    : scheduler_(scheduler), ask_(std::move(ask)) {}

Task<Result<std::string>> NetworkBridges::bridge_of(std::string network, CancelToken cancel) {
    const Found found;
    const auto patience = seconds(limits::network_answer);
    auto late = unanswered(
        network, {Reason::timed_out,
                  fmt::format("libvirt's network daemon has not answered within {} s", patience.count())});
    scope_.spawn(look_up(std::move(network), found));
    co_return co_await async::bounded(scheduler_, found, patience, std::move(late), std::move(cancel));
}

Task<> NetworkBridges::look_up(std::string network, Found found) {
    auto bridge = co_await ask_for_bridge(std::move(network));
    found.set(std::move(bridge));
}

Task<Result<std::string>> NetworkBridges::ask_for_bridge(std::string network) {
    const auto known = co_await asked<NamedUuid>(network, look_up_by_name, encode(network));
    if (!known) co_return std::unexpected(known.error());
    // One that is not active may tell its bridge all the same, which is not there.
    const auto active = co_await asked<std::int32_t>(network, is_active, encode(*known));
    if (!active) co_return std::unexpected(active.error());
    if (*active == 0)
        co_return fail(Reason::invalid_state, "network '{0}' is not active: `virsh net-start {0}` starts it",
                       network);
    auto bridge = co_await asked<std::string>(network, get_bridge_name, encode(*known));
    // So libvirt says that its guests hang on something else.
    if (!bridge && bridge.error().reason == Reason::internal)
        co_return fail(Reason::unsupported_config, "{}: Xen connects guests to bridges alone",
                       bridge.error().message);
    if (bridge && bridge->empty())
        co_return fail(Reason::unsupported_config,
                       "network '{}' has no bridge, and Xen connects guests to bridges alone", network);
    co_return bridge;
}

template <class Answer>
Task<Result<Answer>> NetworkBridges::asked(std::string network, std::int32_t procedure,
                                           Result<Bytes> question) {
    if (!question) co_return std::unexpected(answered(network, std::move(question.error())));
    const auto answer = co_await ask_(procedure, *std::move(question));
    if (!answer) co_return std::unexpected(unanswered(network, answer.error()));
    if (answer->refused) co_return std::unexpected(refusal_of(network, answer->bytes));
    auto read = decode<Answer>(answer->bytes);
    if (!read) co_return std::unexpected(answered(network, std::move(read.error())));
    co_return read;
}

}  // namespace virtlight::libvirt
