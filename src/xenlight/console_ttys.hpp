// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <map>
#include <string>
#include <vector>

#include "domain/definition.hpp"
#include "hypervisor/port.hpp"
#include "xenlight/xenstore.hpp"

namespace virtlight::xenlight {

/// Where xenstore says the ttys of some lives are. The table outlives a connection to xenstored that breaks;
/// with the next one, resume() asks anew. Stays on one thread.
class ConsoleTtys {
 public:
    /// `told` is called on that thread: soon, and whenever one of the nodes may have changed.
    void follow(Xenstore* xenstore, hypervisor::LifeId life, hypervisor::DomId domid,
                std::vector<domain::Console> consoles, hypervisor::TtysTold told);
    /// Null for the connection: there is none.
    void unfollow(Xenstore* xenstore, hypervisor::LifeId life);
    void resume(Xenstore& xenstore);

 private:
    struct Followed {
        hypervisor::DomId domid;
        std::vector<domain::Console> consoles;
        hypervisor::TtysTold told;
    };

    void watch(Xenstore& xenstore, hypervisor::LifeId life, const Followed& followed);
    void tell(Xenstore& xenstore, hypervisor::LifeId life);

    std::map<hypervisor::LifeId, Followed> lives_;
};

/// The node that names a console's tty.
std::string tty_node(hypervisor::DomId domid, const domain::Console& console);

/// Fills in where the consoles of a running domain are; one that is nowhere (yet) is empty.
void find_ttys(Xenstore& xenstore, hypervisor::DomId domid, std::vector<domain::Console>& consoles);

}  // namespace virtlight::xenlight
