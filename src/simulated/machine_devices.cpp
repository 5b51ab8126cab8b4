// SPDX-License-Identifier: LGPL-2.1-or-later
#include <utility>

#include "simulated/machine.hpp"

namespace virtlight::simulated {

std::vector<hypervisor::Neighbour> Machine::neighbours() const {
    std::vector<hypervisor::Neighbour> all;
    for (const auto& [domid, domain] : domains_) {
        if (domain.dying) continue;
        for (const auto& nic : domain.definition.nics)
            for (const auto& address : nic.addresses)
                if (!nic.link_down && address.find_first_of(":/") == address.npos)
                    all.push_back({nic.mac, address});
    }
    return all;
}

Result<> Machine::attach(DomId domid, domain::Device device) {
    const auto wish = fmt::format("attach {} to", name_of(device));
    const auto domain = guest(domid, wish);
    if (!domain) return std::unexpected(domain.error());
    const auto* const pci = std::get_if<domain::PciDevice>(&device);
    auto added = pci ? take_pci_device(*pci) : Result<>();
    if (added) added = add_device((*domain)->definition, std::move(device));
    if (!added)
        added.error().message = fmt::format("cannot {} domid {}: {}", wish, domid, added.error().message);
    return added;
}

Result<bool> Machine::lets_go(DomId domid) {
    const auto domain = guest(domid, "detach a device from");
    if (!domain) return std::unexpected(domain.error());
    return obliges(**domain);
}

Result<> Machine::detach(DomId domid, const domain::Device& device) {
    const auto wish = fmt::format("detach {} from", name_of(device));
    const auto domain = guest(domid, wish);
    if (!domain) return std::unexpected(domain.error());
    auto removed = remove_device((*domain)->definition, device);
    if (!removed)
        removed.error().message = fmt::format("cannot {} domid {}: {}", wish, domid, removed.error().message);
    return removed;
}

Result<> Machine::update(DomId domid, domain::Device device) {
    const auto wish = fmt::format("change {} of", name_of(device));
    const auto domain = guest(domid, wish);
    if (!domain) return std::unexpected(domain.error());
    auto replaced = replace_device((*domain)->definition, std::move(device));
    if (!replaced)
        replaced.error().message =
            fmt::format("cannot {} domid {}: {}", wish, domid, replaced.error().message);
    return replaced;
}

Result<> Machine::set_vnc_password(DomId domid, std::string password) {
    const auto domain = guest(domid, "change the VNC password of");
    if (!domain) return std::unexpected(domain.error());
    auto& vnc = (*domain)->definition.graphics.vnc;
    if (!vnc || vnc->password.empty())
        return fail(Reason::operation_failed, "cannot change the VNC password of domid {}: it has none",
                    domid);
    vnc->password = std::move(password);
    return {};
}

}  // namespace virtlight::simulated
