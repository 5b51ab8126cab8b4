// SPDX-License-Identifier: LGPL-2.1-or-later
#include <utility>

#include "base/log.hpp"
#include "manager/devices.hpp"
#include "manager/operations.hpp"

/// The one thing that can be changed of a screen while its guest runs: its VNC server's password.
namespace virtlight::manager {

using async::Task;
using domain::Definition;
using domain::DeviceEdit;

Task<Result<>> Devices::change_screen(DomainRef domain, std::string xml, Affects affects,
                                      hypervisor::Operation operation) {
    const auto& running = domain->life->definition;
    const auto after = domain::edit_device(running, xml, DeviceEdit::change);
    if (!after) co_return std::unexpected(after.error());
    const auto password = domain::live_password(running.graphics, after->graphics);
    if (!password) co_return std::unexpected(password.error());
    const Change in_guest = [password = *password](Definition& guest) -> Result<> {
        guest.graphics.vnc->password = password;
        return {};
    };
    const Change in_definition = [xml = std::move(xml)](Definition& stored) -> Result<> {
        auto edited = domain::edit_device(stored, xml, DeviceEdit::change);
        if (!edited) return std::unexpected(std::move(edited.error()));
        stored = *std::move(edited);
        return {};
    };
    Act act = [this, password = *password, operation](hypervisor::DomId domid) {
        return core_.hypervisor.set_vnc_password(domid, password, operation);
    };
    co_return co_await carry_out(domain, affects, {in_guest, in_definition}, std::move(act), std::nullopt);
}

Task<> settle_password(Core& core, DomainRef domain) {
    const auto& vnc = domain->life->definition.graphics.vnc;
    if (!vnc || vnc->password.empty()) co_return;
    const auto name = domain->name;
    const auto set = co_await core.hypervisor.set_vnc_password(domain->life->domid, vnc->password, {});
    if (!set)
        log::warning("the VNC password of domain '{}' may be another one: {}", name, set.error().message);
}

}  // namespace virtlight::manager
