// SPDX-License-Identifier: LGPL-2.1-or-later
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

Task<Result<>> note_life(Core& core, DomainRef domain, Held held) {
    if (!domain->life) co_return Result<>{};
    const auto& life = *domain->life;
    const auto id = life.id;
    const bool to_be_noted = life.ours || held != Held::no;
    if (!to_be_noted && !life.noted) co_return Result<>{};
    Result<> written;
    if (to_be_noted) {
        const bool again = life.restart_asked || (domain->restarting && held != Held::no);
        const StoredLife stored{life.ours ? life.definition : readable(life.definition), life.domid, held,
                                life.ours, again};
        written = co_await core.store.save_life(stored);
    } else {
        written = co_await core.store.remove_life(domain->uuid);
    }
    if (!written || !domain->life || domain->life->id != id) co_return written;
    domain->life->noted.reset();
    if (to_be_noted) domain->life->noted = held;
    co_return written;
}

Task<Result<>> note_as_it_is(Core& core, DomainRef domain) {
    if (!domain->life || domain->life->noted == Held::no) co_return Result<>{};
    co_return co_await note_life(core, domain);
}

Task<> note_or_warn(Core& core, DomainRef domain, std::string_view what, Held held) {
    const auto noted = co_await note_life(core, domain, held);
    if (!noted)
        log::warning("domain '{}': {} cannot be noted: {}", domain->name, what, noted.error().message);
}

}  // namespace virtlight::manager
