// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hypervisor/figures.hpp"

#include <algorithm>

namespace virtlight::hypervisor {
namespace {

void add_time(std::optional<nanoseconds>& time, std::optional<nanoseconds> more) {
    time = time && more ? std::optional(*time + *more) : std::nullopt;
}

void add_transfers(Transfers& transfers, const Transfers& more) {
    transfers.requests += more.requests;
    transfers.bytes += more.bytes;
    add_time(transfers.time, more.time);
}

}  // namespace

void DiskFigures::add(const DiskFigures& more) {
    add_transfers(read, more.read);
    add_transfers(written, more.written);
    flushes += more.flushes;
    add_time(flush_time, more.flush_time);
}

bool FiguresWanted::of_domain(DomId domid) const {
    return of.empty() || std::ranges::binary_search(of, domid);
}

}  // namespace virtlight::hypervisor
