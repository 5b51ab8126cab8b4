// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simulation/random_run.hpp"

#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "domain/xml.hpp"

namespace virtlight::simulation {

using hypervisor::StopReason;
using simulated::OperationKind;

RandomRun::RandomRun(std::uint64_t seed, Spoil spoil)
    : Host([this](Duration usual) { return usual * static_cast<int>(chance_.below(60)) / 20; },
           std::move(spoil)),
      chance_(seed) {
    for (std::size_t i = 0; i < names_.size(); ++i) {
        names_[i].name = std::string(1, static_cast<char>('a' + i));
        names_[i].uuid.bytes.fill(static_cast<std::uint8_t>(i + 1));
    }
    start();
}

const std::vector<RandomRun::Act>& RandomRun::acts() {
    static const std::vector<Act> all = {
        {.weight = 10, .does = &RandomRun::define, .asks_daemon = true},
        {.weight = 3, .does = &RandomRun::undefine, .asks_daemon = true},
        {.weight = 2, .does = &RandomRun::set_autostart, .asks_daemon = true},
        {.weight = 16, .does = &RandomRun::start_guest, .asks_daemon = true},
        {.weight = 6, .does = &RandomRun::create, .asks_daemon = true},
        {.weight = 4, .does = &RandomRun::shutdown, .asks_daemon = true},
        {.weight = 3, .does = &RandomRun::reboot, .asks_daemon = true},
        {.weight = 5, .does = &RandomRun::destroy, .asks_daemon = true},
        {.weight = 4, .does = &RandomRun::suspend, .asks_daemon = true},
        {.weight = 6, .does = &RandomRun::resume, .asks_daemon = true},
        {.weight = 4, .does = &RandomRun::save, .asks_daemon = true},
        {.weight = 10, .does = &RandomRun::managed_save, .asks_daemon = true},
        {.weight = 2, .does = &RandomRun::remove_managed_image, .asks_daemon = true},
        {.weight = 4, .does = &RandomRun::restore, .asks_daemon = true},
        {.weight = 2, .does = &RandomRun::reset, .asks_daemon = true},
        {.weight = 2, .does = &RandomRun::dump_core, .asks_daemon = true},
        {.weight = 2, .does = &RandomRun::sleep, .asks_daemon = true},
        {.weight = 2, .does = &RandomRun::wake, .asks_daemon = true},
        {.weight = 3, .does = &RandomRun::rename, .asks_daemon = true},
        {.weight = 2, .does = &RandomRun::set_memory, .asks_daemon = true},
        {.weight = 2, .does = &RandomRun::set_vcpus, .asks_daemon = true},
        {.weight = 4, .does = &RandomRun::attach, .asks_daemon = true},
        {.weight = 3, .does = &RandomRun::detach, .asks_daemon = true},
        {.weight = 3, .does = &RandomRun::update, .asks_daemon = true},
        {.weight = 4, .does = &RandomRun::abort, .asks_daemon = true},
        {.weight = 4, .does = &RandomRun::guest_stops, .asks_daemon = false},
        {.weight = 3, .does = &RandomRun::xl_creates, .asks_daemon = false},
        {.weight = 2, .does = &RandomRun::xl_destroys, .asks_daemon = false},
        {.weight = 2, .does = &RandomRun::xl_pauses, .asks_daemon = false},
        {.weight = 2, .does = &RandomRun::xl_unpauses, .asks_daemon = false},
        {.weight = 2, .does = &RandomRun::xl_renames, .asks_daemon = false},
        {.weight = 6, .does = &RandomRun::hypervisor_fails, .asks_daemon = true},
        {.weight = 3, .does = &RandomRun::disk_fails, .asks_daemon = false},
        {.weight = 3, .does = &RandomRun::disk_crashes, .asks_daemon = false},
        {.weight = 2, .does = &RandomRun::daemon_is_killed, .asks_daemon = true},
        {.weight = 2, .does = &RandomRun::daemon_is_stopped, .asks_daemon = true},
    };
    return all;
}

void RandomRun::act() {
    static const auto weights = std::accumulate(
        acts().begin(), acts().end(), 0U, [](unsigned sum, const Act& act) { return sum + act.weight; });
    auto left = chance_.below(weights);
    auto chosen = acts().begin();
    for (; left >= chosen->weight; ++chosen)
        left -= chosen->weight;
    if (chosen->asks_daemon && !up()) start();
    (this->*chosen->does)();
    run_for(chance_.a_while());
}

// What there is

const domain::Definition& RandomRun::known_guest() {
    return names_[chance_.below(static_cast<unsigned>(names_.size()))];
}

domain::Definition RandomRun::some_guest() {
    using enum domain::LifecycleAction;
    static constexpr std::string_view words[] = {"",
                                                 "",
                                                 "",
                                                 "",
                                                 "",
                                                 "sim:frozen",
                                                 "sim:deaf",
                                                 "sim:crash-after=0.4",
                                                 "sim:reboot-after=3",
                                                 "sim:poweroff-after=2",
                                                 "sim:soft-reset-after=1",
                                                 "sim:build-fails",
                                                 "sim:build-takes=2",
                                                 "sim:save-takes=1.5"};
    static constexpr domain::LifecycleAction actions[] = {destroy, destroy, restart, preserve,
                                                          rename_restart};
    static constexpr domain::LifecycleAction at_crashes[] = {destroy, restart, coredump_destroy,
                                                             coredump_restart};
    auto guest = known_guest();
    guest.memory_kib = guest.memory_max_kib = 1024 * (2 + chance_.below(5));
    guest.vcpus_max = 1 + chance_.below(4);
    guest.type = chance_.one_in(3) ? domain::GuestType::hvm : domain::GuestType::pv;
    guest.boot = {.kernel = "/proc/self/exe", .cmdline = std::string(chance_.pick(words))};
    guest.on_poweroff = chance_.pick(actions);
    guest.on_reboot = chance_.pick(actions);
    guest.on_crash = chance_.pick(at_crashes);
    guest.consoles.push_back({});
    if (guest.type == domain::GuestType::hvm && chance_.one_in(2)) guest.disks.push_back(some_cd());
    // As it is read back.
    return domain::parse_xml(domain::format_xml(guest)).value();
}

std::filesystem::path RandomRun::some_image() {
    return images() / std::to_string(chance_.below(3));
}

// What clients ask for

void RandomRun::define() {
    const auto guest = some_guest();
    ask(fmt::format("define '{}' with '{}'", guest.name, guest.boot.cmdline),
        {.kind = Wish::Kind::define, .uuid = guest.uuid, .definition = guest}, manager().define(guest));
}

void RandomRun::undefine() {
    const auto& guest = known_guest();
    const bool with_image = chance_.one_in(2);
    const auto kind = with_image ? Wish::Kind::undefine_with_image : Wish::Kind::undefine;
    ask(fmt::format("undefine '{}'{}", guest.name, with_image ? " with its image" : ""),
        {.kind = kind, .uuid = guest.uuid}, manager().undefine(guest.uuid, with_image));
}

void RandomRun::set_autostart() {
    const auto& guest = known_guest();
    const bool on = !chance_.one_in(3);
    ask(fmt::format("set autostart of '{}' to {}", guest.name, on),
        {.kind = Wish::Kind::set_autostart, .uuid = guest.uuid, .autostart = on},
        manager().set_autostart(guest.uuid, on));
}

void RandomRun::start_guest() {
    const auto& guest = known_guest();
    const manager::StartOptions options{.paused = chance_.one_in(4), .fresh = chance_.one_in(5)};
    // What was saved goes then, and nothing runs.
    const bool drops = options.paused && options.fresh;
    const auto kind = drops ? Wish::Kind::start_afresh_paused : Wish::Kind::other;
    ask(fmt::format("start '{}'{}{}", guest.name, options.paused ? " paused" : "",
                    options.fresh ? " afresh" : ""),
        {.kind = kind, .uuid = guest.uuid}, manager().start(guest.uuid, options));
}

void RandomRun::create() {
    const auto guest = some_guest();
    const manager::StartOptions options{.paused = chance_.one_in(4)};
    ask(fmt::format("create '{}' with '{}'", guest.name, guest.boot.cmdline), {.uuid = guest.uuid},
        manager().create(guest, options));
}

void RandomRun::shutdown() {
    const auto& guest = known_guest();
    ask(fmt::format("shut down '{}'", guest.name), {.uuid = guest.uuid}, manager().shutdown(guest.uuid, {}));
}

void RandomRun::reboot() {
    const auto& guest = known_guest();
    ask(fmt::format("reboot '{}'", guest.name), {.uuid = guest.uuid}, manager().reboot(guest.uuid));
}

void RandomRun::destroy() {
    const auto& guest = known_guest();
    ask(fmt::format("destroy '{}'", guest.name), {.kind = Wish::Kind::destroy, .uuid = guest.uuid},
        manager().destroy(guest.uuid));
}

void RandomRun::suspend() {
    const auto& guest = known_guest();
    ask(fmt::format("suspend '{}'", guest.name), {.uuid = guest.uuid}, manager().suspend(guest.uuid));
}

void RandomRun::resume() {
    const auto& guest = known_guest();
    ask(fmt::format("resume '{}'", guest.name), {.uuid = guest.uuid}, manager().resume(guest.uuid));
}

void RandomRun::save() {
    const auto& guest = known_guest();
    const auto path = some_image();
    ask(fmt::format("save '{}' to {}", guest.name, path.filename().string()), {.uuid = guest.uuid},
        manager().save(guest.uuid, path, {.paused = chance_.one_in(4)}));
}

void RandomRun::managed_save() {
    const auto& guest = known_guest();
    ask(fmt::format("managed save of '{}'", guest.name), {.uuid = guest.uuid},
        manager().managed_save(guest.uuid, {.paused = chance_.one_in(4)}));
}

void RandomRun::remove_managed_image() {
    const auto& guest = known_guest();
    ask(fmt::format("remove the image of '{}'", guest.name),
        {.kind = Wish::Kind::remove_image, .uuid = guest.uuid}, manager().remove_managed_image(guest.uuid));
}

void RandomRun::restore() {
    const auto path = some_image();
    ask(fmt::format("restore {}", path.filename().string()), {}, manager().restore(path, {}));
}

void RandomRun::reset() {
    const auto& guest = known_guest();
    ask(fmt::format("reset '{}'", guest.name), {.kind = Wish::Kind::destroy, .uuid = guest.uuid},
        manager().reset(guest.uuid));
}

void RandomRun::dump_core() {
    const auto& guest = known_guest();
    ask(fmt::format("dump the core of '{}'", guest.name), {.kind = Wish::Kind::destroy, .uuid = guest.uuid},
        manager().dump_core(guest.uuid, images() / "core", {.live = chance_.one_in(2)}));
}

void RandomRun::sleep() {
    const auto& guest = known_guest();
    ask(fmt::format("have '{}' sleep", guest.name), {.uuid = guest.uuid}, manager().sleep(guest.uuid));
}

void RandomRun::wake() {
    const auto& guest = known_guest();
    ask(fmt::format("wake '{}'", guest.name), {.uuid = guest.uuid}, manager().wake(guest.uuid));
}

void RandomRun::abort() {
    const auto& guest = known_guest();
    const auto aborted = manager().abort_job(guest.uuid);
    note(fmt::format("abort the job of '{}'{}", guest.name, aborted ? "" : ": there is none"));
}

// What others do

void RandomRun::guest_stops() {
    static constexpr StopReason reasons[] = {StopReason::poweroff, StopReason::reboot,
                                             StopReason::crash,    StopReason::watchdog,
                                             StopReason::suspend,  StopReason::soft_reset};
    const auto domid = some_domid();
    const auto reason = chance_.pick(reasons);
    if (machine.stop(domid, reason)) note(fmt::format("the guest of domid {} stops", domid));
}

void RandomRun::xl_creates() {
    const auto guest = some_guest();
    Host::xl_creates(guest, chance_.one_in(3));
}

void RandomRun::xl_destroys() {
    const auto domid = some_domid();
    if (machine.destroy(domid)) note(fmt::format("xl destroys domid {}", domid));
}

void RandomRun::xl_pauses() {
    const auto domid = some_domid();
    if (machine.pause(domid)) note(fmt::format("xl pauses domid {}", domid));
}

void RandomRun::xl_unpauses() {
    xl_lets_run(some_domid());
}

void RandomRun::xl_renames() {
    const auto domid = some_domid();
    Host::xl_renames(domid, some_name());
}

// What goes wrong

void RandomRun::hypervisor_fails() {
    simulated::Fault fault{.delay = milliseconds(chance_.below(300)),
                           .late = milliseconds(chance_.below(100))};
    if (!chance_.one_in(3)) fault.fails = Reason::operation_failed;
    fault.domain_dies = chance_.one_in(4);
    const auto kind = chance_.below(simulated::operation_kinds);
    note(fmt::format("the next operation of kind {} {}{}", kind, fault.fails ? "fails" : "is late",
                     fault.domain_dies ? ", and its domain dies" : ""));
    daemon().hypervisor().faults().inject(static_cast<OperationKind>(kind), fault, 1 + chance_.below(3));
}

void RandomRun::disk_fails() {
    const auto nth = 1 + chance_.below(12);
    note(fmt::format("change {} of the disk will fail", nth));
    disk.fail_at(nth);
}

void RandomRun::disk_crashes() {
    const auto nth = 1 + chance_.below(25);
    note(fmt::format("the daemon will be killed at change {} of the disk", nth));
    disk.crash_at(nth);
}

void RandomRun::daemon_is_killed() {
    kill("by chance");
}

void RandomRun::daemon_is_stopped() {
    stop();
}

Outcome run_seed(std::uint64_t seed, unsigned steps, const Spoil& spoil) {
    Outcome outcome;
    RandomRun run(seed, spoil);
    unsigned done = 0;
    try {
        for (; done < steps; ++done)
            run.act();
        run.come_to_rest();
    } catch (const Broken& broken) {
        outcome.broken = fmt::format("seed {}, step {}: {}", seed, done, broken.what());
    }
    outcome.trace = run.trace();
    return outcome;
}

}  // namespace virtlight::simulation
