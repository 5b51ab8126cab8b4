// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "hypervisor/port.hpp"
#include "xenlight/context.hpp"

namespace virtlight::xenlight {

/// What this machine lacks to be a Xen dom0 with its services running, in one line; empty if nothing. `root`
/// is where to look, for tests.
std::optional<std::string> missing_for_dom0(const std::filesystem::path& root = "/");

/// The program that is the device model; empty: it is not in its usual place. `root` as before.
std::string find_device_model(const std::filesystem::path& root = "/");

/// Asks Xen what it and the machine are.
Result<hypervisor::HostFacts> read_host_facts(Context& context);

/// A domain, but for its name.
hypervisor::DomainSeen seen(const libxl_dominfo& info);

/// All domains and the free memory. A few system calls, and a round trip to xenstored for each name.
Result<hypervisor::Snapshot> look(Context& context);

}  // namespace virtlight::xenlight
