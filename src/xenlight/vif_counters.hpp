// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <map>
#include <string_view>
#include <vector>

#include "hypervisor/figures.hpp"

namespace virtlight::xenlight {

/// The network interfaces of each guest.
using VifCounters = std::map<hypervisor::DomId, std::vector<hypervisor::NicFigures>>;

/// Names of interfaces that Xen has not made up.
using VifNames = decltype(hypervisor::FiguresWanted::named_nics);

/// Reads Linux' /proc/net/dev: the lines of the interfaces that Xen has named "vifDOMID.DEVID", and of those
/// in `names`, in the order of devices. A guest that is emulated a network card has a tap, with "-emu" behind
/// the name, too, unless that is the name of another one: through one of both goes what it sends, and they
/// count as one. Lines that cannot be read are passed over. Pure.
VifCounters parse_net_dev(std::string_view text, const VifNames& names);

/// The same of this host; none if it cannot be read. Blocks.
VifCounters read_vif_counters(const VifNames& names);

}  // namespace virtlight::xenlight
