// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/console_ttys.hpp"

#include <utility>

#include <fmt/format.h>

#include "base/log.hpp"

namespace virtlight::xenlight {

using hypervisor::DomId;
using hypervisor::LifeId;

std::string tty_node(DomId domid, const domain::Console& console) {
    const auto domain = fmt::format("/local/domain/{}", domid);
    if (console.target == domain::Console::Target::serial)
        return fmt::format("{}/serial/{}/tty", domain, console.port);
    if (console.port == 0) return domain + "/console/tty";
    return fmt::format("{}/device/console/{}/tty", domain, console.port);
}

/// A guest can put a node of its own in the place of one that stands in its end of a device, and name there
/// whatever of dom0's it would like to be opened. So libxl is not asked, which believes it.
void find_ttys(Xenstore& xenstore, DomId domid, std::vector<domain::Console>& consoles) {
    for (auto& console : consoles)
        console.tty = xenstore.read_of_dom0(tty_node(domid, console)).value_or("");
}

void ConsoleTtys::follow(Xenstore* xenstore, LifeId life, DomId domid, std::vector<domain::Console> consoles,
                         hypervisor::TtysTold told) {
    const auto [entry, added] =
        lives_.insert_or_assign(life, Followed{domid, std::move(consoles), std::move(told)});
    if (xenstore) watch(*xenstore, life, entry->second);
}

void ConsoleTtys::unfollow(Xenstore* xenstore, LifeId life) {
    const auto found = lives_.extract(life);
    if (!found || !xenstore) return;
    for (const auto& console : found.mapped().consoles)
        xenstore->unwatch(tty_node(found.mapped().domid, console));
}

void ConsoleTtys::resume(Xenstore& xenstore) {
    for (const auto& [life, followed] : lives_)
        watch(xenstore, life, followed);
}

void ConsoleTtys::watch(Xenstore& xenstore, LifeId life, const Followed& followed) {
    for (const auto& console : followed.consoles) {
        const auto watched = xenstore.watch(tty_node(followed.domid, console),
                                            [this, &xenstore, life] { tell(xenstore, life); });
        if (!watched) log::warning("a console of domain {}: {}", followed.domid, watched.error().message);
    }
}

void ConsoleTtys::tell(Xenstore& xenstore, LifeId life) {
    const auto found = lives_.find(life);
    if (found == lives_.end()) return;
    auto& [domid, consoles, told] = found->second;
    find_ttys(xenstore, domid, consoles);
    told(consoles);
}

}  // namespace virtlight::xenlight
