// SPDX-License-Identifier: LGPL-2.1-or-later
#include <functional>
#include <utility>

#include "domain/device_edit.hpp"
#include "manager/affects.hpp"
#include "manager/host_device_use.hpp"
#include "manager/manager_impl.hpp"

/// The manager's jobs on a guest that runs, besides starting, pausing and ending it.
namespace virtlight::manager {

using async::Task;
using hypervisor::Operation;

namespace {

/// Whether the alias is that of a device which comes and goes in a definition alone.
bool is_of_definition_only(const Domain& domain, std::string_view alias) {
    const auto has = [&](const domain::Definition& definition) {
        return domain::has_alias_of_definition_only(definition, alias);
    };
    return (domain.stored && has(*domain.stored)) || (domain.life && has(domain.life->definition));
}

}  // namespace

Task<Result<>> Manager::reboot(Uuid uuid, std::optional<hypervisor::ShutdownMethod> method) {
    return impl_->change(JobKind::reboot, uuid,
                         [impl = impl_.get(), method](DomainRef domain, Operation operation) {
                             return impl->guests.reboot(std::move(domain), method, std::move(operation));
                         });
}

Task<Result<>> Manager::reset(Uuid uuid) {
    return impl_->change(JobKind::reset, uuid, std::bind_front(&Guests::reset, &impl_->guests));
}

Task<Result<>> Manager::inject_nmi(Uuid uuid) {
    return impl_->change(JobKind::inject_nmi, uuid, std::bind_front(&Guests::inject_nmi, &impl_->guests));
}

Task<Result<>> Manager::send_keys(Uuid uuid, hypervisor::KeyPress press) {
    return impl_->change(
        JobKind::send_keys, uuid,
        [impl = impl_.get(), press = std::move(press)](DomainRef domain, Operation operation) mutable {
            return impl->guests.send_keys(std::move(domain), std::move(press), std::move(operation));
        });
}

Task<Result<>> Manager::set_memory(Uuid uuid, std::uint64_t memory_kib, Affects affects) {
    return impl_->change(JobKind::set_memory, uuid,
                         [impl = impl_.get(), memory_kib, affects](DomainRef domain, Operation operation) {
                             return impl->tuning.set_memory(std::move(domain), memory_kib, affects,
                                                            std::move(operation));
                         });
}

Task<Result<>> Manager::set_memory_max(Uuid uuid, std::uint64_t memory_kib, Affects affects) {
    return impl_->change(JobKind::set_memory, uuid,
                         [impl = impl_.get(), memory_kib, affects](DomainRef domain, Operation operation) {
                             return impl->tuning.set_memory_max(std::move(domain), memory_kib, affects,
                                                                std::move(operation));
                         });
}

Task<Result<>> Manager::set_vcpus(Uuid uuid, unsigned vcpus, Affects affects) {
    return impl_->change(JobKind::set_vcpus, uuid,
                         [impl = impl_.get(), vcpus, affects](DomainRef domain, Operation operation) {
                             return impl->tuning.set_vcpus(std::move(domain), vcpus, affects,
                                                           std::move(operation));
                         });
}

Task<Result<>> Manager::set_vcpus_max(Uuid uuid, unsigned vcpus, Affects affects) {
    return impl_->change(JobKind::set_vcpus, uuid,
                         [impl = impl_.get(), vcpus, affects](DomainRef domain, Operation) {
                             return impl->tuning.set_vcpus_max(std::move(domain), vcpus, affects);
                         });
}

Task<Result<>> Manager::attach_device(Uuid uuid, domain::Device device, Affects affects) {
    return impl_->change(JobKind::attach_device, uuid,
                         [impl = impl_.get(), device = std::move(device), affects](
                             DomainRef domain, Operation operation) mutable {
                             return impl->attach_device(std::move(domain), std::move(device), affects,
                                                        std::move(operation));
                         });
}

/// A USB device is found first, if a guest that runs is to get it. What is stored says what it was found by.
Task<Result<>> Manager::Impl::attach_device(DomainRef domain, domain::Device device, Affects affects,
                                            Operation operation) {
    const auto settled = settle(*domain, affects);
    const auto* const usb = std::get_if<domain::UsbDevice>(&device);
    if (settled && settled->guest && usb && usb->id) {
        const auto found = co_await find_usb_devices(core, {.devices = {*usb}});
        if (!found) co_return std::unexpected(found.error());
        device = found->devices.front();
    }
    auto attached = co_await devices.attach(domain, std::move(device), affects, std::move(operation));
    if (domain->stored) domain->stored->usb = without_found_addresses(std::move(domain->stored->usb));
    co_return attached;
}

Task<Result<>> Manager::detach_device(Uuid uuid, domain::Device like, Affects affects) {
    return impl_->detach_device(uuid, std::move(like), affects);
}

Task<Result<>> Manager::detach_device(Uuid uuid, std::string alias, Affects affects) {
    return impl_->detach_device(uuid, std::move(alias), affects);
}

Task<Result<>> Manager::Impl::detach_device(Uuid uuid, DeviceNamed named, Affects affects) {
    return change(JobKind::detach_device, uuid,
                  [this, named = std::move(named), affects](DomainRef domain, Operation operation) mutable {
                      auto* const alias = std::get_if<std::string>(&named);
                      if (alias && is_of_definition_only(*domain, *alias))
                          return devices.remove_by_alias(std::move(domain), std::move(*alias), affects);
                      return devices.detach(std::move(domain), std::move(named), affects,
                                            std::move(operation));
                  });
}

Task<Result<>> Manager::update_device(Uuid uuid, domain::Device device, Affects affects) {
    return impl_->change(JobKind::update_device, uuid,
                         [impl = impl_.get(), device = std::move(device), affects](
                             DomainRef domain, Operation operation) mutable {
                             return impl->devices.update(std::move(domain), std::move(device), affects,
                                                         std::move(operation));
                         });
}

Task<Result<>> Manager::set_nic_rate(Uuid uuid, domain::MacAddress mac, unsigned rate_kib, Affects affects) {
    return impl_->change(
        JobKind::update_device, uuid,
        [impl = impl_.get(), mac, rate_kib, affects](DomainRef domain, Operation operation) mutable {
            return impl->devices.set_nic_rate(std::move(domain), mac, rate_kib, affects,
                                              std::move(operation));
        });
}

Task<Result<>> Manager::resize_disk(Uuid uuid, std::string disk, std::optional<std::uint64_t> bytes) {
    return impl_->change(
        JobKind::resize_disk, uuid,
        [impl = impl_.get(), disk = std::move(disk), bytes](DomainRef domain, Operation operation) mutable {
            return impl->devices.resize(std::move(domain), std::move(disk), bytes, std::move(operation));
        });
}

Task<Result<>> Manager::rename(Uuid uuid, std::string name) {
    return impl_->change(
        JobKind::rename, uuid,
        [impl = impl_.get(), name = std::move(name)](DomainRef domain, Operation operation) mutable {
            return impl->renaming.rename(std::move(domain), std::move(name), std::move(operation));
        });
}

Task<Result<>> Manager::dump_core(Uuid uuid, std::filesystem::path path, DumpOptions options) {
    return impl_->change(
        JobKind::dump_core, uuid,
        [impl = impl_.get(), path = std::move(path), options](DomainRef domain, Operation operation) mutable {
            return impl->guests.dump_core(std::move(domain), std::move(path), options, std::move(operation));
        });
}

Task<Result<>> Manager::sleep(Uuid uuid) {
    return impl_->change(JobKind::sleep, uuid, std::bind_front(&Guests::sleep, &impl_->guests));
}

Task<Result<>> Manager::wake(Uuid uuid) {
    return impl_->change(JobKind::wake, uuid, std::bind_front(&Guests::wake, &impl_->guests));
}

}  // namespace virtlight::manager
