// SPDX-License-Identifier: LGPL-2.1-or-later
#include <filesystem>
#include <map>
#include <string>
#include <utility>

#include "async/bounded.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "console/consoles.hpp"
#include "domain/channel.hpp"

/// Which ttys are read, and when another program has them.
namespace virtlight::console {
namespace {

std::string with_holder(const std::string& why, const std::filesystem::path& lock) {
    const auto holder = lock_holder(lock);
    return holder.empty() ? why : fmt::format("{}, {}", why, holder);
}

/// The same, looked up beside the core. Who waits for it does not wait for a disk that hangs.
async::Task<std::string> with_holder_soon(async::Scheduler& loop, async::Blocking& disk, std::string why,
                                          std::filesystem::path lock) {
    const async::Completion<Result<std::string>> done;
    disk.submit([&loop, done, why, lock = std::move(lock)] {
        loop.post([done, told = with_holder(why, lock)]() mutable { done.set(std::move(told)); });
    });
    auto told = co_await async::bounded(loop, done, limits::console_holder_wait,
                                        Error{Reason::timed_out, "it was not looked up in time"});
    co_return told ? *std::move(told) : std::move(why);
}

}  // namespace

void Consoles::ttys_told(Uuid uuid, hypervisor::LifeId life, const std::vector<domain::Console>& consoles) {
    const auto found = guests_.find(uuid);
    if (found == guests_.end() || found->second.life != life) return;
    auto& ttys = found->second.ttys;
    for (const auto& console : consoles) {
        if (domain::is_channel(console)) continue;
        if (console.tty.empty())
            ttys.erase(name_of(console));
        else
            ttys[name_of(console)] = console.tty;
    }
    found->second.channels.follow(consoles);
    attach(uuid, found->second);
}

/// Xen tells where it is again.
void Consoles::lost(const HistoryKey& key) {
    const auto found = guests_.find(key.uuid);
    if (found != guests_.end()) found->second.ttys.erase(key.console);
}

/// Serves what can be served; the rest is tried again.
void Consoles::attach(Uuid uuid, Guest& guest) {
    // At the end the rest is the next daemon's: what were read now would be in no history and no log.
    if (ending_ || guest.released || guest.ttys.empty()) return;
    const auto attached = try_attach(guest);
    tell_unread(guest, attached);
    if (!attached && !guest.refused) warn_of(guest, attached.error());
    guest.refused = !attached;
    if (!attached) retry_later(uuid);
}

/// Without the lock none is read, and with it those whose ttys can be opened.
void Consoles::tell_unread(const Guest& guest, const Result<>& attached) {
    if (!guest.lock)
        return silence(guest, fmt::format("the console is not read: {}", attached.error().message));
    for (const auto& [name, console] : guest.consoles) {
        if (!guest.present.contains(name)) continue;
        const auto refusal = guest.refusals.find(name);
        console->broker().set_silence(refusal == guest.refusals.end()
                                          ? std::string()
                                          : fmt::format("the console is not read: {}", refusal->second));
    }
}

std::filesystem::path Consoles::lock_path(const Guest& guest) const {
    return places_.locks / fmt::format("xenconsole.{}", guest.domid);
}

/// Who has the lock cannot be told without a wait.
void Consoles::warn_of(const Guest& guest, const Error& why) const {
    disk_.submit(
        [name = guest.name, ours = guest.lock.has_value(), why = why.message, lock = lock_path(guest)] {
            log::warning("the consoles of domain '{}' cannot be read: {}; it is tried again", name,
                         ours ? why : with_holder(why, lock));
        });
}

Result<> Consoles::try_attach(Guest& guest) const {
    if (!guest.lock) {
        auto lock = ConsoleLock::take(lock_path(guest));
        if (!lock) return std::unexpected(std::move(lock.error()));
        guest.lock = *std::move(lock);
    }
    Result<> all;
    guest.refusals.clear();
    // One that hangs up as it is opened is forgotten at once.
    for (const auto& [name, tty] : std::map(guest.ttys)) {
        const auto found = guest.consoles.find(name);
        if (found == guest.consoles.end()) continue;
        auto& console = *found->second;
        auto attached = console.attach(tty);
        console.broker().set_exclusive(attached && console.attached());
        if (attached) continue;
        if (!console.attached()) guest.refusals[name] = attached.error().message;
        all = std::move(attached);
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

/// Tells those who watch why nothing comes.
void Consoles::silence(const Guest& guest, const std::string& why) {
    for (const auto& [name, console] : guest.consoles)
        if (guest.present.contains(name)) console->broker().set_silence(why);
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

Result<> Consoles::release(Uuid uuid) {
    const auto guest = running(uuid);
    if (!guest) return std::unexpected(guest.error());
    if (std::exchange((*guest)->released, true))
        return fail(Reason::invalid_state, "the consoles of domain '{}' are released already",
                    (*guest)->name);
    detach(**guest);
    for (const auto& [name, console] : (*guest)->consoles)
        console->mark(Mark::Kind::released);
    silence(**guest, fmt::format("the console is released for another program; 'virtlight retake {}' has "
                                 "it read again",
                                 (*guest)->name));
    return {};
}

async::Task<Result<>> Consoles::take_back(Uuid uuid) {
    const auto guest = running(uuid);
    if (!guest) co_return std::unexpected(guest.error());
    if (!(*guest)->released)
        co_return fail(Reason::invalid_state, "the consoles of domain '{}' are not released", (*guest)->name);
    if (auto attached = try_attach(**guest); !attached) {
        const bool ours = (*guest)->lock.has_value();
        detach(**guest);
        auto& why = attached.error().message;
        if (!ours) why = co_await with_holder_soon(loop_, disk_, why, lock_path(**guest));
        co_return attached;  // the guest may be gone by now
    }
    (*guest)->released = (*guest)->refused = false;
    for (const auto& [name, console] : (*guest)->consoles)
        console->mark(Mark::Kind::attached);
    silence(**guest, {});
    co_return Result<>{};
}

}  // namespace virtlight::console
