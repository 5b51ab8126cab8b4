// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/deaths.hpp"

namespace virtlight::xenlight {

bool Deaths::follow(hypervisor::LifeId life, hypervisor::DomId domid) {
    if (followed_.contains(life)) return true;
    libxl_evgen_domain_death* generator = nullptr;
    const int rc = handle_.enter(
        [&](libxl_ctx* ctx) { return libxl_evenable_domain_death(ctx, domid, life.value, &generator); });
    if (rc != 0) return false;
    followed_.emplace(life, generator);
    return true;
}

void Deaths::unfollow(hypervisor::LifeId life) {
    const auto followed = followed_.extract(life);
    if (followed.empty()) return;
    handle_.enter([&](libxl_ctx* ctx) { libxl_evdisable_domain_death(ctx, followed.mapped()); });
}

}  // namespace virtlight::xenlight
