// SPDX-License-Identifier: LGPL-2.1-or-later
#include <optional>
#include <utility>

#include "base/log.hpp"
#include "domain/xml.hpp"
#include "manager/operations.hpp"

/// What the store is told of a life, for the next daemon.
namespace virtlight::manager {

using async::Task;

namespace {

/// What another tool makes may have what could not be read back.
domain::Definition readable(const domain::Definition& definition) {
    if (domain::parse_xml(domain::format_xml(definition))) return definition;
    return {.name = definition.name,
            .uuid = definition.uuid,
            .type = domain::GuestType::hvm,  // needs nothing to boot from
            .memory_max_kib = definition.memory_max_kib,
            .memory_kib = definition.memory_kib};
}

}  // namespace

bool was_ever_noted(const Domain& domain) {
    const bool never = domain.life->ours && !domain.life->noted &&
                       domain.status == domain::Status(domain::PausedReason::starting_up);
    return !never;
}

Held held_for(const Domain& domain) {
    if (domain.life->noted) return *domain.life->noted;
    return was_ever_noted(domain) ? Held::no : Held::starting;
}

Task<Result<>> note_life(Core& core, DomainRef domain, Held held) {
    if (!domain->life) co_return Result<>{};
    const auto& life = *domain->life;
    const auto id = life.id;
    // What may still come of an attach may have when the next daemon starts.
    const bool unsure = life.may_come || life.devices_unsure;
    const bool to_be_noted = life.ours || held != Held::no || unsure;
    if (!to_be_noted && !life.noted) co_return Result<>{};
    // From here on: what is noted beside this goes by it.
    const auto before = std::exchange(domain->life->noted, std::nullopt);
    if (to_be_noted) domain->life->noted = held;
    Result<> written;
    if (to_be_noted) {
        // Whoever destroys a guest, or has saved it, means that, whatever it was asked for before.
        const bool reboots = life.restart_asked && held != Held::ending;
        const bool again = reboots || (domain->restarting && held != Held::no);
        const StoredLife stored{.definition = life.ours ? life.definition : readable(life.definition),
                                .domid = life.domid,
                                .held = unsure && held == Held::no ? Held::devices : held,
                                .ours = life.ours,
                                .again = again,
                                .anew = domain->restarting.value_or(Anew()),
                                .pci_taken = life.pci_taken,
                                .short_lives = domain->short_lives,
                                .since = life.since};
        written = co_await core.store.save_life(stored);
    } else {
        written = co_await core.store.remove_life(domain->uuid);
    }
    if (written || !domain->life || domain->life->id != id) co_return written;
    domain->life->noted = to_be_noted ? std::nullopt : before;
    co_return written;
}

Task<Result<>> note_as_it_is(Core& core, DomainRef domain) {
    if (!domain->life || domain->life->noted == Held::no) co_return Result<>{};
    co_return co_await note_life(core, domain);
}

Task<> note_change(Core& core, DomainRef domain, std::string_view what) {
    if (!domain->life || domain->control) co_return;
    const auto held = held_for(*domain);
    // What is to follow on its end is not what is to follow on a start that is cut off.
    const bool reboots = held == Held::starting && domain->life->restart_asked;
    co_await note_or_warn(core, domain, what, reboots ? Held::no : held);
}

Task<> note_or_warn(Core& core, DomainRef domain, std::string_view what, Held held) {
    const auto noted = co_await note_life(core, domain, held);
    if (!noted)
        log::warning("domain '{}': {} cannot be noted: {}", domain->name, what, noted.error().message);
}

}  // namespace virtlight::manager
