// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/result.hpp"

#include <system_error>

namespace virtlight {

std::string_view to_string(Reason reason) {
    switch (reason) {
        case Reason::internal: return "internal error";
        case Reason::invalid_argument: return "invalid argument";
        case Reason::invalid_xml: return "invalid XML";
        case Reason::unsupported_config: return "unsupported configuration";
        case Reason::unsupported_argument: return "unsupported argument";
        case Reason::unsupported_operation: return "unsupported operation";
        case Reason::no_support: return "no support";
        case Reason::no_domain: return "no such domain";
        case Reason::no_device: return "no such device";
        case Reason::no_node_device: return "no such device of the host";
        case Reason::no_network: return "no such network";
        case Reason::no_storage_pool: return "no such storage pool";
        case Reason::no_storage_volume: return "no such storage volume";
        case Reason::no_interface: return "no such interface of the host";
        case Reason::no_network_filter: return "no such network filter";
        case Reason::no_filter_binding: return "no such binding of a network filter";
        case Reason::no_secret: return "no such secret";
        case Reason::domain_exists: return "domain exists";
        case Reason::invalid_state: return "invalid state";
        case Reason::operation_failed: return "operation failed";
        case Reason::timed_out: return "timed out";
        case Reason::cancelled: return "cancelled";
        case Reason::too_many: return "limit reached";
        case Reason::incompatible_cpu: return "incompatible processor";
        case Reason::no_metadata: return "no such metadata";
        case Reason::access_denied: return "access denied";
        case Reason::io: return "input/output error";
        case Reason::protocol: return "protocol error";
    }
    return "unknown";
}

std::string errno_text(int errno_value) {
    return std::generic_category().message(errno_value);
}

}  // namespace virtlight
