// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/error.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/utf8.hpp"
#include "domain/text.hpp"

namespace virtlight::libvirt {

namespace {

// Where an error comes from, in libvirt's numbers.
constexpr std::int32_t from_xml = 5;
constexpr std::int32_t from_rpc = 7;
constexpr std::int32_t from_storage = 18;
constexpr std::int32_t from_networks = 19;
constexpr std::int32_t from_node_devices = 22;
constexpr std::int32_t from_interfaces = 26;
constexpr std::int32_t from_secrets = 30;
constexpr std::int32_t from_cpu = 31;
constexpr std::int32_t from_network_filters = 33;
constexpr std::int32_t from_libxl = 41;

constexpr std::int32_t level_error = 2;

struct Mapping {
    Reason reason;
    std::int32_t code;
    std::string_view opening;
    std::int32_t domain = from_libxl;
};

// Of several with one number, the first is what from_wire() gives.
constexpr std::array mappings{
    Mapping{Reason::internal, 1, "internal error: "},
    Mapping{Reason::no_support, 3, "this function is not supported by the connection driver: "},
    Mapping{Reason::invalid_argument, 8, "invalid argument: "},
    Mapping{Reason::operation_failed, 9, "operation failed: "},
    Mapping{Reason::domain_exists, 9, "operation failed: "},
    Mapping{Reason::too_many, 9, "operation failed: "},
    Mapping{Reason::invalid_xml, 27, "XML error: ", from_xml},
    Mapping{Reason::access_denied, 29, "operation forbidden: "},
    Mapping{Reason::io, 38, ""},
    // Clients recognise a procedure that the daemon does not know by the first words of the message.
    Mapping{Reason::protocol, 39, "", from_rpc},
    Mapping{Reason::no_domain, 42, "Domain not found: "},
    Mapping{Reason::no_network, 43, "Network not found: ", from_networks},
    Mapping{Reason::no_storage_pool, 49, "Storage pool not found: ", from_storage},
    Mapping{Reason::no_storage_volume, 50, "Storage volume not found: ", from_storage},
    Mapping{Reason::no_node_device, 53, "Node device not found: ", from_node_devices},
    Mapping{Reason::invalid_state, 55, "Requested operation is not valid: "},
    Mapping{Reason::no_interface, 57, "Interface not found: ", from_interfaces},
    Mapping{Reason::no_network_filter, 62, "Network filter not found: ", from_network_filters},
    Mapping{Reason::no_secret, 66, "Secret not found: ", from_secrets},
    Mapping{Reason::unsupported_config, 67, "unsupported configuration: "},
    Mapping{Reason::timed_out, 68, "Timed out during operation: "},
    Mapping{Reason::unsupported_argument, 74, "argument unsupported: "},
    Mapping{Reason::cancelled, 78, "operation aborted: "},
    Mapping{Reason::no_metadata, 80, "metadata not found: "},
    Mapping{Reason::incompatible_cpu, 91, "the CPU is incompatible with host CPU: ", from_cpu},
    Mapping{Reason::no_device, 99, "device not found: "},
    Mapping{Reason::no_filter_binding, 101, "Network filter binding not found: ", from_network_filters},
    Mapping{Reason::unsupported_operation, 84, "Operation not supported: "},
};

std::string first_line(std::string_view text) {
    return std::string(text.substr(0, text.find('\n')));
}

/// As to_wire() puts them behind the message.
std::vector<std::string> further_lines(std::string_view text) {
    std::vector<std::string> lines;
    for (auto end = text.find('\n'); end != text.npos; end = text.find('\n')) {
        text.remove_prefix(end + 1);
        lines.push_back(first_line(text));
    }
    return lines;
}

}  // namespace

WireError to_wire(const Error& error) {
    const auto found = std::ranges::find(mappings, error.reason, &Mapping::reason);
    const auto& mapping = found != mappings.end() ? *found : mappings.front();
    std::string message = fmt::format("{}{}", mapping.opening, error.message);
    for (const auto& line : error.details)
        message += "\n" + line;
    // One that is too long to be sent would tell nothing, and of one that is not UTF-8 a client in Python
    // tells only that.
    message = domain::as_utf8(message);
    message.resize(cut_to(message, limits::wire_string).size());
    return {
        .code = mapping.code, .domain = mapping.domain, .message = std::move(message), .level = level_error};
}

Error from_wire(const WireError& error) {
    const auto found = std::ranges::find(mappings, error.code, &Mapping::code);
    const auto reason = found != mappings.end() ? found->reason : Reason::operation_failed;
    std::string message = error.message.value_or("");
    if (found != mappings.end() && message.starts_with(found->opening)) {
        message.erase(0, found->opening.size());
    }
    return {.reason = reason, .message = first_line(message), .details = further_lines(message)};
}

}  // namespace virtlight::libvirt
