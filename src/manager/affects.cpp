// SPDX-License-Identifier: LGPL-2.1-or-later
#include "manager/affects.hpp"

#include <utility>

#include <fmt/format.h>

#include "manager/operations.hpp"

namespace virtlight::manager {

Result<Affects> settle(const Domain& domain, Affects asked) {
    if (!domain.exists()) return fail(Reason::no_domain, "there is no such domain any more");
    if (!asked.guest && !asked.definition) (domain.life ? asked.guest : asked.definition) = true;
    if (asked.definition && domain.control)
        return fail(Reason::invalid_state, "for its next start the host is configured on Xen's command line");
    if (asked.definition && !domain.stored)
        return fail(Reason::invalid_state,
                    "transient domains do not have any persistent config: define it first, or leave out "
                    "--config");
    if (asked.guest)
        if (auto guest = require_guest(domain); !guest) return std::unexpected(std::move(guest.error()));
    return asked;
}

/// The store first: what is written there can be put back, what a guest has been given cannot be taken from
/// it without its leave.
async::Task<Result<>> change_both(Core& core, DomainRef domain, std::optional<domain::Definition> wanted,
                                  std::function<async::Task<Result<>>()> change_guest) {
    if (wanted)
        if (auto written = co_await core.store.save(to_store(*domain, *wanted)); !written) co_return written;
    Result<> changed;
    if (change_guest) changed = co_await change_guest();
    if (!wanted) co_return changed;
    if (!changed) {
        const auto back = co_await core.store.save(to_store(*domain, *domain->stored));
        if (back) co_return changed;
        changed.error().reason = Reason::io;  // also of what was cancelled: it has happened by half
        changed.error().message += fmt::format(
            "; but its definition has been changed, and cannot be put back: {}", back.error().message);
    }
    domain->stored = *std::move(wanted);
    core.tell(*domain, domain::Defined::updated);
    co_return changed;
}

}  // namespace virtlight::manager
