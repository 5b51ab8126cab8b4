// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "hypervisor/port.hpp"
#include "libvirt/guest_kinds.hpp"
#include "libvirt/messages.hpp"

namespace virtlight::libvirt {

/// libvirt's capabilities document: the host, and the kinds of guests that it runs.
std::string capabilities_xml(const hypervisor::HostFacts& host);

/// libvirt's short name of a processor's maker (Intel, AMD, Hygon); any other maker's name as the processor
/// has it.
std::string_view vendor_of(const hypervisor::CpuModel& cpu);

/// The kind of guest that is meant. Errors as domain_capabilities_xml().
Result<const GuestKind*> guest_kind(const hypervisor::HostFacts& host, const DomainCapabilitiesArgs& args);

/// What a guest of one kind may have. Without a machine: the first kind that the host runs.
/// invalid_argument: the host has no guests of this architecture, type or machine.
Result<std::string> domain_capabilities_xml(const hypervisor::HostFacts& host,
                                            const DomainCapabilitiesArgs& args);

}  // namespace virtlight::libvirt
