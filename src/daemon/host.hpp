// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "async/blocking.hpp"
#include "async/scheduler.hpp"
#include "base/result.hpp"
#include "daemon/settings.hpp"
#include "hypervisor/port.hpp"

namespace virtlight::daemon {

/// The hypervisor that the settings choose, with what it stands on.
class Host {
 public:
    virtual ~Host() = default;
    virtual hypervisor::Hypervisor& hypervisor() = 0;
    /// The id of this boot of the host. Empty where it cannot be read, and nothing is autostarted then.
    virtual std::string boot() const = 0;
    /// The folder in which whoever reads a guest's tty locks a file.
    virtual std::filesystem::path console_locks() const = 0;
};

/// Whether this machine has what the settings choose; without a choice that is Xen. The error says in one
/// line what is missing, and what there is instead. Blocks; nothing is made for it.
Result<> check_host(const Settings& settings);

/// Once check_host() has found nothing missing. Blocks; the arguments must outlive the host.
Result<std::unique_ptr<Host>> open_host(const Settings& settings, async::FdScheduler& core,
                                        async::Blocking& blocking);

}  // namespace virtlight::daemon
