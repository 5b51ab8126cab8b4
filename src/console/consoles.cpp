// SPDX-License-Identifier: LGPL-2.1-or-later
#include "console/consoles.hpp"

#include <algorithm>
#include <ranges>
#include <tuple>
#include <utility>

#include "base/log.hpp"
#include "domain/channel.hpp"
#include "manager/drained.hpp"

namespace virtlight::console {

using domain::is_channel;
using domain::State;

namespace {

/// What an event says about the guest's output; empty: nothing.
std::optional<Mark::Kind> mark_for(const domain::EventKind& kind) {
    using Pair = std::pair<domain::Lifecycle, Mark::Kind>;
    static const Pair marks[] = {
        {domain::Stopped::shutdown, Mark::Kind::shutdown},
        {domain::Stopped::destroyed, Mark::Kind::shutdown},
        {domain::Stopped::crashed, Mark::Kind::crash},
        {domain::Stopped::saved, Mark::Kind::save},
    };
    for (const auto& [event, mark] : marks)
        if (kind == domain::EventKind(event)) return mark;
    return std::nullopt;
}

/// Whether the last thing that happened to the guest was that it was saved, or restored in vain.
bool was_saved(const Ring& history) {
    using enum Mark::Kind;
    for (const auto& mark : std::views::reverse(history.marks()))
        if (mark.kind != gone && mark.kind != released && mark.kind != attached)
            return mark.kind == save || mark.kind == restore;
    return false;
}

/// What its next life is to a console. A guest that was saved goes on with the screen that it left; one that
/// was restored after something else is another boot.
std::vector<Mark::Kind> marks_of(manager::Birth birth, bool reboots, const Ring& history) {
    using enum Mark::Kind;
    switch (birth) {
        case manager::Birth::found: return {attached};
        case manager::Birth::restored:
            return was_saved(history) ? std::vector{restore} : std::vector{boot, restore};
        case manager::Birth::booted: break;
    }
    return {reboots ? reboot : boot};
}

/// And not Domain-0.
Result<> is_guest(const manager::DomainInfo& info) {
    if (info.domid != 0) return {};
    return fail(Reason::unsupported_operation,
                "domain '{}' has no console: it is the host itself, which has terminals of its own",
                info.name);
}

bool is_stop(const domain::EventKind& kind) {
    const auto* const lifecycle = std::get_if<domain::Lifecycle>(&kind);
    return lifecycle && lifecycle->event == domain::Lifecycle(domain::Stopped::shutdown).event;
}

}  // namespace

std::string name_of(const domain::Console& console) {
    switch (console.target) {
        case domain::Console::Target::xen: break;
        case domain::Console::Target::serial: return fmt::format("serial{}", console.port);
        case domain::Console::Target::channel: return fmt::format("channel{}", console.port - 1);
    }
    return fmt::format("console{}", console.port);
}

Consoles::Consoles(async::FdScheduler& loop, async::Blocking& disk, hypervisor::Hypervisor& hypervisor,
                   manager::Manager& manager, Places places, const Settings& settings)
    : loop_(loop),
      disk_(disk),
      hypervisor_(hypervisor),
      manager_(manager),
      places_(std::move(places)),
      settings_(settings),
      histories_(loop, disk, places_.histories, settings_,
                 [this](const HistoryKey& key) { return history_of(key); }),
      self_(std::make_shared<Consoles*>(this)) {}

Consoles::~Consoles() {
    loop_.cancel(unclaimed_timer_);
    for (const auto& [uuid, guest] : guests_)
        loop_.cancel(guest.retry);
}

async::Task<> Consoles::start_up() {
    co_await histories_.read();
    manager_.watch_lives(*this);
    events_ = manager_.subscribe([this](const domain::Event& event) { told(event); });
}

async::Task<> Consoles::shut_down() {
    ending_ = true;
    events_ = {};
    histories_.end();
    loop_.cancel(unclaimed_timer_);
    for (auto& [uuid, guest] : guests_) {
        detach(guest);
        for (const auto& [name, console] : guest.consoles)
            scope_.spawn(retire(console));
    }
    rest_.spawn(write_the_rest());
    for (auto before = answers();; before = answers()) {
        const bool all = co_await manager::drained_within(loop_, rest_, waiters_, settings_.farewell);
        if (all) co_return;
        if (answers() == before) break;
    }
    log::error("what consoles have seen last is not kept: the disk has not answered for {} s",
               std::chrono::duration_cast<seconds>(settings_.farewell).count());
    for (auto* const scope : {&waiters_, &rest_, &scope_})
        scope->drop();
    histories_.give_up();
}

async::Task<> Consoles::write_the_rest() {
    co_await scope_.drained();
    co_await histories_.write_the_rest();
}

void Consoles::take_up_histories() {
    take_up_known();
    if (histories_.unclaimed().empty()) return;
    unclaimed_timer_ = loop_.call_at(loop_.now() + settings_.unclaimed, [this] {
        unclaimed_timer_ = {};
        take_up_known();
        histories_.forget_unclaimed();  // nobody will ask for those of domains that have not come
    });
}

void Consoles::take_up_known() {
    for (const auto uuid : histories_.unclaimed()) {
        const auto info = manager_.find(uuid);
        if (!info) continue;
        auto& guest = guests_[uuid];
        guest.name = info->name;
        take_up(uuid, guest);
    }
}

/// All that is kept of it.
void Consoles::take_up(Uuid uuid, Guest& guest) {
    for (const auto& key : histories_.unclaimed_of(uuid))
        guest.consoles[key.console] = make(uuid, guest, key.console);
}

/// Null: it is gone.
const Ring* Consoles::history_of(const HistoryKey& key) const {
    const auto guest = guests_.find(key.uuid);
    if (guest == guests_.end()) return nullptr;
    const auto console = guest->second.consoles.find(key.console);
    return console == guest->second.consoles.end() ? nullptr : &console->second->history();
}

Result<std::shared_ptr<Console>> Consoles::find(Uuid uuid, const std::optional<std::string>& name) const {
    const auto info = manager_.find(uuid);
    if (info && info->domid < 0) return fail(Reason::invalid_state, "domain '{}' is not running", info->name);
    return find_among(uuid, name, true);
}

Result<std::shared_ptr<Console>> Consoles::find_history(Uuid uuid,
                                                        const std::optional<std::string>& name) const {
    return find_among(uuid, name, false);
}

Result<std::shared_ptr<Console>> Consoles::find_among(Uuid uuid, const std::optional<std::string>& name,
                                                      bool of_its_life) const {
    const auto info = manager_.find(uuid);
    if (!info) return std::unexpected(info.error());
    if (auto guest = is_guest(*info); !guest) return std::unexpected(guest.error());
    const auto guest = guests_.find(uuid);
    if (guest == guests_.end()) return fail(Reason::invalid_state, "domain '{}' has not run yet", info->name);
    const auto& consoles = guest->second.consoles;
    const auto counts = [&](const std::string& each) {
        return !of_its_life || guest->second.present.contains(each);
    };
    for (const auto& wanted : name ? std::vector{*name} : std::vector<std::string>{"serial0", "console0"})
        if (const auto found = consoles.find(wanted); found != consoles.end() && counts(wanted))
            return found->second;
    if (const auto port = name.value_or("serial0"); guest->second.elsewhere.contains(port))
        return fail(Reason::invalid_argument,
                    "character device {} of domain '{}' is not using a PTY: what it says goes where its "
                    "definition has it go, and is no console here",
                    port, info->name);
    std::string known;
    for (const auto& each : consoles | std::views::keys | std::views::filter(counts))
        known += (known.empty() ? "" : ", ") + each;
    return fail(Reason::invalid_argument, "domain '{}' has no console '{}' (it has: {})", info->name,
                name.value_or(""), known.empty() ? "none" : known);
}

Result<Consoles::Guest*> Consoles::running(Uuid uuid) {
    const auto info = manager_.find(uuid);
    if (!info) return std::unexpected(info.error());
    if (auto guest = is_guest(*info); !guest) return std::unexpected(guest.error());
    const auto guest = guests_.find(uuid);
    if (guest == guests_.end() || !guest->second.life)
        return fail(Reason::invalid_state, "domain '{}' is not running", info->name);
    return &guest->second;
}

Result<std::shared_ptr<Channel>> Consoles::open_channel(Uuid uuid, const std::optional<std::string>& name,
                                                        bool force) {
    const auto guest = running(uuid);
    if (!guest) return std::unexpected(guest.error());
    return (*guest)->channels.open(loop_, (*guest)->name, name, force);
}

std::vector<Consoles::Listed> Consoles::list() const {
    std::vector<Listed> all;
    for (const auto& [uuid, guest] : guests_) {
        const auto domid = guest.life ? std::optional(guest.domid) : std::nullopt;
        for (const auto& [name, console] : guest.consoles)
            all.push_back({uuid, guest.name, domid, name, domid && guest.released, console});
    }
    std::ranges::sort(all, {}, [](const Listed& each) { return std::tie(each.domain, each.name); });
    return all;
}

// Lives

void Consoles::life_began(const manager::LifeBegun& begun) {
    auto& guest = guests_[begun.uuid];
    guest.name = begun.name;
    guest.life = begun.life;
    guest.domid = begun.domid;
    guest.ttys.clear();
    guest.released = guest.refused = false;
    const bool found = begun.birth == manager::Birth::found;
    const bool reboots = !found && std::exchange(guest.rebooting, false);
    // What was known about a life that was found may be another one's tty by now, or the guest's own word.
    auto consoles = begun.consoles;
    for (auto& console : consoles)
        if (found) console.tty.clear();
    sort_consoles(guest, consoles);
    std::erase_if(consoles, [](const auto& console) { return !is_channel(console) && !has_pty(console); });
    take_up(begun.uuid, guest);
    part_with_others(begun.uuid, guest, found);
    guest.channels.follow(consoles);
    for (const auto& console : consoles)
        if (!is_channel(console)) begin_console(guest, console, begun, reboots);
    attach(begun.uuid, guest);
    hypervisor_.follow_ttys(
        begun.life, begun.domid, std::move(consoles),
        [weak = std::weak_ptr(self_), uuid = begun.uuid, life = begun.life](const auto& seen) {
            if (const auto self = weak.lock()) (*self)->ttys_told(uuid, life, seen);
        });
}

/// Which consoles this life has, and which of its serial ports lead elsewhere than to a pty.
void Consoles::sort_consoles(Guest& guest, const std::vector<domain::Console>& consoles) {
    guest.present.clear();
    guest.elsewhere.clear();
    for (const auto& console : consoles)
        if (!is_channel(console))
            (has_pty(console) ? guest.present : guest.elsewhere).insert(name_of(console));
}

void Consoles::begin_console(Guest& guest, const domain::Console& console, const manager::LifeBegun& begun,
                             bool reboots) {
    const auto name = name_of(console);
    auto& place = guest.consoles[name];
    if (!place) place = make(begun.uuid, guest, name);
    for (const auto kind : marks_of(begun.birth, reboots, place->history()))
        place->mark(kind);
    place->broker().hold_input(begun.birth != manager::Birth::found);  // until it is let run
    place->broker().set_silence({});
    if (!console.tty.empty()) guest.ttys[name] = console.tty;
}

/// The definition may have fewer consoles now. Who watches one that is no more sees its end. Of a guest that
/// was found, not all may be known: what the others have seen is kept.
void Consoles::part_with_others(Uuid uuid, Guest& guest, bool found) {
    std::erase_if(guest.consoles, [&](const auto& entry) {
        if (guest.present.contains(entry.first)) return false;
        entry.second->broker().finish();
        if (found) return false;
        drop({uuid, entry.first}, entry.second);
        return true;
    });
}

void Consoles::life_ended(Uuid uuid, hypervisor::LifeId life) {
    const auto found = guests_.find(uuid);
    if (found == guests_.end() || found->second.life != life) return;
    auto& guest = found->second;
    guest.life = {};
    loop_.cancel(std::exchange(guest.retry, {}));
    for (const auto& [name, console] : guest.consoles) {
        console->end_life();
        console->broker().set_exclusive(false);
    }
    guest.channels.finish();
    guest.lock.reset();
}

void Consoles::told(const domain::Event& event) {
    const auto info = manager_.find(event.uuid);
    const auto found = guests_.find(event.uuid);
    if (found == guests_.end()) return;
    if (info) rename(found->second, info->name);
    told(found->second, event.kind, info ? info->status.state : State::shutoff);
}

/// What was logged before stays where it is.
void Consoles::rename(Guest& guest, const std::string& name) {
    if (guest.name == name) return;
    guest.name = name;
    for (const auto& [console_name, console] : guest.consoles)
        console->log_to(log_path(guest, console_name));
}

void Consoles::told(Guest& guest, const domain::EventKind& kind, State state) {
    const bool stop = is_stop(kind);
    if (kind == domain::EventKind(domain::Rebooted{})) guest.rebooting = true;
    if (stop) guest.rebooting = false;
    for (const auto& [name, console] : guest.consoles) {
        if (const auto mark = mark_for(kind)) console->mark(*mark);
        console->broker().hold_input(state == State::paused);
        if (stop) console->broker().finish();
    }
    if (stop) histories_.save_soon();
}

/// Nobody will ask for its history. Of a life that could not be let run nothing was told: who watches it sees
/// its end now.
void Consoles::domain_gone(Uuid uuid) {
    auto guest = guests_.extract(uuid);
    if (!guest) return;
    loop_.cancel(guest.mapped().retry);
    for (auto& [name, console] : guest.mapped().consoles) {
        console->broker().finish();
        drop({uuid, name}, std::move(console));
    }
}

/// With what is kept of it.
void Consoles::drop(const HistoryKey& key, std::shared_ptr<Console> console) {
    histories_.drop(key);
    scope_.spawn(retire(std::move(console)));
}

/// Whoever uses it still keeps it; and a disk only as long as it takes anything, or the histories of all
/// guests that have gone would wait for one that hangs.
async::Task<> Consoles::retire(std::shared_ptr<Console> console) {
    for (auto before = answers(); !co_await console->close_log(settings_.farewell); before = answers())
        if (answers() == before) co_return;
    ++logs_closed_;
}

std::shared_ptr<Console> Consoles::make(Uuid uuid, const Guest& guest, const std::string& name) {
    const HistoryKey key{uuid, name};
    return std::make_shared<Console>(
        loop_, disk_, fmt::format("{}/{}", guest.name, name), histories_.take(key),
        LogSettings{
            .path = log_path(guest, name), .sequences = settings_.sequences, .rotation = settings_.rotation},
        Console::Owner{.changed = [this, key] { histories_.changed(key); },
                       .lost = [this, key] { lost(key); }});
}

std::filesystem::path Consoles::log_path(const Guest& guest, const std::string& name) const {
    return places_.logs / guest.name / (name + ".log");
}

}  // namespace virtlight::console
