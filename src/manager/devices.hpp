// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <variant>

#include "async/task.hpp"
#include "domain/device.hpp"
#include "manager/core.hpp"

namespace virtlight::manager {

/// A device of a domain: one in the same place, or the one that has an alias.
using DeviceNamed = std::variant<domain::Device, std::string>;

/// The jobs that give devices to a domain, take them away or change them. As operations.hpp has it. All that
/// is asked for is checked before anything is changed, and of the guest and the definition both are changed
/// or neither.
class Devices {
 public:
    explicit Devices(Core& core) : core_(core) {}

    async::Task<Result<>> attach(DomainRef domain, domain::Device device, Affects affects,
                                 hypervisor::Operation operation);
    async::Task<Result<>> detach(DomainRef domain, DeviceNamed device, Affects affects,
                                 hypervisor::Operation operation);
    async::Task<Result<>> update(DomainRef domain, domain::Device device, Affects affects,
                                 hypervisor::Operation operation);

 private:
    /// What is done to the definitions; the same for the guest's and the stored one.
    using Change = std::function<Result<>(domain::Definition&)>;
    /// What is done to the guest.
    using Act = std::function<async::Task<Result<>>(hypervisor::DomId)>;

    async::Task<Result<>> carry_out(DomainRef domain, Affects affects, Change change, Act act,
                                    std::optional<domain::EventKind> told);
    async::Task<> put_back(DomainRef domain);

    Core& core_;
};

}  // namespace virtlight::manager
