// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <utility>

#include "domain/lifecycle_words.hpp"
#include "manager/affects.hpp"
#include "manager/manager_impl.hpp"

/// What is done when a guest stops by itself, changed while it is a guest.
namespace virtlight::manager {

using async::Task;
using domain::Definition;
using domain::LifecycleAction;

namespace {

Result<> check(const LifecycleChange& change) {
    const bool always =
        std::ranges::find(domain::stop_actions, change.action, &domain::Word<LifecycleAction>::meaning) !=
        domain::stop_actions.end();
    if (always || change.occasion == &Definition::on_crash) return {};
    return fail(Reason::invalid_argument, "action {} is for crashes only; allowed here: {}",
                domain::word_for<LifecycleAction>(change.action, domain::crash_actions),
                domain::list_words<LifecycleAction>(domain::stop_actions));
}

}  // namespace

Task<Result<>> Manager::set_lifecycle_action(Uuid uuid, LifecycleChange change, Affects affects) {
    return impl_->change(JobKind::set_lifecycle_action, uuid,
                         [impl = impl_.get(), change, affects](DomainRef domain, hypervisor::Operation) {
                             return impl->definitions.set_lifecycle_action(std::move(domain), change,
                                                                           affects);
                         });
}

/// What is stored comes first: it may fail, and then nothing has happened.
Task<Result<>> Definitions::set_lifecycle_action(DomainRef domain, LifecycleChange change, Affects asked) {
    if (auto good = check(change); !good) co_return good;
    const auto affects = settle(*domain, asked);
    if (!affects) co_return std::unexpected(affects.error());
    if (affects->guest && !domain->life->ours)
        co_return fail(Reason::unsupported_operation, "another tool made its guest, and sees to its end");
    const auto life = affects->guest ? domain->life->id : hypervisor::LifeId();
    if (affects->definition) {
        auto stored = to_store(*domain, *domain->stored);
        stored.definition.*change.occasion = change.action;
        auto written = co_await core_.store.save(stored);
        if (!written) co_return written;
        domain->stored = std::move(stored.definition);
    }
    if (!affects->guest) co_return Result<>{};
    if (!domain->life || domain->life->id != life)
        co_return fail(Reason::invalid_state, "the guest has stopped meanwhile");
    domain->life->definition.*change.occasion = change.action;
    co_await note_change(core_, domain, "what is done at its end");
    co_return Result<>{};
}

}  // namespace virtlight::manager
