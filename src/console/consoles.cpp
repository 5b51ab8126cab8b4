// SPDX-License-Identifier: LGPL-2.1-or-later
#include "console/consoles.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/file.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"

namespace virtlight::console {

using domain::State;

namespace {

/// What an event says about the guest's output; empty: nothing.
std::optional<Mark::Kind> mark_for(const domain::EventKind& kind) {
    using Pair = std::pair<domain::Lifecycle, Mark::Kind>;
    static const Pair marks[] = {
        {domain::Stopped::shutdown, Mark::Kind::shutdown}, {domain::Stopped::destroyed, Mark::Kind::shutdown},
        {domain::Stopped::crashed, Mark::Kind::crash},     {domain::Stopped::saved, Mark::Kind::save},
        {domain::Started::restored, Mark::Kind::restore},
    };
    for (const auto& [event, mark] : marks)
        if (kind == domain::EventKind(event)) return mark;
    return std::nullopt;
}

bool is_stop(const domain::EventKind& kind) {
    const auto* const lifecycle = std::get_if<domain::Lifecycle>(&kind);
    return lifecycle && lifecycle->event == domain::Lifecycle(domain::Stopped::shutdown).event;
}

}  // namespace

std::string name_of(const domain::Console& console) {
    const auto* const kind = console.target == domain::Console::Target::serial ? "serial" : "console";
    return fmt::format("{}{}", kind, console.port);
}

Consoles::Consoles(async::FdScheduler& loop, async::Blocking& disk, hypervisor::Hypervisor& hypervisor,
                   manager::Manager& manager, Places places, const Settings& settings)
    : loop_(loop),
      disk_(disk),
      hypervisor_(hypervisor),
      manager_(manager),
      places_(std::move(places)),
      settings_(settings),
      self_(std::make_shared<Consoles*>(this)) {}

Consoles::~Consoles() {
    loop_.cancel(save_timer_);
    for (const auto& [uuid, guest] : guests_)
        loop_.cancel(guest.retry);
}

async::Task<> Consoles::start_up() {
    auto read = [folder = places_.histories, size = settings_.history] {
        // Without the folder each write says what is wrong with it.
        static_cast<void>(make_folder(folder));
        return read_histories(folder, size);
    };
    auto kept = co_await async::run_blocking(disk_, loop_, std::move(read));
    for (const auto& problem : kept.problems)
        log::warning("a console's history is left alone: {}", problem);
    for (auto& [key, ring] : kept.histories)
        kept_.emplace(std::move(key), std::move(ring));
    manager_.watch_lives(*this);
    events_ = manager_.subscribe([this](const domain::Event& event) { told(event); });
}

async::Task<> Consoles::shut_down() {
    ending_ = true;
    events_ = {};
    loop_.cancel(save_timer_);
    for (auto& [uuid, guest] : guests_) {
        detach(guest);
        for (const auto& [name, console] : guest.consoles)
            scope_.spawn(retire(console));
    }
    co_await scope_.drained();
    co_await save_all();
}

Result<std::shared_ptr<Console>> Consoles::find(Uuid uuid, const std::optional<std::string>& name) const {
    const auto info = manager_.find(uuid);
    if (info && info->domid < 0) return fail(Reason::invalid_state, "domain '{}' is not running", info->name);
    return find_history(uuid, name);
}

Result<std::shared_ptr<Console>> Consoles::find_history(Uuid uuid,
                                                        const std::optional<std::string>& name) const {
    const auto info = manager_.find(uuid);
    if (!info) return std::unexpected(info.error());
    const auto guest = guests_.find(uuid);
    if (guest == guests_.end()) return fail(Reason::invalid_state, "domain '{}' has not run yet", info->name);
    const auto& consoles = guest->second.consoles;
    for (const auto& wanted : name ? std::vector{*name} : std::vector<std::string>{"serial0", "console0"})
        if (const auto found = consoles.find(wanted); found != consoles.end()) return found->second;
    std::string known;
    for (const auto& [each, console] : consoles)
        known += (known.empty() ? "" : ", ") + each;
    return fail(Reason::invalid_argument, "domain '{}' has no console '{}' (it has: {})", info->name,
                name.value_or(""), known.empty() ? "none" : known);
}

Result<Consoles::Guest*> Consoles::running(Uuid uuid) {
    const auto info = manager_.find(uuid);
    if (!info) return std::unexpected(info.error());
    const auto guest = guests_.find(uuid);
    if (guest == guests_.end() || !guest->second.life)
        return fail(Reason::invalid_state, "domain '{}' is not running", info->name);
    return &guest->second;
}

Result<> Consoles::release(Uuid uuid) {
    const auto guest = running(uuid);
    if (!guest) return std::unexpected(guest.error());
    if (std::exchange((*guest)->released, true))
        return fail(Reason::invalid_state, "the consoles of domain '{}' are released already",
                    (*guest)->name);
    detach(**guest);
    for (const auto& [name, console] : (*guest)->consoles)
        console->mark(Mark::Kind::released);
    return {};
}

Result<> Consoles::take_back(Uuid uuid) {
    const auto guest = running(uuid);
    if (!guest) return std::unexpected(guest.error());
    if (!(*guest)->released)
        return fail(Reason::invalid_state, "the consoles of domain '{}' are not released", (*guest)->name);
    if (auto attached = try_attach(**guest); !attached) {
        detach(**guest);
        return attached;
    }
    (*guest)->released = false;
    for (const auto& [name, console] : (*guest)->consoles)
        console->mark(Mark::Kind::attached);
    return {};
}

std::vector<Consoles::Listed> Consoles::list() const {
    std::vector<Listed> all;
    for (const auto& [uuid, guest] : guests_)
        for (const auto& [name, console] : guest.consoles)
            all.push_back({uuid, guest.name, name, console});
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
    guest.released = false;
    const auto kind = !begun.made                             ? Mark::Kind::attached
                      : std::exchange(guest.rebooting, false) ? Mark::Kind::reboot
                                                              : Mark::Kind::boot;
    drop_others(guest, begun.consoles);
    for (const auto& console : begun.consoles) {
        const auto name = name_of(console);
        auto& place = guest.consoles[name];
        if (!place) place = make(begun.uuid, guest, name);
        place->mark(kind);
        place->broker().hold_input(begun.made);  // until it is let run
        // What was written down about a life that was found may be another one's tty by now.
        if (begun.made && !console.tty.empty()) guest.ttys[name] = console.tty;
    }
    attach(begun.uuid, guest);
    hypervisor_.follow_ttys(
        begun.life, begun.domid, begun.consoles,
        [weak = std::weak_ptr(self_), uuid = begun.uuid, life = begun.life](const auto& consoles) {
            if (const auto self = weak.lock()) (*self)->ttys_told(uuid, life, consoles);
        });
}

/// The definition may have fewer consoles now.
void Consoles::drop_others(Guest& guest, const std::vector<domain::Console>& consoles) {
    std::set<std::string> names;
    for (const auto& console : consoles)
        names.insert(name_of(console));
    std::erase_if(guest.consoles, [&](const auto& entry) {
        if (names.contains(entry.first)) return false;
        scope_.spawn(retire(entry.second));
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
    guest.lock.reset();
}

void Consoles::told(const domain::Event& event) {
    const auto info = manager_.find(event.uuid);
    const auto found = guests_.find(event.uuid);
    if (found != guests_.end()) told(found->second, event.kind, info ? info->status.state : State::shutoff);
    if (!info) forget(event.uuid);
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
}

/// The domain is neither defined nor running: nobody will ask for its history.
void Consoles::forget(Uuid uuid) {
    auto guest = guests_.extract(uuid);
    if (!guest) return;
    loop_.cancel(guest.mapped().retry);
    for (auto& [name, console] : guest.mapped().consoles) {
        unsaved_.erase({uuid, name});
        remove_history({uuid, name});
        scope_.spawn(retire(std::move(console)));
    }
}

void Consoles::remove_history(const HistoryKey& key) {
    disk_.submit([file = history_path(places_.histories, key)] {
        if (const auto removed = remove_file(file); !removed) log::warning("{}", removed.error().message);
    });
}

void Consoles::take_up_histories() {
    while (!kept_.empty()) {
        const auto key = kept_.begin()->first;
        const auto info = manager_.find(key.uuid);
        if (info) {
            auto& guest = guests_[key.uuid];
            guest.name = info->name;
            guest.consoles[key.console] = make(key.uuid, guest, key.console);
        } else {
            kept_.erase(key);
            remove_history(key);
        }
    }
}

/// Whoever uses it still keeps it.
async::Task<> Consoles::retire(std::shared_ptr<Console> console) {
    co_await console->close_log();
}

// Ttys

std::shared_ptr<Console> Consoles::make(Uuid uuid, const Guest& guest, const std::string& name) {
    const HistoryKey key{uuid, name};
    return std::make_shared<Console>(
        loop_, disk_, fmt::format("{}/{}", guest.name, name), take_history(key),
        LogSettings{.path = places_.logs / guest.name / (name + ".log"),
                    .sequences = settings_.sequences,
                    .rotation = settings_.rotation},
        Console::Owner{.changed = [this, key] { save_later(key); }, .lost = [this, key] { lost(key); }});
}

Ring Consoles::take_history(const HistoryKey& key) {
    auto kept = kept_.extract(key);
    return kept ? std::move(kept.mapped()) : Ring(settings_.history);
}

void Consoles::ttys_told(Uuid uuid, hypervisor::LifeId life, const std::vector<domain::Console>& consoles) {
    const auto found = guests_.find(uuid);
    if (found == guests_.end() || found->second.life != life) return;
    auto& ttys = found->second.ttys;
    for (const auto& console : consoles)
        if (console.tty.empty())
            ttys.erase(name_of(console));
        else
            ttys[name_of(console)] = console.tty;
    attach(uuid, found->second);
}

/// Xen tells where it is again.
void Consoles::lost(const HistoryKey& key) {
    const auto found = guests_.find(key.uuid);
    if (found != guests_.end()) found->second.ttys.erase(key.console);
}

/// Serves what can be served; the rest is tried again.
void Consoles::attach(Uuid uuid, Guest& guest) {
    if (guest.released || guest.ttys.empty()) return;
    const auto attached = try_attach(guest);
    if (!attached && !guest.refused)
        log::warning("the consoles of domain '{}' cannot be read: {}; it is tried again", guest.name,
                     attached.error().message);
    guest.refused = !attached;
    if (!attached) retry_later(uuid);
}

Result<> Consoles::try_attach(Guest& guest) const {
    if (!guest.lock) {
        auto lock = ConsoleLock::take(places_.locks / fmt::format("xenconsole.{}", guest.domid));
        if (!lock) return std::unexpected(std::move(lock.error()));
        guest.lock = *std::move(lock);
    }
    Result<> all;
    for (const auto& [name, tty] : guest.ttys) {
        const auto console = guest.consoles.find(name);
        if (console == guest.consoles.end()) continue;
        auto attached = console->second->attach(tty);
        console->second->broker().set_exclusive(attached.has_value());
        if (!attached) all = std::move(attached);
    }
    return all;
}

void Consoles::detach(Guest& guest) {
    for (const auto& [name, console] : guest.consoles) {
        console->detach();
        console->broker().set_exclusive(false);
    }
    guest.lock.reset();
    loop_.cancel(std::exchange(guest.retry, {}));
}

void Consoles::retry_later(Uuid uuid) {
    const auto found = guests_.find(uuid);
    if (found == guests_.end() || !found->second.life || found->second.retry || ending_) return;
    found->second.retry = loop_.call_at(loop_.now() + limits::console_retry, [this, uuid] {
        auto& guest = guests_.at(uuid);
        guest.retry = {};
        attach(uuid, guest);
    });
}

// Histories

void Consoles::save_later(HistoryKey key) {
    unsaved_.insert(std::move(key));
    if (save_timer_ || saving_ || ending_) return;
    save_timer_ = loop_.call_at(loop_.now() + limits::console_save_delay, [this] {
        save_timer_ = {};
        scope_.spawn(save_all());
    });
}

/// One after the other: only one history is in memory twice.
async::Task<> Consoles::save_all() {
    saving_ = true;
    for (auto left = std::exchange(unsaved_, {}); !left.empty(); left.erase(left.begin())) {
        const auto key = *left.begin();
        const auto guest = guests_.find(key.uuid);
        if (guest == guests_.end()) continue;
        const auto console = guest->second.consoles.find(key.console);
        if (console == guest->second.consoles.end()) continue;
        auto write = [path = history_path(places_.histories, key),
                      image = console->second->history().image()] { return write_file(path, image); };
        const auto written = co_await async::run_blocking(disk_, loop_, std::move(write));
        if (!written) log::warning("a console's history is not kept: {}", written.error().message);
    }
    saving_ = false;
    if (!unsaved_.empty()) save_later(*unsaved_.begin());
}

}  // namespace virtlight::console
