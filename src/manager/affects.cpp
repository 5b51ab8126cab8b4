// SPDX-License-Identifier: LGPL-2.1-or-later
#include "manager/affects.hpp"

#include "manager/operations.hpp"

namespace virtlight::manager {

Result<Affects> settle(const Domain& domain, Affects asked) {
    if (!domain.exists()) return fail(Reason::no_domain, "there is no such domain any more");
    if (!asked.guest && !asked.definition) (domain.life ? asked.guest : asked.definition) = true;
    if (asked.definition && !domain.stored)
        return fail(Reason::invalid_state, "transient domains do not have any persistent config");
    if (asked.guest)
        if (auto guest = require_guest(domain); !guest) return std::unexpected(std::move(guest.error()));
    return asked;
}

}  // namespace virtlight::manager
