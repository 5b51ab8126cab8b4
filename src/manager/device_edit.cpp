// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/device_edit.hpp"

#include <string>
#include <string_view>
#include <utility>

#include "domain/text.hpp"
#include "manager/affects.hpp"
#include "manager/devices.hpp"
#include "manager/manager_impl.hpp"

/// Devices that come and go in a definition alone.
namespace virtlight::manager {
namespace {

JobKind kind_of(domain::DeviceEdit edit) {
    switch (edit) {
        case domain::DeviceEdit::add: return JobKind::attach_device;
        case domain::DeviceEdit::remove: return JobKind::detach_device;
        case domain::DeviceEdit::change: break;
    }
    return JobKind::update_device;
}

/// Why libxl gives a guest that runs no such device, where there is more to say of it.
std::string why_not_live(std::string_view element) {
    if (element == "input")
        return ": those on Xen's bus come and go with <graphics>, whose device model serves them, and "
               "emulated ones are given to that at its start";
    if (element == "tpm")
        return ": one of Xen's is emulated by another domain, for which <tpm> has no words; it is a setting, "
               "'vtpm'";
    if (element == "filesystem")
        return ": libxl has no call that gives one to a guest that runs, so that one which is taken away "
               "could not come back";
    if (element == "channel") return ": libxl has no call that gives one to a guest that runs, or takes it";
    if (element == "sound")
        return ": emulated ones are given to the device model at its start, and for Xen's own neither Linux "
               "nor QEMU has a backend";
    if (element == "video")
        return ": adapters are given to the device model at its start, and a display that another domain "
               "serves is a setting, 'vdispl'";
    return {};
}

}  // namespace

async::Task<Result<>> Devices::edit(DomainRef domain, std::string xml, domain::DeviceEdit edit, Affects asked,
                                    hypervisor::Operation operation) {
    const auto affects = settle(*domain, asked);
    if (!affects) co_return std::unexpected(affects.error());
    const auto element = domain::device_element(xml);
    if (affects->guest && element == "graphics" && edit == domain::DeviceEdit::change)
        co_return co_await change_screen(domain, std::move(xml), *affects, std::move(operation));
    if (affects->guest)
        co_return fail(Reason::unsupported_config,
                       "device <{}> cannot be added, changed or removed while the guest runs{}; what a "
                       "definition may have of it can for the next start (--config)",
                       domain::shown(element), why_not_live(element));
    auto edited = domain::edit_device(*domain->stored, xml, edit);
    if (!edited) co_return std::unexpected(std::move(edited.error()));
    co_return co_await store(domain, *std::move(edited));
}

async::Task<Result<>> Devices::remove_by_alias(DomainRef domain, std::string alias, Affects asked) {
    const auto affects = settle(*domain, asked);
    if (!affects) co_return std::unexpected(affects.error());
    if (affects->guest)
        co_return fail(Reason::unsupported_config,
                       "the device with alias '{}' cannot be removed while the guest runs, but from its "
                       "definition, for the next start (--config)",
                       domain::shown(alias));
    auto edited = domain::remove_by_alias(*domain->stored, alias);
    if (!edited) co_return std::unexpected(std::move(edited.error()));
    co_return co_await store(domain, *std::move(edited));
}

async::Task<Result<>> Devices::store(DomainRef domain, domain::Definition definition) {
    auto written = co_await core_.store.save(to_store(*domain, definition));
    if (!written) co_return written;
    domain->stored = std::move(definition);
    core_.tell(*domain, domain::Defined::updated);
    co_return written;
}

async::Task<Result<>> Manager::edit_device(Uuid uuid, std::string xml, domain::DeviceEdit edit,
                                           Affects affects) {
    return impl_->change(kind_of(edit), uuid,
                         [impl = impl_.get(), xml = std::move(xml), edit, affects](
                             DomainRef domain, hypervisor::Operation operation) mutable {
                             return impl->devices.edit(std::move(domain), std::move(xml), edit, affects,
                                                       std::move(operation));
                         });
}

}  // namespace virtlight::manager
