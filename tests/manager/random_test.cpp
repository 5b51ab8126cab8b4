// SPDX-License-Identifier: LGPL-2.1-or-later
#include <map>
#include <set>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "manager/story.hpp"
#include "manager/world.hpp"

namespace virtlight::manager {
namespace {

using hypervisor::StopReason;

/// Does what it is told to a world, in which things go wrong, and checks what must always hold.
class Adventure : public World {
 public:
    Adventure() { listen(); }
    ~Adventure() { listening_ = {}; }

    void step(int what, int which, int how) {
        what < 20 ? ask(what, guests_[static_cast<std::size_t>(which % 3)]) : happen(what, which, how);
        check_story();
        check_indices();
    }

    void come_to_rest() {
        for (const auto* call : calls_)
            xen.release(call);
        loop.run_for(std::chrono::minutes(5));
        for (const auto& pending : asked_)
            RC_ASSERT(pending->has_value());
        look();
        check_story();
        check_indices();
        check_truth();
    }

    void restart_daemon() {
        for (const auto* call : calls_)
            xen.release(call);
        listening_ = {};
        restart();
        loop.run_for(seconds(20));
        stories_.clear();
        for (const auto& info : manager->list())
            stories_.insert_or_assign(info.uuid, Story(info));
        listen();
    }

 private:
    static constexpr const char* calls_[] = {"create", "unpause", "pause", "shutdown", "destroy", "describe"};

    void listen() {
        listening_ = manager->subscribe([this](const domain::Event& event) {
            const auto text = to_text(event);
            told_ += text + "\n";
            const auto kind = text.substr(text.find(' ') + 1);
            // Nothing can be thrown out of an operation: it is asserted after the step.
            if (!stories_[event.uuid].goes_on_with(kind)) broken_ += text + " makes no sense\n";
            if (!is_so(*manager, kind, event)) broken_ += text + " is not so\n";
        });
    }
    template <class T>
    static async::Task<Result<>> without_value(async::Task<Result<T>> task) {
        auto result = co_await std::move(task);
        if (!result) co_return std::unexpected(result.error());
        co_return Result<>{};
    }
    void ask(async::Task<Result<>> task) { asked_.push_back(begin(std::move(task))); }

    void ask(int what, domain::Definition guest) {
        const auto uuid = guest.uuid;
        switch (what) {
            case 0:
            case 1: return ask(without_value(manager->define(guest)));
            case 2: return ask(manager->undefine(uuid));
            case 3:
            case 4:
            case 5: return ask(without_value(manager->start(uuid, {})));
            case 6: return ask(without_value(manager->start(uuid, {.paused = true})));
            case 7:
            case 8: return ask(without_value(manager->create(guest, {})));
            case 9:
            case 10: return ask(manager->suspend(uuid));
            case 11:
            case 12: return ask(manager->resume(uuid));
            case 13:
            case 14: return ask(manager->shutdown(uuid, {}));
            case 15: return ask(manager->reboot(uuid));
            case 16:
            case 17: return ask(manager->destroy(uuid));
            case 18: return ask(manager->set_autostart(uuid, true));
            default: guest.vcpus_max = 2; return ask(without_value(manager->define(guest)));
        }
    }

    void happen(int what, int which, int how) {
        const auto call = calls_[static_cast<std::size_t>(how) % std::size(calls_)];
        auto* const victim = any_guest(which);
        switch (what) {
            case 20: return make_foreign(which, how % 2 == 0);
            case 21: return victim ? xen.vanish(victim->domid) : void();
            case 22: return victim && !victim->stopped ? toggle_pause(*victim) : void();
            case 23:
            case 24: return victim && !victim->stopped ? xen.stop(victim->domid, reason(how)) : void();
            case 25:
                return victim && victim->stopped == StopReason::suspend ? victim->stopped.reset() : void();
            case 26: return xen.hold(call);
            case 27:
            case 28: return xen.release(call);
            case 29: return xen.fail_next(call, {Reason::operation_failed, "bad luck"});
            case 30: return store.fail_write(static_cast<unsigned>(1 + how % 3));
            case 31:
            case 32: return settle();
            case 33: return look();
            default: loop.run_for(seconds(40));
        }
    }

    hypervisor::DomainSeen* any_guest(int which) {
        const auto guests = static_cast<int>(xen.truth.size()) - 1;
        if (guests == 0) return nullptr;
        return &std::next(xen.truth.begin(), 1 + which % guests)->second;
    }
    static StopReason reason(int how) {
        constexpr StopReason reasons[] = {StopReason::poweroff, StopReason::reboot, StopReason::crash,
                                          StopReason::suspend};
        return reasons[how % 4];
    }
    static void toggle_pause(hypervisor::DomainSeen& guest) { guest.paused = !guest.paused; }
    void make_foreign(int which, bool paused) {
        const auto guest = guest_named(which % 2 == 0 ? "x" : "y");
        for (const auto& [domid, seen] : xen.truth)
            if (seen.uuid == guest.uuid) return;
        xen.make(guest, paused);
        xen.call_for_attention();
    }

    void check_story() {
        if (broken_.empty()) return;
        RC_LOG() << told_ << broken_;
        RC_FAIL("the events are wrong");
    }

    /// Every way to a domain leads to the same one.
    void check_indices() {
        std::set<Uuid> uuids;
        std::set<int> domids;
        for (const auto& info : manager->list()) {
            RC_ASSERT(uuids.insert(info.uuid).second);
            RC_ASSERT(manager->find(info.uuid).has_value());
            RC_ASSERT(manager->find_by_name(info.name)->uuid == info.uuid);
            RC_ASSERT(manager->definition(info.uuid, Which::live).has_value());
            RC_ASSERT((info.domid >= 0) == info.status.active());
            if (info.domid < 0) continue;
            RC_ASSERT(domids.insert(info.domid).second);
            RC_ASSERT(manager->find_by_domid(info.domid)->uuid == info.uuid);
        }
    }

    /// When nothing is going on any more, what is shown is what is so.
    void check_truth() {
        std::set<int> shown;
        for (const auto& info : manager->list()) {
            if (info.persistent != store.domains.contains(info.uuid)) RC_ASSERT(info.domid == 0);
            if (info.domid < 0) continue;
            shown.insert(info.domid);
            const auto& seen = xen.truth.at(static_cast<hypervisor::DomId>(info.domid));
            RC_ASSERT(seen.uuid == info.uuid);
            if (!seen.stopped) RC_ASSERT(seen.paused == (info.status.state == domain::State::paused));
        }
        RC_ASSERT(shown.size() == xen.truth.size());
        RC_ASSERT(xen.followed().size() + 1 == shown.size());
        for (const auto& [uuid, domain] : store.domains)
            RC_ASSERT(manager->find(uuid)->persistent);
    }

    const std::vector<domain::Definition> guests_{guest_named("a"), guest_named("b"), guest_named("c")};
    std::vector<Pending<Result<>>> asked_;
    std::map<Uuid, Story> stories_;
    std::string told_;
    std::string broken_;
    Manager::Subscription listening_;
};

using Steps = std::vector<std::tuple<int, int, int>>;

Steps any_steps() {
    const auto step =
        rc::gen::tuple(rc::gen::inRange(0, 35), rc::gen::inRange(0, 6), rc::gen::inRange(0, 24));
    return *rc::gen::scale(3.0, rc::gen::container<Steps>(step));
}

// Every operation that was asked for ends, the indices agree at every moment, each domain's events are a
// legal story and true when they are told, and in the end what is shown is what is so.
RC_GTEST_PROP(AnyManager, KeepsItsPromisesWhateverHappens, ()) {
    Adventure adventure;
    for (const auto& [what, which, how] : any_steps())
        adventure.step(what, which, how);
    adventure.come_to_rest();
}

RC_GTEST_PROP(AnyManager, FindsEverythingAgainAfterARestartAtAnyMoment, ()) {
    Adventure adventure;
    for (const auto& [what, which, how] : any_steps())
        adventure.step(what, which, how);
    adventure.restart_daemon();
    adventure.come_to_rest();
}

}  // namespace
}  // namespace virtlight::manager
