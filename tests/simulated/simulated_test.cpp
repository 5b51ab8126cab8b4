// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simulated/simulated.hpp"

#include <coroutine>
#include <filesystem>
#include <tuple>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/limits.hpp"
#include "simulated/world.hpp"

namespace virtlight::simulated {
namespace {

using hypervisor::Created;
using hypervisor::StopReason;
using testing::ElementsAre;
using testing::HasSubstr;

// What the contract does not say.

TEST(Simulated, ARefusedFileIsNamedAndLeavesNothing) {
    World world;
    const std::string pipe = testing::TempDir() + "simulated_test.pipe";
    std::filesystem::remove(pipe);
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    auto definition = guest_named("a");
    definition.boot.initrd = pipe;
    const auto created = world.end_of(world.simulated.create(definition, {}));
    ASSERT_FALSE(created);
    EXPECT_EQ(created.error().reason, Reason::invalid_argument);
    EXPECT_EQ(created.error().message,
              "cannot create domain 'a': the initrd " + pipe + " is no regular file");
    EXPECT_EQ(world.machine.size(), 1u);
    std::filesystem::remove(pipe);
}

TEST(Simulated, OnlyAnHvmGuestStartsWithoutAKernel) {
    World world;
    auto definition = guest_named("a");
    definition.boot = {};
    const auto refused = world.end_of(world.simulated.create(definition, {}));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, Reason::invalid_argument);
    definition.type = domain::GuestType::hvm;
    EXPECT_TRUE(world.end_of(world.simulated.create(definition, {})));
}

TEST(Simulated, AMalformedWordFailsTheCreateAndNamesTheDomain) {
    World world;
    const auto created = world.end_of(world.simulated.create(guest_named("a", "sim:frosty"), {}));
    ASSERT_FALSE(created);
    EXPECT_EQ(created.error().reason, Reason::invalid_argument);
    EXPECT_THAT(created.error().message, HasSubstr("cannot create domain 'a'"));
    EXPECT_THAT(created.error().message, HasSubstr("'sim:frosty'"));
}

TEST(Simulated, ABuildCanTakeLongAndFailAtItsEnd) {
    World world;
    const auto creating =
        world.start(world.simulated.create(guest_named("a", "sim:build-takes=30 sim:build-fails"), {}));
    world.loop.run_for(seconds(29));
    EXPECT_FALSE(creating->has_value());
    EXPECT_EQ(world.machine.size(), 2u);
    world.loop.run_for(seconds(2));
    ASSERT_TRUE(creating->has_value());
    EXPECT_EQ((*creating)->error().reason, Reason::operation_failed);
    EXPECT_FALSE((*creating)->error().details.empty());
    EXPECT_EQ(world.machine.size(), 1u);
}

TEST(Simulated, ADiskThatDoesNotAnswerHoldsACreateOnlyUntilItIsCancelled) {
    struct Stuck final : async::Blocking {
        void submit(async::Work) override {}
    };
    async::VirtualLoop loop;
    Stuck stuck;
    Machine machine(loop);
    Simulated simulated(machine, loop, stuck);
    async::Scope scope;
    std::vector<Reason> ends;
    const auto note = [](async::Task<Result<Created>> task, std::vector<Reason>& to) -> async::Task<> {
        const auto created = co_await std::move(task);
        to.push_back(created ? Reason::internal : created.error().reason);
    };
    async::CancelSource source;
    scope.spawn(note(simulated.create(guest_named("a"), {.cancel = source.token()}), ends));
    scope.spawn(note(simulated.create(guest_named("b"), {}), ends));
    loop.run_for(seconds(1));
    EXPECT_THAT(ends, ElementsAre());
    source.cancel();
    loop.run_for(seconds(1));
    EXPECT_THAT(ends, ElementsAre(Reason::cancelled));
    loop.run_for(limits::simulated_file_check);
    EXPECT_THAT(ends, ElementsAre(Reason::cancelled, Reason::timed_out));
}

TEST(Simulated, ARequestThatIsNeverAcknowledgedTimesOutAfterAMinute) {
    World world;
    const auto domid = world.machine.create(guest_named("a", "sim:frozen")).value();
    const auto asked =
        world.start(world.simulated.request_shutdown(domid, hypervisor::ShutdownMethod::paravirtual, {}));
    world.loop.run_for(seconds(59));
    EXPECT_FALSE(asked->has_value());
    world.loop.run_for(seconds(2));
    ASSERT_TRUE(asked->has_value());
    EXPECT_EQ((*asked)->error().reason, Reason::timed_out);
}

TEST(Simulated, ADeafGuestAcknowledgesAndGoesOn) {
    World world;
    const auto domid = world.machine.create(guest_named("a", "sim:deaf")).value();
    EXPECT_TRUE(world.end_of(world.simulated.request_reboot(domid, {})));
    world.loop.run_for(seconds(600));
    EXPECT_TRUE(find_domid(world.machine.look(), domid)->running);
}

TEST(Simulated, ARequestThatWasNotAnsweredInTimeMayStillBeFollowed) {
    World world;
    const auto domid = world.machine.create(guest_named("a"), true).value();
    const auto asked =
        world.start(world.simulated.request_shutdown(domid, hypervisor::ShutdownMethod::paravirtual, {}));
    world.loop.run_for(seconds(61));
    ASSERT_TRUE(asked->has_value());
    EXPECT_EQ((*asked)->error().reason, Reason::timed_out);
    ASSERT_TRUE(world.machine.unpause(domid));
    world.loop.run_for(seconds(1));
    EXPECT_EQ(find_domid(world.machine.look(), domid)->stopped, StopReason::poweroff);
}

TEST(Simulated, ARequestThatWasCancelledIsNotFollowed) {
    World world;
    const auto domid = world.machine.create(guest_named("a"), true).value();
    async::CancelSource source;
    const auto asked = world.start(world.simulated.request_shutdown(
        domid, hypervisor::ShutdownMethod::paravirtual, {.cancel = source.token()}));
    world.loop.run_for(seconds(1));
    source.cancel();
    world.loop.run_for(seconds(1));
    EXPECT_EQ((*asked)->error().reason, Reason::cancelled);
    ASSERT_TRUE(world.machine.unpause(domid));
    world.loop.run_for(seconds(600));
    EXPECT_TRUE(find_domid(world.machine.look(), domid)->running);
}

TEST(Simulated, ARequestToADomainThatIsDestroyedIsNoDomain) {
    World world;
    const auto domid = world.machine.create(guest_named("a", "sim:frozen")).value();
    const auto asked = world.start(world.simulated.request_reboot(domid, {}));
    world.loop.run_for(seconds(1));
    ASSERT_TRUE(world.machine.destroy(domid));
    world.loop.run_for(milliseconds(1));
    ASSERT_TRUE(asked->has_value());
    EXPECT_EQ((*asked)->error().reason, Reason::no_domain);
}

TEST(Simulated, TheEndOfADestroyIsTheEndOfTheDomain) {
    World world;
    const auto domid = world.machine.create(guest_named("a")).value();
    ASSERT_TRUE(world.end_of(world.simulated.destroy(domid, {})));
    EXPECT_EQ(world.machine.size(), 1u);
}

TEST(Simulated, ADomainThatStaysDyingDoesNotHoldItsDestroyForEver) {
    World world({.times = {.dying = std::chrono::hours(24)}});
    const auto domid = world.machine.create(guest_named("a")).value();
    EXPECT_TRUE(world.end_of(world.simulated.destroy(domid, {})));
    EXPECT_TRUE(find_domid(world.machine.look(), domid)->dying);
}

TEST(Simulated, NothingIsResumedInTheMidstOfACancel) {
    World world;
    const auto domid = world.machine.create(guest_named("a", "sim:frozen")).value();
    async::CancelSource source;
    const auto asked = world.start(world.simulated.request_reboot(domid, {.cancel = source.token()}));
    world.loop.run_for(seconds(1));
    source.cancel();
    EXPECT_FALSE(asked->has_value());
    world.loop.run_for({});
    EXPECT_TRUE(asked->has_value());
}

// The host's devices

TEST(Simulated, AnInterfaceOfAGuestIsADeviceOfTheHostThatComesAndGoes) {
    World world;
    int signs = 0;
    world.simulated.on_host_devices([&] { ++signs; });
    const auto interfaces = [&] {
        std::vector<std::string> names;
        const auto all = world.end_of(world.simulated.host_devices()).value();
        for (const auto& device : all)
            if (const auto* const one = std::get_if<hypervisor::HostInterface>(&device.what))
                names.push_back(one->name);
        return names;
    };
    auto definition = guest_named("a");
    definition.nics = {{.mac = {{0x00, 0x16, 0x3e, 0, 0, 1}}, .bridge = "xenbr0"}};
    const auto domid = world.machine.create(definition).value();
    world.loop.run_for(seconds(1));
    const int came = signs;
    EXPECT_GT(came, 0);
    EXPECT_THAT(interfaces(), ElementsAre("eth0", "vif1.0"));
    ASSERT_TRUE(world.machine.destroy(domid));
    world.loop.run_for(seconds(1));
    EXPECT_GT(signs, came);
    EXPECT_THAT(interfaces(), ElementsAre("eth0"));
}

TEST(Simulated, ADriverThatLetsGoOfADeviceOfTheHostIsTold) {
    World world;
    int signs = 0;
    world.simulated.on_host_devices([&] { ++signs; });
    ASSERT_TRUE(world.end_of(world.simulated.set_assignable({.bus = 7}, true, world.operation())));
    world.loop.run_for(seconds(1));
    EXPECT_EQ(signs, 1);
    world.simulated.on_host_devices({});
    ASSERT_TRUE(world.end_of(world.simulated.set_assignable({.bus = 7}, false, world.operation())));
    world.loop.run_for(seconds(1));
    EXPECT_EQ(signs, 1);
}

// Attention

TEST(Simulated, AttentionIsCalledForWhatXenTellsAndOnceForSeveralHappenings) {
    World world;
    int calls = 0;
    world.simulated.on_attention([&] { ++calls; });
    const auto one = world.machine.create(guest_named("a")).value();
    const auto two = world.machine.create(guest_named("b")).value();
    EXPECT_EQ(calls, 0);
    world.loop.run_for(seconds(1));
    EXPECT_EQ(calls, 1);
    ASSERT_TRUE(world.machine.stop(one, StopReason::crash));
    world.loop.run_for(seconds(1));
    EXPECT_EQ(calls, 2);
    ASSERT_TRUE(world.machine.pause(two));
    ASSERT_TRUE(world.machine.rename(two, "c"));
    world.loop.run_for(seconds(1));
    EXPECT_EQ(calls, 2);
    ASSERT_TRUE(world.machine.destroy(two));
    world.loop.run_for(seconds(1));
    EXPECT_EQ(calls, 4) << "dying, and gone";
}

TEST(Simulated, FollowedLivesAreCounted) {
    World world;
    world.simulated.follow({1}, 7);
    world.simulated.follow({2}, 8);
    world.simulated.unfollow({1});
    world.simulated.unfollow({1});
    EXPECT_EQ(world.simulated.followed(), 1u);
}

/// A process that is killed where it stands: its frame is dropped, nothing in it is run any more.
struct Killed {
    struct promise_type {
        Killed get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_always final_suspend() noexcept { return {}; }
        void return_void() {}
        void unhandled_exception() { std::terminate(); }
    };
    std::coroutine_handle<promise_type> frame;

    static Killed run(async::Task<Result<Created>> task) { std::ignore = co_await std::move(task); }
    ~Killed() { frame.destroy(); }
};

TEST(Simulated, AHalfMadeDomainOutlivesTheDaemonThatMadeItAndTheNextOneCanRemoveIt) {
    World world;
    {
        Simulated killed(world.machine, world.loop, world.blocking);
        const auto process = Killed::run(killed.create(guest_named("a"), {}));
        world.loop.run_for(milliseconds(50));
    }
    world.loop.run_for(seconds(10));
    const auto half_made = find_domid(world.machine.look(), 1);
    ASSERT_TRUE(half_made);
    EXPECT_TRUE(half_made->paused);
    EXPECT_EQ(world.machine.describe(1).error().reason, Reason::invalid_state);

    Simulated next(world.machine, world.loop, world.blocking);
    EXPECT_TRUE(world.end_of(next.destroy(1, {})));
    EXPECT_EQ(world.machine.size(), 1u);
}

// Faults

TEST(Faults, AnInjectedFailureEndsTheNextOperationsOfItsKindWithItsLines) {
    World world;
    const auto domid = world.machine.create(guest_named("a")).value();
    world.simulated.faults().inject(OperationKind::pause,
                                    {.fails = Reason::operation_failed, .lines = {"xc: -16"}}, 2);
    for (int i = 0; i < 2; ++i) {
        const auto paused = world.end_of(world.simulated.pause(domid, {}));
        ASSERT_FALSE(paused);
        EXPECT_EQ(paused.error().reason, Reason::operation_failed);
        EXPECT_THAT(paused.error().details, ElementsAre("xc: -16"));
        EXPECT_FALSE(find_domid(world.machine.look(), domid)->paused);
    }
    EXPECT_TRUE(world.end_of(world.simulated.pause(domid, {})));
}

TEST(Faults, EveryKindOfOperationCanFail) {
    World world;
    auto& simulated = world.simulated;
    const auto domid = world.machine.create(guest_named("a")).value();
    const auto expected = Reason::access_denied;  // which nothing else here is
    for (std::size_t kind = 0; kind < operation_kinds; ++kind)
        simulated.faults().inject(static_cast<OperationKind>(kind), {.fails = expected});
    const auto reason = [&world](auto task) {
        const auto result = world.end_of(std::move(task));
        return result ? Reason::internal : result.error().reason;
    };
    EXPECT_EQ(reason(simulated.look()), expected);
    EXPECT_EQ(reason(simulated.measure({})), expected);
    EXPECT_EQ(reason(simulated.describe(domid, {})), expected);
    EXPECT_EQ(reason(simulated.screenshot(domid)), expected);
    EXPECT_EQ(reason(simulated.scheduler(domid)), expected);
    EXPECT_EQ(reason(simulated.cpu_share(domid)), expected);
    EXPECT_EQ(reason(simulated.memory_nodes(domid)), expected);
    EXPECT_EQ(reason(simulated.host_devices()), expected);
    EXPECT_EQ(reason(simulated.pci_devices()), expected);

    EXPECT_EQ(reason(simulated.create(guest_named("b"), {})), expected);
    EXPECT_EQ(reason(simulated.unpause(domid, {})), expected);
    EXPECT_EQ(reason(simulated.pause(domid, {})), expected);
    EXPECT_EQ(reason(simulated.request_shutdown(domid, hypervisor::ShutdownMethod::paravirtual, {})),
              expected);
    EXPECT_EQ(reason(simulated.request_reboot(domid, {})), expected);
    EXPECT_EQ(reason(simulated.soft_reset(domid, {})), expected);
    EXPECT_EQ(reason(simulated.suspend(domid, {})), expected);
    EXPECT_EQ(reason(simulated.resume(domid, {})), expected);

    EXPECT_EQ(reason(simulated.inject_nmi(domid, {})), expected);
    EXPECT_EQ(reason(simulated.send_keys(domid, {}, {})), expected);
    EXPECT_EQ(reason(simulated.send_sysrq(domid, 'b', {})), expected);
    EXPECT_EQ(reason(simulated.rename(domid, "b", {})), expected);
    EXPECT_EQ(reason(simulated.set_memory(domid, 1024, {})), expected);
    EXPECT_EQ(reason(simulated.set_memory_max(domid, 1024, {})), expected);
    EXPECT_EQ(reason(simulated.set_vcpus(domid, 1, {})), expected);
    EXPECT_EQ(reason(simulated.pin_vcpu(domid, 0, {}, {})), expected);
    EXPECT_EQ(reason(simulated.set_cpu_share(domid, {}, {})), expected);
    EXPECT_EQ(reason(simulated.attach(domid, domain::Nic{}, {})), expected);
    EXPECT_EQ(reason(simulated.update(domid, domain::Nic{}, {})), expected);
    EXPECT_EQ(reason(simulated.detach(domid, domain::Nic{}, {})), expected);
    EXPECT_EQ(reason(simulated.resize_disk(domid, {}, 1024, {})), expected);

    const std::filesystem::path file = testing::TempDir() + "simulated_test.image";
    EXPECT_EQ(reason(simulated.dump_core(domid, file, {}, {})), expected);
    EXPECT_EQ(reason(simulated.save(domid, {.definition = guest_named("a")}, file, {})), expected);
    ASSERT_TRUE(world.end_of(simulated.save(domid, {.definition = guest_named("a")}, file, {})));
    const auto head = world.end_of(simulated.read_image(file)).value().bytes;
    EXPECT_EQ(reason(simulated.restore(guest_named("b"), {file, head}, {})), expected);
    std::filesystem::remove(file);

    EXPECT_EQ(reason(simulated.destroy(domid, {})), expected);
    EXPECT_EQ(world.machine.size(), 2u);
}

TEST(Faults, ADelayMakesAnOperationTakeLonger) {
    World world;
    world.simulated.faults().inject(OperationKind::create, {.delay = seconds(20)});
    const auto creating = world.start(world.simulated.create(guest_named("a"), {}));
    world.loop.run_for(seconds(20));
    EXPECT_FALSE(creating->has_value());
    world.loop.run_for(seconds(1));
    EXPECT_TRUE(creating->has_value());
}

TEST(Faults, AnOperationCanEndLateAfterItsCancel) {
    World world;
    world.simulated.faults().inject(OperationKind::create, {.delay = seconds(60), .late = seconds(5)});
    async::CancelSource source;
    const auto creating = world.start(world.simulated.create(guest_named("a"), {.cancel = source.token()}));
    world.loop.run_for(seconds(1));
    source.cancel();
    world.loop.run_for(milliseconds(4900));
    EXPECT_FALSE(creating->has_value());
    world.loop.run_for(seconds(1));
    ASSERT_TRUE(creating->has_value());
    EXPECT_EQ((*creating)->error().reason, Reason::cancelled);
    EXPECT_EQ(world.machine.size(), 1u);
}

TEST(Faults, AnOperationCanBeDoneAlthoughItWasCancelled) {
    World world;
    world.simulated.faults().inject(OperationKind::create, {.late = seconds(5)});
    async::CancelSource source;
    const auto creating = world.start(world.simulated.create(guest_named("a"), {.cancel = source.token()}));
    world.loop.run_for(milliseconds(50));
    source.cancel();
    world.loop.run_for(seconds(1));
    ASSERT_TRUE(creating->has_value());
    EXPECT_TRUE(creating->value().has_value());
    EXPECT_EQ(world.machine.size(), 2u);
}

TEST(Faults, ADomainCanDieInTheMiddleOfItsCreate) {
    World world;
    world.simulated.faults().inject(OperationKind::create, {.domain_dies = true});
    const auto created = world.end_of(world.simulated.create(guest_named("a"), {}));
    ASSERT_FALSE(created);
    EXPECT_EQ(created.error().reason, Reason::operation_failed);
    world.loop.run_for(seconds(1));
    EXPECT_EQ(world.machine.size(), 1u);
}

TEST(Faults, ADomainThatDiesAtTheEndOfItsCreateFailsItToo) {
    World world;
    const auto creating = world.start(world.simulated.create(guest_named("a"), {}));
    world.loop.run_for(milliseconds(105));
    ASSERT_FALSE(creating->has_value());
    ASSERT_TRUE(world.machine.describe(1)) << "it is introduced, and its create not done";
    ASSERT_TRUE(world.machine.destroy(1));
    world.loop.run_for(seconds(1));
    ASSERT_TRUE(creating->has_value());
    EXPECT_EQ((*creating)->error().reason, Reason::operation_failed);
    EXPECT_EQ(world.machine.size(), 1u);
}

TEST(Faults, ADomainCanDieInTheMiddleOfAnyOperation) {
    World world;
    const auto domid = world.machine.create(guest_named("a")).value();
    world.simulated.faults().inject(OperationKind::pause, {.domain_dies = true});
    const auto paused = world.end_of(world.simulated.pause(domid, {}));
    ASSERT_FALSE(paused);
    EXPECT_EQ(paused.error().reason, Reason::no_domain);
}

}  // namespace
}  // namespace virtlight::simulated
