// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simulation/host.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "base/limits.hpp"
#include "base/log.hpp"
#include "domain/device.hpp"

namespace virtlight::simulation {

using manager::DomainInfo;
using manager::Story;

namespace {

constexpr auto most_of_a_start = std::chrono::minutes(5);
/// It waits for its operations, and then for what they have to write.
constexpr auto most_of_an_end = 2 * limits::shut_down_wait;

simulated::Settings small_host(std::function<Duration(Duration)> vary) {
    // Domids come around soon, and memory is scarce now and then.
    return {.memory_kib = 32 * 1024, .dom0_memory_kib = 8 * 1024, .last_domid = 9, .vary = std::move(vary)};
}

/// Not what is refused before anything has happened.
bool may_be_half_done(Reason reason) {
    return reason == Reason::operation_failed || reason == Reason::timed_out || reason == Reason::cancelled ||
           reason == Reason::io;
}

using Guests = std::vector<std::pair<Uuid, std::optional<hypervisor::StopReason>>>;

/// Those that are there, but for what changes by itself.
Guests those_of(const hypervisor::Snapshot& snapshot) {
    Guests guests;
    for (const auto& seen : snapshot.domains)
        if (!seen.dying && !seen.name.empty()) guests.emplace_back(seen.uuid, seen.stopped);
    return guests;
}

}  // namespace

Host::Host(std::function<Duration(Duration)> vary, Spoil spoil)
    : machine(loop, small_host(std::move(vary))),
      spoil_(std::move(spoil)),
      guests_(machine, disk.path() / "saved") {
    using enum Wish::Kind;
    log::set_level(log::Level::error);
    std::filesystem::create_directory(images());
    disk.renamed = [this](const std::filesystem::path& from, const std::filesystem::path& to) {
        if (guests_.owner(to)) note(fmt::format("disk: {} becomes {}", from.string(), to.string()));
        guests_.renamed(from, to);
    };
    disk.removed = [this](const std::filesystem::path& path) {
        const auto uuid = guests_.owner(path);
        if (uuid) note(fmt::format("disk: {} is removed", path.string()));
        // What is aside of a guest is no managed image, and goes with its definition.
        const bool with_domain = uuid && path.extension() == ".used" && wants(*uuid, {undefine});
        guests_.removed(
            path,
            with_domain || (uuid && wants(*uuid, {remove_image, undefine_with_image, start_afresh_paused})));
    };
}

// Operations

unsigned Host::asked(std::string words, Wish wish) {
    const auto id = ++last_id_;
    note(fmt::format("{}: {}", id, words));
    open_.emplace(id, Open{std::move(words), std::move(wish)});
    return id;
}

void Host::ended(unsigned id, const Result<>& result) {
    const auto& [words, wish] = open_.at(id);
    note(fmt::format("{}: {} {}", id, words, result ? "is done" : "fails: " + result.error().message));
    if (result)
        stored_.ended_well(wish);
    else if (may_be_half_done(result.error().reason))
        stored_.failed(wish);
    // Of what is taken apart by half, and cannot be noted to stay, the next daemon removes the rest.
    if (!result && wish.kind == Wish::Kind::destroy && may_be_half_done(result.error().reason))
        guests_.was_to_be_destroyed(wish.uuid);
    last_result_ = result;
    open_.erase(id);
}

bool Host::wants(Uuid uuid, std::initializer_list<Wish::Kind> kinds) const {
    return std::ranges::any_of(open_, [&](const auto& entry) {
        const auto& wish = entry.second.wish;
        return wish.uuid == uuid && std::ranges::count(kinds, wish.kind) > 0;
    });
}

void Host::note(const std::string& text) {
    const auto at = std::chrono::duration<double>(loop.now().time_since_epoch()).count();
    trace_.push_back(fmt::format("{:.6f} {}", at, without_folder(text)));
}

std::string Host::without_folder(std::string text) const {
    const auto folder = disk.path().string();
    for (auto at = text.find(folder); at != text.npos; at = text.find(folder))
        text.erase(at, folder.size());
    return text;
}

void Host::xl_creates(const domain::Definition& guest, bool paused) {
    const auto created = machine.create(guest, paused);
    if (!created) return;
    // It could not be told from the guest that was there before. Xen's domids come around after 32,000
    // others.
    if (guests_.has_lived(guest.uuid, *created)) {
        std::ignore = machine.destroy(*created);
        return;
    }
    note(fmt::format("xl creates domid {}", *created));
}

void Host::xl_lets_run(simulated::DomId domid) {
    if (!machine.unpause(domid)) return;
    note(fmt::format("xl unpauses domid {}", domid));
    guests_.xl_lets_run(domid);
}

void Host::xl_renames(simulated::DomId domid, const std::string& name) {
    const auto snapshot = machine.look();
    const auto seen = std::ranges::find(snapshot.domains, domid, &hypervisor::DomainSeen::domid);
    // Of one that is being built nobody would know, by another name, for whom.
    if (domid == 0 || seen == snapshot.domains.end() || !machine.describe(domid)) return;
    if (!machine.rename(domid, name)) return;
    note(fmt::format("xl renames domid {} to '{}'", domid, name));
    stored_.done_in_xen({.kind = Wish::Kind::change,
                         .uuid = seen->uuid,
                         .change = [name](domain::Definition& definition) { definition.name = name; }});
}

// Time

void Host::step() {
    if (!loop.step()) throw Broken("nothing goes on");
    guests_.step();
    check_step();
}

void Host::run_for(Duration duration) {
    bool over = false;
    loop.call_at(loop.now() + duration, [&over] { over = true; });
    while (!over)
        step();
}

void Host::finish_operations(Duration bound) {
    for (const auto end = loop.now() + bound; up() && !open_.empty();) {
        step();
        if (loop.now() > end) throw Broken("an operation does not end: " + open_.begin()->second.words);
    }
}

void Host::check_step() {
    if (daemon_ && !daemon_->alive()) kill("the disk has crashed");
    auto wrong = guests_.broken() + nonsense_;
    if (daemon_) wrong += daemon_->lives().broken();
    if (!wrong.empty()) throw Broken(without_folder(wrong));
}

// The daemon

void Host::kill(std::string_view why) {
    note(fmt::format("the daemon is killed: {}", why));
    drop_daemon();
}

void Host::stop() {
    note("the daemon is stopped");
    shut_down_within(most_of_an_end);
    if (!daemon_) return;  // it was killed on the way
    if (!open_.empty()) throw Broken("an operation outlives the daemon: " + open_.begin()->second.words);
    drop_daemon();
}

void Host::drop_daemon() {
    events_ = {};
    daemon_.reset();
    started_ = false;
    rebooting_.clear();
    halted_.clear();
    stories_.clear();
    guests_.nobody_saves();
    for (const auto& [id, operation] : std::exchange(open_, {})) {
        stored_.in_doubt(operation.wish);
        if (operation.wish.kind == Wish::Kind::destroy) guests_.was_to_be_destroyed(operation.wish.uuid);
    }
    disk.repair();
}

void Host::start() {
    while (!up()) {
        note("a daemon starts");
        const auto asked = [this](Uuid uuid) { return wants(uuid, {Wish::Kind::destroy}); };
        daemon_ = std::make_unique<Daemon>(loop, machine, disk, guests_, asked, spoil_);
        events_ = manager().subscribe([this](const domain::Event& event) { heard(event); });
        daemon_->clients().spawn(bring_up());
        const auto end = loop.now() + most_of_a_start;
        while (daemon_ && !started_) {
            step();
            if (loop.now() > end) throw Broken("the daemon does not start");
        }
    }
}

/// As clients see it from what they hear from now on: what is being started is told of when it has.
manager::Story Host::story_of(manager::DomainInfo info) {
    const auto job = manager().job(info.uuid).value();
    const bool busy = job.state == manager::JobReport::State::running;
    const bool starting = busy && job.operation == manager::JobReport::Operation::start &&
                          info.status == domain::Status(domain::PausedReason::starting_up);
    if (rebooting_.contains(info.uuid) && (info.domid < 0 || starting)) return Story::between_lives(info);
    if (starting) return Story::starting(info);
    // That a guest has stopped is told when what is left of it is gone.
    const bool untold = busy && !halted_.contains(info.uuid);
    if (untold && Story::run_of(info) == Story::Run::halted) info.status = domain::RunningReason::unknown;
    return Story(info);
}

async::Task<> Host::bring_up() {
    const auto done = co_await manager().start_up();
    if (!done) {
        nonsense_ += "the daemon does not start: " + done.error().message;
        co_return;
    }
    for (const auto& info : manager().list())
        stories_.insert_or_assign(info.uuid, story_of(info));
    nonsense_ += stored_.check(manager());
    manager().autostart("boot");
    started_ = true;
    note("the daemon serves");
}

void Host::heard(const domain::Event& event) {
    const auto text = manager::to_text(event);
    note("event: " + text);
    const auto kind = text.substr(text.find(' ') + 1);
    if (!started_) {
        if (kind == "REBOOT") rebooting_.insert(event.uuid);
        if (kind.starts_with("SHUTDOWN") || kind.starts_with("CRASHED")) halted_.insert(event.uuid);
        return;
    }
    // Nothing can be thrown out of an operation: it is looked at after the step.
    auto& story = stories_[event.uuid];
    if (!story.goes_on_with(kind)) nonsense_ += text + " makes no sense\n";
    // A soft reset keeps the life; else that has ended before.
    if (kind == "REBOOT" && manager().find(event.uuid)->domid >= 0) story.goes_on_in_place();
    if (!manager::is_so(manager(), kind, event)) nonsense_ += text + " is not so\n";
}

// Rest

void Host::come_to_rest() {
    disk.repair();
    start();
    daemon_->hypervisor().faults() = {};
    finish_operations();
    settle();
    kill("at rest");
    start();
    settle();
    if (const auto wrong = untruth_of_files(); !wrong.empty()) throw Broken(wrong);
    end_in_order();
}

/// Guests that start anew by themselves are never at rest: it has to be right at one moment.
void Host::settle() {
    constexpr auto bound = seconds(15);
    run_for(seconds(1));
    for (const auto begin = loop.now(); !untruth().empty();) {
        if (loop.now() - begin > (looks_half_made() ? limits::foreign_build + bound : bound)) break;
        run_for(milliseconds(70));
    }
    if (const auto wrong = untruth(); !wrong.empty()) throw Broken("at rest " + wrong);
}

/// A guest of somebody else's that is paused, as one that is being built is: it is not shown for a while.
bool Host::looks_half_made() {
    return std::ranges::any_of(machine.look().domains, [this](const hypervisor::DomainSeen& seen) {
        const auto info = manager().find(seen.uuid);
        return seen.paused && guests_.has_run(seen.domid) && (!info || info->domid < 0);
    });
}

std::string Host::untruth() {
    if (auto wrong = untruth_of_guests(); !wrong.empty()) return wrong;
    if (auto wrong = untruth_of_stories(); !wrong.empty()) return wrong;
    if (auto wrong = stored_.check(manager()); !wrong.empty()) return wrong;
    return untruth_of_devices();
}

std::string Host::untruth_of_guests() {
    const auto truth = machine.look();
    std::size_t shown = 0;
    for (const auto& info : manager().list()) {
        const auto& name = info.name;
        if (info.managed_image != guests_.has_image(info.uuid) && info.domid != 0)
            return fmt::format("'{}' has {} image, and it is told otherwise", name,
                               info.managed_image ? "no" : "an");
        if (info.domid < 0) continue;
        ++shown;
        const auto seen = std::ranges::find(truth.domains, static_cast<unsigned>(info.domid),
                                            &hypervisor::DomainSeen::domid);
        if (seen == truth.domains.end() || seen->uuid != info.uuid || seen->dying)
            return fmt::format("'{}' (domid {}) is shown and does not run", name, info.domid);
        const auto run = Story::run_of(info);
        if (seen->stopped ? run == Story::Run::running : (run == Story::Run::paused) != seen->paused)
            return fmt::format("'{}' is not {}", name, domain::to_string(info.status.state));
    }
    for (const auto& [uuid, stopped] : those_of(truth)) {
        const auto info = manager().find(uuid);
        if (!info || info->domid < 0) return fmt::format("{} runs and is not shown", to_string(uuid));
    }
    if (daemon_->lives().size() + 1 != shown) return "lives are told that are none";
    return daemon_->hypervisor().followed() + 1 == shown ? "" : "lives are followed that are none";
}

/// One that resets itself again and again stands still for a while; that it has is told when it goes on.
bool Host::is_held_back(const DomainInfo& info) {
    if (Story::run_of(info) != Story::Run::halted) return false;
    return std::ranges::any_of(machine.look().domains, [&](const hypervisor::DomainSeen& seen) {
        return seen.uuid == info.uuid && seen.stopped == hypervisor::StopReason::soft_reset;
    });
}

std::string Host::untruth_of_stories() {
    auto untold = stories_;
    for (const auto& info : manager().list()) {
        const auto story = untold.extract(info.uuid);
        if (!story) return fmt::format("'{}' was never told of", info.name);
        const auto run = story.mapped().run();
        const bool between =
            (run == Story::Run::between_lives || run == Story::Run::starting) && info.domid < 0;
        const bool lived = run == Story::Run::running || run == Story::Run::paused;
        const bool held_back = lived && is_held_back(info);
        const bool told = run == Story::run_of(info) || between || held_back;
        if (story.mapped().defined() != info.persistent || !told)
            return fmt::format(
                "the events about '{}' tell another story: it is {}{}, and was told to be {}{}", info.name,
                domain::to_string(info.status.state), info.persistent ? ", defined" : "", Story::to_word(run),
                story.mapped().defined() ? ", defined" : "");
    }
    for (const auto& [uuid, story] : untold)
        if (story.defined() || (story.run() != Story::Run::off && story.run() != Story::Run::starting))
            return fmt::format("the end of {} was not told", to_string(uuid));
    return {};
}

std::string Host::untruth_of_files() {
    std::string wrong;
    for (const auto* part : {"domains", "saved", "running", "autostart", "autostart-once"}) {
        for (const auto& entry : std::filesystem::directory_iterator(disk.path() / part)) {
            const auto uuid = Uuid::parse(entry.path().stem().string());
            // Also of what is kept for whoever wants it: only while its domain is there.
            if (!uuid || !manager().find(*uuid)) wrong += entry.path().string() + " is left behind\n";
        }
    }
    return without_folder(wrong);
}

namespace {

std::string names_of(const domain::Definition& definition) {
    std::string names;
    for (const auto& device : domain::all_devices(definition))
        names += (names.empty() ? "" : ", ") + alias_of(device);
    return names.empty() ? "no device" : names;
}

}  // namespace

std::string Host::untruth_of_devices() {
    for (const auto& info : manager().list()) {
        if (info.domid <= 0) continue;
        const auto truth = machine.describe(static_cast<simulated::DomId>(info.domid));
        const auto shown = manager().definition(info.uuid, manager::Which::live);
        if (truth && domain::all_devices(*truth) != domain::all_devices(*shown))
            return fmt::format("'{}' has {}, and is shown with {}", info.name, names_of(*truth),
                               names_of(*shown));
    }
    return {};
}

async::Task<> Host::shut_down() {
    co_await manager().shut_down();
    started_ = false;
}

void Host::shut_down_within(Duration bound) {
    events_ = {};
    const auto end = loop.now() + bound;
    daemon_->clients().spawn(shut_down());
    while (started_) {
        step();
        if (loop.now() > end) throw Broken("the daemon does not end");
    }
}

void Host::end_in_order() {
    const auto before = those_of(machine.look());
    const auto began = loop.now();
    shut_down_within(most_of_an_end);
    if (loop.now() == began && those_of(machine.look()) != before)
        throw Broken("guests have changed at the daemon's end");
    if (daemon_->clients().in_flight() > 0) throw Broken("a task outlives the daemon");
    if (daemon_->hypervisor().followed() > 0) throw Broken("lives are followed after the end");
    daemon_.reset();
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        std::error_code gone;
        const auto target = std::filesystem::read_symlink(entry.path(), gone).string();
        if (target.starts_with(disk.path().string() + "/"))
            throw Broken("open is left " + without_folder(target));
    }
}

}  // namespace virtlight::simulation
