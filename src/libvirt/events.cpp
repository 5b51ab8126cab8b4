// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/calls.hpp"

namespace virtlight::libvirt::calls {

namespace {

constexpr std::int32_t lifecycle_event = 0;

}  // namespace

/// The oldest style of all, for lifecycle events only. What it answers, clients ignore.
Result<bool> register_lifecycle(Caller& caller, const None&) {
    const auto added = caller.subscriptions.add_legacy(lifecycle_event);
    if (!added) return std::unexpected(added.error());
    return true;
}

Result<bool> deregister_lifecycle(Caller& caller, const None&) {
    const auto removed = caller.subscriptions.remove_legacy(lifecycle_event);
    if (!removed) return std::unexpected(removed.error());
    return false;
}

Result<> register_legacy(Caller& caller, std::int32_t event) {
    return caller.subscriptions.add_legacy(event);
}

Result<> deregister_legacy(Caller& caller, std::int32_t event) {
    return caller.subscriptions.remove_legacy(event);
}

Result<std::int32_t> register_domain(Caller& caller, const RegisterArgs<Domain>& args) {
    std::optional<Uuid> only;
    if (args.object) only = args.object->uuid;
    return caller.subscriptions.add(args.event, only);
}

Result<> deregister(Caller& caller, std::int32_t callback_id) {
    return caller.subscriptions.remove(callback_id);
}

}  // namespace virtlight::libvirt::calls
