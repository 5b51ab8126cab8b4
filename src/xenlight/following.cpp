// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/log.hpp"
#include "xenlight/xen_hypervisor.hpp"

/// What is watched, and calls for attention: what becomes of all domains, the ends of lives, and where their
/// ttys are. What is followed is the watching thread's, and outlasts its context.
namespace virtlight::xenlight {

using hypervisor::DomId;
using hypervisor::LifeId;

/// On the watching thread, whenever a context has been opened there.
Result<> XenHypervisor::listen(Context& watching, const std::shared_ptr<Attention>& attention,
                               const Lives& lives, ConsoleTtys& ttys) {
    watching.on_domain_event([attention](LifeId) { attention->raise(); });
    for (const auto* const happening : {"@introduceDomain", "@releaseDomain"}) {
        auto watched = watching.xenstore().watch(happening, [attention] { attention->raise(); });
        if (!watched) return watched;
    }
    ttys.resume(watching.xenstore());
    for (const auto& [life, domid] : lives)
        watching.deaths().follow(life, domid);
    return {};
}

void XenHypervisor::on_attention(std::function<void()> again) {
    attention_->on_raised(std::move(again));
}

void XenHypervisor::follow(LifeId life, DomId domid) {
    watching_.post([life, domid, attention = attention_, lives = lives_](Result<Context*> context) {
        lives->insert_or_assign(life, domid);
        if (context && !(*context)->deaths().follow(life, domid))
            log::warning("libxl does not watch domain {}", domid);
        // What happened before is not told; and if libxl does not watch, the xenstore watch still does.
        attention->raise();
    });
}

void XenHypervisor::unfollow(LifeId life) {
    ttys_told_->erase(life);
    watching_.post([life, lives = lives_, ttys = ttys_](Result<Context*> context) {
        lives->erase(life);
        ttys->unfollow(context ? &(*context)->xenstore() : nullptr, life);
        if (context) (*context)->deaths().unfollow(life);
    });
}

void XenHypervisor::follow_ttys(LifeId life, DomId domid, std::vector<domain::Console> consoles,
                                hypervisor::TtysTold told) {
    ttys_told_->insert_or_assign(life, std::move(told));
    auto tell = [life, link = link_, lives = ttys_told_](const std::vector<domain::Console>& seen) {
        link->post([life, lives, seen] {
            const auto found = lives->find(life);
            if (found == lives->end()) return;
            const auto told_to = found->second;
            told_to(seen);
        });
    };
    watching_.post([life, domid, ttys = ttys_, consoles = std::move(consoles),
                    tell = std::move(tell)](Result<Context*> context) mutable {
        ttys->follow(context ? &(*context)->xenstore() : nullptr, life, domid, std::move(consoles),
                     std::move(tell));
    });
}

/// libxl tells of one stop in a life: of that for the save, and of no other.
void XenHypervisor::follow_anew(DomId domid) {
    watching_.post([domid, attention = attention_, lives = lives_](Result<Context*> context) {
        if (!context) return;
        for (const auto& [life, of] : *lives) {
            if (of != domid) continue;
            (*context)->deaths().unfollow(life);
            (*context)->deaths().follow(life, domid);
        }
        attention->raise();
    });
}

}  // namespace virtlight::xenlight
