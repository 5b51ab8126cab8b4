// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/late_suspends.hpp"

#include <utility>

#include "async/cancel.hpp"
#include "async/completion.hpp"
#include "async/timing.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "xenlight/save.hpp"
#include "xenlight/workers.hpp"

namespace virtlight::xenlight {

using async::Task;

/// Whoever ends the following takes this out of the table, and waits.
struct LateSuspends::Guest {
    explicit Guest(Uuid of) : uuid(of) {}

    Uuid uuid;
    std::weak_ptr<Requests> requests{};
    async::CancelSource stop{};
    async::Completion<bool> ended{};
};

LateSuspends::LateSuspends(async::Scheduler& core, ContextThread& asking, std::function<void(DomId)> went_on)
    : core_(core), asking_(asking), went_on_(std::move(went_on)) {}

void LateSuspends::follow(DomId domid, std::optional<Uuid> uuid) {
    if (!uuid) return;
    auto guest = std::make_shared<Guest>(*uuid);
    guests_.insert_or_assign(domid, guest);
    following_.spawn(let_go_on(domid, std::move(guest)));
}

Task<> LateSuspends::let_go_on(DomId domid, std::shared_ptr<Guest> guest) {
    const auto end = core_.now() + limits::late_suspend;
    const auto heard =
        co_await asking_.call([domid](Context& context) { return listen_to_requests(context, domid); });
    if (heard)
        guest->requests = *heard;
    else
        log::warning("domain {} may suspend itself and stay so: {}", domid, heard.error().message);
    while (heard && core_.now() < end && !guest->stop.cancelled()) {
        const bool may_suspend = co_await look_at(domid, guest);
        if (!may_suspend) break;
        co_await async::sleep_for(core_, limits::late_suspend_look, guest->stop.token());
    }
    if (const auto found = guests_.find(domid); found != guests_.end() && found->second == guest) {
        guests_.erase(found);
        ignore(domid);
    }
    guest->ended.set(true);
}

/// Lets it go on if it has suspended itself. Whether it still may.
Task<bool> LateSuspends::look_at(DomId domid, std::shared_ptr<const Guest> guest) {
    struct Seen {
        Suspending guest;
        bool for_nobody_else = false;
    };
    const auto seen =
        co_await asking_.call([domid, requests = guest->requests](Context& context) -> Result<Seen> {
            auto now = look_at_suspending(context, domid);
            if (!now) return std::unexpected(std::move(now.error()));
            return Seen{*now, asked_by_nobody(context, requests)};
        });
    // A look that fails tells nothing of the guest, unless it is gone.
    if (!seen) co_return seen.error().reason != Reason::no_domain;
    // Who has asked it anew, another tool, will see to it, and may be copying its memory.
    const auto& now = seen->guest;
    const bool for_others = now.asked || now.saved_by_others || !seen->for_nobody_else;
    if (now.uuid != guest->uuid || for_others) co_return false;
    if (!now.suspended) co_return true;
    log::notice("domain {} has suspended itself for a request that has come to nothing: it goes on", domid);
    co_await resume_for_nothing(not_on_loan(asking_), domid);
    went_on_(domid);
    co_return false;
}

void LateSuspends::ignore(DomId domid) {
    asking_.post([domid](Result<Context*> context) {
        if (context) ignore_requests(**context, domid);
    });
}

Task<> LateSuspends::end(DomId domid) {
    const auto found = guests_.extract(domid);
    if (!found) co_return;
    const auto guest = found.mapped();
    guest->stop.cancel();
    co_await guest->ended;
    co_await look_at(domid, guest);
    ignore(domid);
}

std::map<LateSuspends::DomId, Uuid> LateSuspends::followed() const {
    std::map<DomId, Uuid> uuids;
    for (const auto& [domid, guest] : guests_)
        uuids.emplace(domid, guest->uuid);
    return uuids;
}

}  // namespace virtlight::xenlight
