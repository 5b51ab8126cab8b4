// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "async/task.hpp"
#include "domain/device.hpp"
#include "domain/device_edit.hpp"
#include "manager/core.hpp"

namespace virtlight::manager {

/// Has the guest's VNC server ask for the password that its definition shows, where nobody can be asked for
/// which one it does. A failure is logged. `domain` has a life.
async::Task<> settle_password(Core& core, DomainRef domain);

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
    async::Task<Result<>> edit(DomainRef domain, std::string xml, domain::DeviceEdit edit, Affects affects,
                               hypervisor::Operation operation);
    /// Of a device that can come and go in a definition alone.
    async::Task<Result<>> remove_by_alias(DomainRef domain, std::string alias, Affects affects);
    /// In KiB per second; 0: without bound. Of the interface nothing else is changed.
    async::Task<Result<>> set_nic_rate(DomainRef domain, domain::MacAddress mac, unsigned rate_kib,
                                       Affects affects, hypervisor::Operation operation);
    /// `disk` is a target or a path; without bytes it is all that its block device has.
    async::Task<Result<>> resize(DomainRef domain, std::string disk, std::optional<std::uint64_t> bytes,
                                 hypervisor::Operation operation);
    /// Of a guest whose devices were being changed when the daemon was killed: it has those that Xen tells
    /// of.
    async::Task<Result<>> look_again(DomainRef domain, hypervisor::LifeId life);

 private:
    using Change = std::function<Result<>(domain::Definition&)>;
    /// What is done to the guest's definition, and to the stored one: a device of a guest that runs may have
    /// a place that the next one will not have.
    struct Changes {
        Change guest;
        Change definition;
    };
    /// What is done to the guest.
    using Act = std::function<async::Task<Result<>>(hypervisor::DomId)>;

    /// Of the guest the device that is in the place of `device`; of the definition what `stored` does.
    async::Task<Result<>> replace(DomainRef domain, domain::Device device, Affects affects, Change stored,
                                  hypervisor::Operation operation);
    async::Task<Result<>> carry_out(DomainRef domain, Affects affects, Changes changes, Act act,
                                    std::optional<domain::EventKind> told);
    /// While it lasts, the life is noted as one whose devices are being changed. When it fails, the
    /// definition gets the devices that Xen tells of.
    async::Task<Result<>> change_guest(DomainRef domain, Change change, Act act,
                                       std::optional<domain::EventKind> told);
    async::Task<Result<>> change_screen(DomainRef domain, std::string xml, Affects affects,
                                        hypervisor::Operation operation);
    async::Task<bool> look_after_failure(DomainRef domain, hypervisor::LifeId life);
    async::Task<Result<std::optional<domain::Definition>>> look_at(DomainRef domain, hypervisor::LifeId life);
    /// A device that a guest is given.
    struct Giving {
        DomainRef domain;
        hypervisor::LifeId life{};
        domain::Device device;
        /// The hypervisor's, whatever else goes wrong; empty: it was not asked.
        std::optional<Result<>> answer{};

        bool lives() const { return domain->life && domain->life->id == life; }
        bool given_up() const;
    };
    async::Task<Result<>> give(std::shared_ptr<Giving> giving, hypervisor::DomId domid,
                               hypervisor::Operation operation);
    async::Task<> settle_taken(DomainRef domain, hypervisor::LifeId life, domain::PciDevice device,
                               Result<> attached, bool given_up);
    async::Task<Result<>> take_away(DomainRef domain, hypervisor::DomId domid, domain::Device device,
                                    hypervisor::Operation operation);

    async::Task<Result<>> store(DomainRef domain, domain::Definition definition);

    Core& core_;
};

}  // namespace virtlight::manager
