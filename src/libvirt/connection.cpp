// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

#include <unistd.h>

#include "base/log.hpp"
#include "libvirt/calls.hpp"
#include "libvirt/flags.hpp"

namespace virtlight::libvirt::calls {

namespace {

constexpr std::string_view our_uri = "xen:///system";

/// The libvirt whose protocol and behaviour is followed: major * 1000000 + minor * 1000 + release.
constexpr std::uint64_t libvirt_version = 9'000'000;

constexpr std::int32_t no_authentication = 0;

// What clients ask about before they use it.
constexpr std::int32_t feature_typed_param_string = 9;
constexpr std::int32_t feature_keepalive = 10;
constexpr std::int32_t feature_event_callback = 14;
constexpr std::int32_t feature_close_callback = 15;
/// Without it a client swaps two arguments of virNetworkUpdate, as libvirt up to 7.1 expects them; what it
/// asks goes to the network daemon as it stands.
constexpr std::int32_t feature_network_update_in_order = 16;

}  // namespace

Result<std::vector<std::int32_t>> auth_list(Caller&, const None&) {
    return std::vector{no_authentication};
}

Result<> open(Caller& caller, const OpenArgs& args) {
    if (caller.session.opened()) return fail(Reason::internal, "the connection is open already");
    const auto uri = args.uri.value_or("");
    constexpr std::array uris{std::string_view(), std::string_view("xen://"), std::string_view("xen:///"),
                              our_uri};
    // Parameters of the URI ("?...") are for the client's own side.
    const auto path = std::string_view(uri).substr(0, uri.find('?'));
    if (std::ranges::find(uris, path) == uris.end()) {
        return fail(Reason::internal, "unexpected Xen URI '{}', try {}", uri, our_uri);
    }
    caller.session.open((args.flags & flag::open_read_only) != 0);
    return {};
}

Result<> close(Caller& caller, const None&) {
    caller.session.close();
    return {};
}

Result<std::string> type(Caller&, const None&) {
    return "Xen";
}

Result<std::uint64_t> version(Manager& manager, const None&) {
    const auto& host = manager.host();
    return host.version_major * std::uint64_t{1'000'000} + host.version_minor * std::uint64_t{1000};
}

Result<std::uint64_t> lib_version(Caller&, const None&) {
    return libvirt_version;
}

Result<std::string> hostname(Caller&, const None&) {
    std::array<char, 256> name{};
    if (gethostname(name.data(), name.size() - 1) != 0)
        return fail_errno(errno, "cannot read the host's name");
    return std::string(name.data());
}

Result<std::string> uri(Caller&, const None&) {
    return std::string(our_uri);
}

Result<bool> supports_feature(Caller& caller, std::int32_t feature) {
    switch (feature) {
        case feature_keepalive: caller.session.start_keepalive(); return true;
        case feature_typed_param_string:
        case feature_event_callback:
        case feature_close_callback:
        case feature_network_update_in_order: return true;
        default: return false;
    }
}

Result<bool> is_secure(Caller&, const None&) {
    return true;
}

/// A proxy in front of this daemon tells for whom it speaks. Rights are the socket's here, so that only the
/// log has use for it.
Result<> set_identity(Caller& caller, const IdentityArgs& args) {
    if (caller.uid != 0) return fail(Reason::access_denied, "only root may speak for another user");
    for (const auto& param : args.params) {
        if (const auto* const text = std::get_if<std::string>(&param.value)) {
            log::debug("client of pid {}: {} is {}", caller.pid, param.field, *text);
        }
    }
    return {};
}

/// The connection is closed with the daemon; there is nothing of which to tell the client first.
Result<> close_callback(Caller&, const None&) {
    return {};
}

}  // namespace virtlight::libvirt::calls
