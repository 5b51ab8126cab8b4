// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <string_view>

#include "domain/definition.hpp"
#include "hypervisor/host_facts.hpp"

/// The guests that a host may run, as libvirt's documents call them.
namespace virtlight::libvirt {

struct GuestKind {
    std::string_view os_type;
    std::string_view machine;
    bool hypervisor::HostFacts::* available;
    bool emulated;  ///< it finds a PC
    domain::GuestType type;
};

inline constexpr std::array guest_kinds{
    GuestKind{"xen", "xenpv", &hypervisor::HostFacts::has_pv, false, domain::GuestType::pv},
    GuestKind{"hvm", "xenfv", &hypervisor::HostFacts::has_hvm, true, domain::GuestType::hvm},
    GuestKind{"xenpvh", "xenpvh", &hypervisor::HostFacts::has_pvh, false, domain::GuestType::pvh},
};

inline constexpr std::string_view guest_arch = "x86_64";
inline constexpr std::string_view guest_domain_type = "xen";

}  // namespace virtlight::libvirt
