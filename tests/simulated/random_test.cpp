// SPDX-License-Identifier: LGPL-2.1-or-later
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "simulated/world.hpp"

namespace virtlight::simulated {
namespace {

using hypervisor::Created;
using hypervisor::DomainSeen;
using hypervisor::StopReason;

/// The daemon and others act on one machine at random: one seed, one run.
class Storm {
 public:
    explicit Storm(std::uint64_t seed) : chance_(seed), world_(settings()) {
        world_.simulated.on_attention([this] { known_ = ends_of(world_.machine.look()); });
    }

    void step() {
        switch (below(14)) {
            case 0:
            case 1: create(); break;
            case 2: watch(world_.simulated.unpause(domid(), operation())); break;
            case 3: watch(world_.simulated.pause(domid(), operation())); break;
            case 4:
                watch(world_.simulated.request_shutdown(domid(), hypervisor::ShutdownMethod::paravirtual,
                                                        operation()));
                break;
            case 5: watch(world_.simulated.request_reboot(domid(), operation())); break;
            case 6: watch(world_.simulated.destroy(domid(), operation())); break;
            case 7: watch(world_.simulated.look()); break;
            case 8: others_act(); break;
            case 9: inject(); break;
            case 10: cancel_one(); break;
            default: world_.loop.run_for(milliseconds(below(200)));
        }
        check(world_.machine.look());
    }

    /// Cancels what still runs and sees that everything has ended, each once.
    void finish() {
        while (!sources_.empty())
            cancel_one();
        world_.loop.run_for(seconds(120));
        RC_ASSERT(world_.scope.in_flight() == 0u);
        for (const auto& [operation, ends] : ends_)
            RC_ASSERT(ends == 1);
        check(world_.machine.look());
        RC_ASSERT(known_ == ends_of(world_.machine.look()));
    }

    std::string trace() const { return trace_; }

 private:
    Settings settings() {
        return {.memory_kib = 1024 * 1024,
                .dom0_memory_kib = 512 * 1024,
                .last_domid = 12,
                .vary = [this](Duration usual) { return usual * static_cast<int>(below(40)) / 20; }};
    }
    unsigned below(unsigned bound) { return std::uniform_int_distribution(0u, bound - 1)(chance_); }
    DomId domid() { return below(12); }

    hypervisor::Operation operation() {
        sources_.emplace_back();
        return {.cancel = sources_.back().token()};
    }
    void cancel_one() {
        if (sources_.empty()) return;
        const auto at = sources_.begin() + below(static_cast<unsigned>(sources_.size()));
        auto source = std::move(*at);
        sources_.erase(at);
        source.cancel();
    }

    domain::Definition some_guest() {
        static const std::vector<std::string> words = {"",
                                                       "",
                                                       "",
                                                       "sim:frozen",
                                                       "sim:deaf",
                                                       "sim:crash-after=0.3",
                                                       "sim:reboot-after=0.2",
                                                       "sim:build-fails"};
        auto guest = guest_named(fmt::format("guest-{}", below(15)), words[below(8)]);
        guest.memory_kib = 1024 * (1 + below(100));
        return guest;
    }
    void create() {
        const auto definition = some_guest();
        const auto number = ++last_operation_;
        ends_[number] = 0;
        world_.scope.spawn(note_created(world_.simulated.create(definition, operation()), number));
    }
    async::Task<> note_created(async::Task<Result<Created>> task, unsigned number) {
        const auto created = co_await std::move(task);
        note(number, created);
        if (created) {
            // A create that ends well has made a domain that lives at this moment.
            const auto domain = find_domid(world_.machine.look(), created->domid);
            if (!domain || domain->dying) ++created_dead_;
        }
    }
    template <class T>
    void watch(async::Task<Result<T>> task) {
        const auto number = ++last_operation_;
        ends_[number] = 0;
        world_.scope.spawn(note_end(std::move(task), number));
    }
    template <class T>
    async::Task<> note_end(async::Task<Result<T>> task, unsigned number) {
        const auto result = co_await std::move(task);
        note(number, result);
    }
    template <class T>
    void note(unsigned number, const Result<T>& result) {
        ++ends_[number];
        trace_ += fmt::format("{}:{} ", number, result ? "done" : result.error().message);
    }

    void others_act() {
        switch (below(6)) {
            case 0: std::ignore = world_.machine.create(some_guest(), below(2) == 0); break;
            case 1: std::ignore = world_.machine.destroy(domid()); break;
            case 2: std::ignore = world_.machine.pause(domid()); break;
            case 3: std::ignore = world_.machine.unpause(domid()); break;
            case 4: std::ignore = world_.machine.rename(domid(), fmt::format("guest-{}", below(15))); break;
            case 5: std::ignore = world_.machine.stop(domid(), StopReason::crash); break;
        }
    }
    void inject() {
        Fault fault{.delay = milliseconds(below(100)), .late = milliseconds(below(100))};
        if (below(3) == 0) fault.fails = Reason::operation_failed;
        fault.domain_dies = below(3) == 0;
        world_.simulated.faults().inject(static_cast<OperationKind>(below(operation_kinds)), fault);
    }

    void check(const hypervisor::Snapshot& snapshot) {
        RC_ASSERT(created_dead_ == 0);
        std::set<DomId> domids;
        std::set<std::string> names;
        std::uint64_t used = 0;
        std::map<DomId, DomainSeen> now;
        for (const auto& domain : snapshot.domains) {
            RC_ASSERT((domids.empty() || *domids.rbegin() < domain.domid));
            domids.insert(domain.domid);
            RC_ASSERT(domain.domid <= 12u);
            RC_ASSERT(domain.name.empty() == domain.dying);
            RC_ASSERT((domain.dying || names.insert(domain.name).second));
            RC_ASSERT(int{domain.running} + int{domain.paused} <= 1);
            RC_ASSERT((!domain.running || (!domain.stopped && !domain.dying)));
            used += domain.memory_kib;
            check_life(domain);
            now[domain.domid] = domain;
        }
        RC_ASSERT(used + snapshot.memory_free_kib == 1024u * 1024u);
        RC_ASSERT(domids.contains(0));
        last_seen_ = std::move(now);
    }
    /// What cannot go back in one life.
    void check_life(const DomainSeen& domain) {
        const auto before = last_seen_.find(domain.domid);
        if (before == last_seen_.end() || before->second.uuid != domain.uuid) return;
        RC_ASSERT(domain.cpu_time >= before->second.cpu_time);
        RC_ASSERT((domain.dying || !before->second.dying));
        RC_ASSERT((!before->second.stopped || domain.stopped == before->second.stopped));
    }
    /// What one knows of the domains who looks only when attention is called for.
    using Known = std::map<DomId, std::tuple<Uuid, bool, std::optional<StopReason>>>;
    static Known ends_of(const hypervisor::Snapshot& snapshot) {
        Known known;
        for (const auto& domain : snapshot.domains)
            known[domain.domid] = {domain.uuid, domain.dying, domain.stopped};
        return known;
    }

    std::mt19937_64 chance_;
    std::vector<async::CancelSource> sources_;
    std::map<unsigned, int> ends_;
    unsigned last_operation_ = 0;
    int created_dead_ = 0;
    std::string trace_;
    std::map<DomId, DomainSeen> last_seen_;
    World world_;
    Known known_ = ends_of(world_.machine.look());
};

RC_GTEST_PROP(Simulated, KeepsItsAccountsWhateverIsDoneToIt, (std::uint64_t seed)) {
    Storm storm(seed);
    for (int i = 0; i < 200; ++i)
        storm.step();
    storm.finish();
}

RC_GTEST_PROP(Simulated, ReplaysARunExactlyFromItsSeed, (std::uint64_t seed)) {
    Storm one(seed);
    Storm two(seed);
    for (int i = 0; i < 50; ++i) {
        one.step();
        two.step();
    }
    one.finish();
    two.finish();
    RC_ASSERT(one.trace() == two.trace());
}

TEST(Simulated, TenThousandDomainsAreMadeListedAndDestroyedInNoTimeWorthMentioning) {
    constexpr unsigned many = 10'000;
    World world({.memory_kib = 1ull << 40});
    for (unsigned i = 0; i < many; ++i)
        world.start(world.simulated.create(guest_named(fmt::format("guest-{}", i)), {}));
    world.loop.run_for(seconds(1));
    ASSERT_EQ(world.machine.size(), many + 1);
    EXPECT_EQ(world.end_of(world.simulated.look())->domains.size(), many + 1);
    for (DomId domid = 1; domid <= many; ++domid)
        world.start(world.simulated.destroy(domid, {}));
    world.loop.run_for(seconds(1));
    EXPECT_EQ(world.machine.size(), 1u);
}

}  // namespace
}  // namespace virtlight::simulated
