// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "async/cancel.hpp"
#include "async/scope.hpp"
#include "async/task.hpp"
#include "hypervisor/harness.hpp"

namespace virtlight::hypervisor::contract {

/// An operation that may not have ended yet.
template <class T>
using Pending = std::shared_ptr<std::optional<T>>;

/// The words in which the contract is written: each runs one operation on the core, to its end.
class HypervisorContract : public ::testing::TestWithParam<Subject> {
 protected:
    void SetUp() override {
        harness_ = GetParam().make();
        on_core([this] { hypervisor().on_attention([this] { ++attentions_; }); });
    }

    void TearDown() override {
        on_core([this] { all_.cancel(); });
        EXPECT_TRUE(wait([this] { return scope_.in_flight() == 0; })) << "an operation outlived its cancel";
        for (const auto domid : made_) {
            std::ignore = destroy(domid);
            EXPECT_TRUE(gone(domid));
        }
        on_core([this] { hypervisor().on_attention(nullptr); });
        harness_.reset();
    }

    Hypervisor& hypervisor() { return harness_->hypervisor(); }
    void on_core(const std::function<void()>& step) { harness_->on_core(step); }
    bool wait(const std::function<bool()>& happened) {
        return harness_->wait(happened, harness_->patience());
    }
    /// Whether something stays away that must not happen.
    bool stays_away(const std::function<bool()>& happening) {
        return !harness_->wait(happening, harness_->a_while());
    }

    domain::Definition guest(Habit habit = Habit::obeys, domain::GuestType type = domain::GuestType::pv) {
        return harness_->guest(type, habit);
    }

    /// Starts an operation: `ask` is called on the core and returns its task.
    template <class Ask>
    auto start(Ask ask) {
        using T = typename std::invoke_result_t<Ask>::value_type;
        auto pending = std::make_shared<std::optional<T>>();
        on_core([&] { scope_.spawn(hold(ask(), pending)); });
        return pending;
    }
    template <class T>
    bool ended(const Pending<T>& pending) {
        return wait([&] { return pending->has_value(); });
    }
    template <class T>
    bool hangs(const Pending<T>& pending) {
        return stays_away([&] { return pending->has_value(); });
    }
    template <class T>
    bool in_progress(const Pending<T>& pending) {
        bool waits = false;
        on_core([&] { waits = !pending->has_value(); });
        return waits;
    }
    template <class T>
    T end_of(const Pending<T>& pending) {
        if (!ended(pending)) return fail(Reason::internal, "the operation does not end");
        return std::move(**pending);
    }

    Operation operation() { return {.id = ids_.next(), .cancel = all_.token()}; }

    Pending<Result<Created>> start_create(const domain::Definition& definition, Operation how) {
        return start([&] { return hypervisor().create(definition, how); });
    }
    Result<Created> create(const domain::Definition& definition) {
        auto created = end_of(start_create(definition, operation()));
        if (created) keep(created->domid);
        return created;
    }
    /// It is destroyed when the test is over.
    void keep(DomId domid) { made_.push_back(domid); }
    /// A guest that runs; the domid of nobody if it cannot be had.
    DomId running(const domain::Definition& definition) {
        const auto created = create(definition);
        if (!created || !unpause(created->domid)) {
            ADD_FAILURE() << "no guest: " << (created ? "unpause" : created.error().message);
            return ~DomId{0};
        }
        return created->domid;
    }
    Result<> unpause(DomId domid) {
        return end_of(start([&] { return hypervisor().unpause(domid, operation()); }));
    }
    Result<> pause(DomId domid) {
        return end_of(start([&] { return hypervisor().pause(domid, operation()); }));
    }
    Result<> destroy(DomId domid) {
        return end_of(start([&] { return hypervisor().destroy(domid, {.id = ids_.next()}); }));
    }
    Pending<Result<>> start_shutdown(DomId domid, Operation how) {
        return start([&] { return hypervisor().request_shutdown(domid, ShutdownMethod::paravirtual, how); });
    }
    Result<> shut_down(DomId domid, ShutdownMethod method = ShutdownMethod::paravirtual) {
        return end_of(start([&] { return hypervisor().request_shutdown(domid, method, operation()); }));
    }
    Result<> reboot(DomId domid) {
        return end_of(start([&] { return hypervisor().request_reboot(domid, operation()); }));
    }
    Result<domain::Definition> describe(DomId domid) {
        return end_of(start([&] { return hypervisor().describe(domid, {}); }));
    }
    Snapshot look() {
        auto looked = end_of(start([&] { return hypervisor().look(); }));
        EXPECT_TRUE(looked) << looked.error().message;
        return looked ? *std::move(looked) : Snapshot{};
    }
    std::optional<DomainSeen> seen(DomId domid) {
        const auto snapshot = look();
        const auto found = std::ranges::find(snapshot.domains, domid, &DomainSeen::domid);
        return found == snapshot.domains.end() ? std::nullopt : std::optional(*found);
    }
    bool listed(const std::string& name) {
        const auto snapshot = look();
        return std::ranges::count(snapshot.domains, name, &DomainSeen::name) > 0;
    }
    /// Looks until it is so.
    bool becomes(const std::function<bool()>& so) {
        for (Duration waited{}; waited < harness_->patience(); waited += pause_between_looks) {
            if (so()) return true;
            harness_->wait([] { return false; }, pause_between_looks);
        }
        return so();
    }
    bool gone(DomId domid) {
        return becomes([&] { return !seen(domid); });
    }
    std::optional<StopReason> stop_of(DomId domid) {
        std::optional<StopReason> reason;
        std::ignore = becomes([&] {
            const auto domain = seen(domid);
            reason = domain ? domain->stopped : std::nullopt;
            return !domain || reason;
        });
        return reason;
    }

    LifeId follow(DomId domid) {
        const auto life = lives_.next();
        on_core([&] { hypervisor().follow(life, domid); });
        return life;
    }
    void unfollow(LifeId life) {
        on_core([&] { hypervisor().unfollow(life); });
    }
    /// Forgets the calls so far, those that are still on their way among them.
    void ignore_attention_so_far() {
        harness_->wait([] { return false; }, harness_->a_while());
        on_core([this] { attentions_ = 0; });
    }
    bool attention_is_called() {
        return wait([this] { return attentions_ > 0; });
    }

    void cancel(async::CancelSource& source) {
        on_core([&] { source.cancel(); });
    }

    IdSource<OperationTag> ids_;

 private:
    static constexpr auto pause_between_looks = milliseconds(10);

    template <class T>
    static async::Task<> hold(async::Task<T> task, Pending<T> pending) {
        auto result = co_await std::move(task);
        pending->emplace(std::move(result));
    }

    std::unique_ptr<Harness> harness_;
    async::Scope scope_;
    async::CancelSource all_;
    IdSource<LifeTag> lives_;
    std::vector<DomId> made_;
    int attentions_ = 0;
};

}  // namespace virtlight::hypervisor::contract
