// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace virtlight {

/// What kind of failure it was, in the words of a caller who must decide what to do next.
/// The wire maps each to libvirt's number; nothing else depends on that mapping.
enum class Reason {
    internal,               ///< a broken promise of ours or of a library under us
    invalid_argument,       ///< an argument that can never be right
    invalid_xml,            ///< XML that cannot be read, or breaks the schema
    unsupported_config,     ///< a definition that is right, but not for this host
    unsupported_argument,   ///< a flag or parameter this operation does not know
    unsupported_operation,  ///< an operation that this kind of domain does not have
    no_support,             ///< a function that this daemon does not have
    no_domain,              ///< no such domain (any more)
    no_device,              ///< the domain has no such device
    no_node_device,         ///< the host has no such device
    no_network,             ///< no such network of libvirt's
    no_storage_pool,        ///< no such storage pool
    no_storage_volume,      ///< no such storage volume
    no_interface,           ///< no such interface of the host that libvirt manages
    no_network_filter,      ///< no such network filter
    no_filter_binding,      ///< no port with a network filter of this name
    no_secret,              ///< no such secret
    domain_exists,          ///< the name or uuid is taken
    invalid_state,          ///< not while the domain is in this state
    operation_failed,       ///< tried, and the hypervisor or the guest refused
    timed_out,              ///< the stated bound passed
    cancelled,              ///< ended because somebody asked for it
    too_many,               ///< a named limit is reached
    incompatible_cpu,       ///< the host's processor cannot do what is wanted
    no_metadata,            ///< the domain has no such metadata
    access_denied,          ///< the connection may not do this
    io,                     ///< the kernel refused a file or socket
    protocol,               ///< a message that breaks the wire's rules
};

std::string_view to_string(Reason reason);

/// A failure that can be shown to a person as it stands: the message is a sentence that names the operation,
/// the object and the cause. `details` are the lines that a lower layer (libxl) wrote about it, oldest first.
struct Error {
    Reason reason;
    std::string message;
    std::vector<std::string> details{};

    bool operator==(const Error&) const = default;
};

template <class T = void>
using Result = std::expected<T, Error>;

/// `return fail(Reason::no_domain, "no domain with name '{}'", name);`
template <class... Args>
[[nodiscard]] std::unexpected<Error> fail(Reason reason, fmt::format_string<Args...> text, Args&&... args) {
    return std::unexpected(Error{reason, fmt::format(text, std::forward<Args>(args)...)});
}

std::string errno_text(int errno_value);

/// The failure of a system call: "<text>: <errno_text(errno_value)>".
template <class... Args>
[[nodiscard]] std::unexpected<Error> fail_errno(int errno_value, fmt::format_string<Args...> text,
                                                Args&&... args) {
    return std::unexpected(Error{
        Reason::io,
        fmt::format("{}: {}", fmt::format(text, std::forward<Args>(args)...), errno_text(errno_value))});
}

}  // namespace virtlight
