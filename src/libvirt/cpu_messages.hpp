// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "libvirt/messages.hpp"

/// As messages.hpp, of the procedures that compare processors.
namespace virtlight::libvirt {

struct CpusArgs {
    std::vector<std::string> xmls;
    std::uint32_t flags = 0;

    auto fields(this auto& self) { return std::tie(self.xmls, self.flags); }
    bool operator==(const CpusArgs&) const = default;
};

struct HypervisorCpuArgs {
    std::optional<std::string> emulator, arch, machine, virt_type;
    std::string xml;
    std::uint32_t flags = 0;

    auto fields(this auto& self) {
        return std::tie(self.emulator, self.arch, self.machine, self.virt_type, self.xml, self.flags);
    }
    bool operator==(const HypervisorCpuArgs&) const = default;
};

struct HypervisorCpusArgs {
    std::optional<std::string> emulator, arch, machine, virt_type;
    std::vector<std::string> xmls;
    std::uint32_t flags = 0;

    auto fields(this auto& self) {
        return std::tie(self.emulator, self.arch, self.machine, self.virt_type, self.xmls, self.flags);
    }
    bool operator==(const HypervisorCpusArgs&) const = default;
};

struct CpuModelsArgs {
    std::string arch;
    std::int32_t need_results = 0;
    std::uint32_t flags = 0;

    auto fields(this auto& self) { return std::tie(self.arch, self.need_results, self.flags); }
    bool operator==(const CpuModelsArgs&) const = default;
};

}  // namespace virtlight::libvirt
