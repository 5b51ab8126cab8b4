// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/metadata.hpp"

#include <optional>
#include <utility>

#include "async/timing.hpp"
#include "manager/affects.hpp"
#include "manager/manager_impl.hpp"

/// What people and tools write about a domain.
namespace virtlight::manager {

using async::Task;
using domain::Definition;
using domain::Metadata;

namespace {

Result<Definition> with(Definition definition, const Metadata& metadata) {
    if (auto set = domain::set_metadata(definition, metadata); !set) return std::unexpected(set.error());
    return definition;
}

void take_words(Definition& definition, Definition from) {
    definition.title = std::move(from.title);
    definition.description = std::move(from.description);
    definition.metadata = std::move(from.metadata);
}

}  // namespace

Task<Result<>> Manager::set_metadata(Uuid uuid, Metadata metadata, Affects affects) {
    return impl_->change(JobKind::set_metadata, uuid,
                         [impl = impl_.get(), metadata = std::move(metadata), affects](
                             DomainRef domain, hypervisor::Operation) mutable {
                             return impl->definitions.set_metadata(std::move(domain), std::move(metadata),
                                                                   affects);
                         });
}

/// What is stored comes first: it may fail, and then nothing has happened.
Task<Result<>> Definitions::set_metadata(DomainRef domain, Metadata metadata, Affects asked) {
    const auto affects = settle(*domain, asked);
    if (!affects) co_return std::unexpected(affects.error());
    const auto life = affects->guest ? domain->life->id : hypervisor::LifeId();
    std::optional<Definition> of_guest;
    if (affects->guest) {
        auto changed = with(domain->life->definition, metadata);
        if (!changed) co_return std::unexpected(changed.error());
        of_guest = *std::move(changed);
    }
    // Each may be long to read.
    if (affects->guest && affects->definition) co_await async::give_way(core_.scheduler);
    if (affects->definition) {
        auto changed = with(*domain->stored, metadata);
        if (!changed) co_return std::unexpected(changed.error());
        const auto stored = to_store(*domain, *std::move(changed));
        auto written = co_await core_.store.save(stored);
        if (!written) co_return written;
        domain->stored = stored.definition;
    }
    if (of_guest && domain->life && domain->life->id == life) {
        // Devices may have come and gone meanwhile: they are another matter.
        take_words(domain->life->definition, *std::move(of_guest));
        co_await note_change(core_, domain, "its metadata");
    }
    core_.tell(*domain, domain::MetadataChanged{metadata.kind, std::move(metadata.uri)});
    co_return Result<>{};
}

}  // namespace virtlight::manager
