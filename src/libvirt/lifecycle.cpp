// SPDX-License-Identifier: LGPL-2.1-or-later
#include <array>

#include "domain/xml.hpp"
#include "libvirt/calls.hpp"
#include "libvirt/flags.hpp"

namespace virtlight::libvirt::calls {

using async::Task;
using domain::Definition;
using domain::LifecycleAction;

namespace {

manager::StartOptions start_options(std::uint32_t flags) {
    return {.paused = (flags & flag::start::paused) != 0,
            .fresh = (flags & flag::start::force_boot) != 0,
            .bypass_cache = (flags & flag::start::bypass_cache) != 0};
}

/// Empty for none or both: whatever the guest listens to.
std::optional<hypervisor::ShutdownMethod> shutdown_method(std::uint32_t flags) {
    using hypervisor::ShutdownMethod;
    switch (flags) {
        case flag::stop::acpi: return ShutdownMethod::acpi;
        case flag::stop::paravirtual: return ShutdownMethod::paravirtual;
        default: return std::nullopt;
    }
}

/// By libvirt's numbers: virDomainLifecycle, virDomainLifecycleAction.
constexpr auto occasions =
    std::to_array({&Definition::on_poweroff, &Definition::on_reboot, &Definition::on_crash});
constexpr auto actions = std::to_array(
    {LifecycleAction::destroy, LifecycleAction::restart, LifecycleAction::rename_restart,
     LifecycleAction::preserve, LifecycleAction::coredump_destroy, LifecycleAction::coredump_restart});

}  // namespace

Task<Result<Domain>> define(Manager& manager, TextFlags args) {
    auto definition = domain::parse_xml(args.text);
    if (!definition) co_return std::unexpected(std::move(definition).error());
    co_return transform(co_await manager.define(*std::move(definition)), wire_domain);
}

Task<Result<Domain>> define_plain(Manager& manager, std::string xml) {
    return define(manager, {.text = std::move(xml)});
}

/// The flags say what else of the domain may be removed: this daemon keeps nothing but the image.
Task<Result<>> undefine(Manager& manager, DomainFlags args) {
    return manager.undefine(args.dom.uuid, (args.flags & flag::undefine_image) != 0);
}

Task<Result<>> undefine_plain(Manager& manager, Domain dom) {
    return manager.undefine(dom.uuid);
}

Task<Result<Domain>> create(Manager& manager, TextFlags args) {
    auto definition = domain::parse_xml(args.text);
    if (!definition) co_return std::unexpected(std::move(definition).error());
    const auto options = start_options(args.flags);
    co_return transform(co_await manager.create(*std::move(definition), options), wire_domain);
}

Task<Result<Domain>> start(Manager& manager, DomainFlags args) {
    const auto options = start_options(args.flags);
    co_return transform(co_await manager.start(args.dom.uuid, options), wire_domain);
}

Task<Result<>> start_plain(Manager& manager, Domain dom) {
    const auto started = co_await manager.start(dom.uuid, manager::StartOptions());
    if (!started) co_return std::unexpected(started.error());
    co_return Result<>();
}

Task<Result<>> suspend(Manager& manager, Domain dom) {
    return manager.suspend(dom.uuid);
}

Task<Result<>> resume(Manager& manager, Domain dom) {
    return manager.resume(dom.uuid);
}

Task<Result<>> shutdown(Manager& manager, DomainFlags args) {
    return manager.shutdown(args.dom.uuid, shutdown_method(args.flags));
}

Task<Result<>> shutdown_plain(Manager& manager, Domain dom) {
    return manager.shutdown(dom.uuid, std::nullopt);
}

Task<Result<>> reboot(Manager& manager, DomainFlags args) {
    return manager.reboot(args.dom.uuid, shutdown_method(args.flags));
}

/// Xen ends a guest in one way, without a signal that could be a gentler one: that is the graceful way, too.
Task<Result<>> destroy(Manager& manager, DomainFlags args) {
    return manager.destroy(args.dom.uuid);
}

Task<Result<>> destroy_plain(Manager& manager, Domain dom) {
    return manager.destroy(dom.uuid);
}

Task<Result<>> set_autostart(Manager& manager, DomainNumber args) {
    return manager.set_autostart(args.dom.uuid, args.number != 0);
}

Task<Result<>> set_autostart_once(Manager& manager, DomainNumber args) {
    return manager.set_autostart_once(args.dom.uuid, args.number != 0);
}

Task<Result<>> set_lifecycle_action(Manager& manager, LifecycleActionArgs args) {
    if (args.type >= occasions.size() || args.action >= actions.size())
        co_return fail(Reason::invalid_argument,
                       "lifecycle action {} of type {}; there are {} actions and {} types, counted from 0",
                       args.action, args.type, actions.size(), occasions.size());
    const manager::LifecycleChange change{occasions[args.type], actions[args.action]};
    co_return co_await manager.set_lifecycle_action(args.dom.uuid, change, affects(args.flags));
}

}  // namespace virtlight::libvirt::calls
