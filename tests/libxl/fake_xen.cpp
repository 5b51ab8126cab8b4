// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libxl/fake_xen.hpp"

#include <atomic>
#include <cassert>
#include <cerrno>
#include <utility>

namespace virtlight::fake {
namespace {

constexpr unsigned first_reserved_domid = 0x7FF0;
constexpr std::uint64_t dom0_pages = 1 << 18;

std::atomic<Xen*> the_one = nullptr;

}  // namespace

Xen::Xen() {
    domains_[0] = {.pages = dom0_pages, .max_pages = dom0_pages};
    [[maybe_unused]] const auto* const before = the_one.exchange(this);
    assert(!before);
}

Xen::~Xen() {
    the_one = nullptr;
}

Xen& Xen::current() {
    assert(the_one);
    return *the_one;
}

void Xen::on_change(std::function<void()> changed) {
    const std::scoped_lock lock(mutex_);
    changed_ = std::move(changed);
}

void Xen::on_move(std::function<void(unsigned)> moved) {
    const std::scoped_lock lock(mutex_);
    moved_ = std::move(moved);
}

void Xen::signal() {
    std::function<void()> changed;
    {
        const std::scoped_lock lock(mutex_);
        changed = changed_;
    }
    changed();
}

void Xen::choose_domid(unsigned domid) {
    const std::scoped_lock lock(mutex_);
    next_domid_ = domid;
}

unsigned Xen::free_domid() {
    for (;;) {
        const auto domid = next_domid_;
        next_domid_ = domid + 1 < first_reserved_domid ? domid + 1 : 1;
        if (!domains_.contains(domid)) return domid;
    }
}

std::expected<unsigned, int> Xen::create(Domain domain) {
    const std::scoped_lock lock(mutex_);
    if (domain.domid == 0 || domain.domid >= first_reserved_domid) domain.domid = free_domid();
    domain.pauses = 1;
    const auto [at, made] = domains_.try_emplace(domain.domid, domain);
    if (!made) return std::unexpected(EEXIST);
    return at->first;
}

std::optional<Domain> Xen::find(unsigned domid) const {
    const std::scoped_lock lock(mutex_);
    const auto found = domains_.find(domid);
    return found == domains_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<Domain> Xen::list(unsigned first) const {
    const std::scoped_lock lock(mutex_);
    std::vector<Domain> domains;
    for (auto at = domains_.lower_bound(first); at != domains_.end(); ++at)
        domains.push_back(at->second);
    return domains;
}

bool Xen::change(unsigned domid, const std::function<void(Domain&)>& change) {
    const std::scoped_lock lock(mutex_);
    const auto found = domains_.find(domid);
    if (found == domains_.end()) return false;
    auto& domain = found->second;
    change(domain);
    if (domain.runs() && !domain.running_since) domain.running_since = Clock::now();
    if (!domain.runs() && domain.running_since)
        domain.used += Clock::now() - *std::exchange(domain.running_since, std::nullopt);
    return true;
}

bool Xen::change_and_signal(unsigned domid, const std::function<void(Domain&)>& change_it) {
    const bool there = change(domid, change_it);
    if (there) signal();
    return there;
}

int Xen::pause(unsigned domid) {
    return change(domid, [](Domain& domain) { ++domain.pauses; }) ? 0 : ESRCH;
}

int Xen::unpause(unsigned domid) {
    std::function<void(unsigned)> moved;
    int error = ESRCH;
    change(domid, [&](Domain& domain) {
        error = domain.pauses > 0 ? 0 : EINVAL;
        if (domain.pauses > 0) --domain.pauses;
        if (domain.runs()) moved = moved_;
    });
    if (error == 0 && moved) moved(domid);
    return error;
}

bool Xen::press_button(unsigned domid) {
    std::function<void(unsigned)> moved;
    const bool there = change(domid, [&](Domain& domain) {
        domain.button_pressed = true;
        moved = moved_;
    });
    if (there) moved(domid);
    return there;
}

bool Xen::stop(unsigned domid, Stop reason) {
    return change_and_signal(domid, [reason](Domain& domain) { domain.stopped = reason; });
}

bool Xen::resume(unsigned domid) {
    return change(domid, [](Domain& domain) { domain.stopped.reset(); });
}

bool Xen::destroy(unsigned domid) {
    {
        const std::scoped_lock lock(mutex_);
        const auto found = domains_.find(domid);
        if (found == domains_.end()) return false;
        found->second.dying = true;
        if (!held_.contains(domid)) domains_.erase(found);
    }
    signal();
    return true;
}

void Xen::hold_on(unsigned domid) {
    const std::scoped_lock lock(mutex_);
    held_.insert(domid);
}

void Xen::let_go(unsigned domid) {
    {
        const std::scoped_lock lock(mutex_);
        held_.erase(domid);
        const auto found = domains_.find(domid);
        if (found != domains_.end() && found->second.dying) domains_.erase(found);
    }
    signal();
}

DomainState Xen::state(unsigned domid) const {
    const auto domain = find(domid);
    if (!domain || domain->dying) return DomainState::gone;
    return domain->stopped ? DomainState::shut_down : DomainState::alive;
}

std::uint64_t Xen::free_pages() const {
    std::uint64_t used = 0;
    for (const auto& domain : list())
        used += domain.pages;
    return total_pages - used;
}

}  // namespace virtlight::fake
