// SPDX-License-Identifier: LGPL-2.1-or-later
#include <utility>

#include "domain/xml.hpp"
#include "manager/operations.hpp"

namespace virtlight::manager {
namespace {

Result<> require_stored(const Domain& domain) {
    if (domain.stored) return {};
    if (domain.exists())
        return fail(Reason::invalid_state,
                    "the domain is transient: nothing is stored of it until it is defined");
    return fail(Reason::no_domain, "there is no such domain any more");
}

}  // namespace

async::Task<Result<>> Definitions::define(DomainRef domain, domain::Definition definition) {
    if (auto same = check_name(*domain, definition.name); !same) co_return same;
    if (auto good = domain::check_length(definition); !good) co_return good;
    // Another tool may run a guest under the name of one that is only defined: both cannot be kept.
    const auto holder = core_.registry.find_by_name(definition.name);
    if (holder && holder != domain && holder->stored)
        co_return fail(Reason::domain_exists, "domain '{}' already exists with uuid {}", definition.name,
                       to_string(holder->uuid));
    auto stored = to_store(*domain, std::move(definition));
    auto written = co_await core_.store.save(stored);
    if (!written) co_return written;
    const bool added = !domain->stored;
    domain->stored = std::move(stored.definition);
    core_.tell(*domain, added ? domain::Defined::added : domain::Defined::updated);
    co_return written;
}

async::Task<Result<>> Definitions::undefine(DomainRef domain, bool with_image) {
    if (auto stored = require_stored(*domain); !stored) co_return stored;
    if (domain->image && !with_image)
        co_return fail(Reason::invalid_state,
                       "Refusing to undefine while domain managed save image exists; undefine it with that "
                       "(--managed-save), or start it");
    if (with_image) {
        if (auto removed = co_await core_.store.remove_image(domain->uuid); !removed) co_return removed;
        domain->image.goes();
    }
    auto removed = co_await core_.store.remove(domain->uuid);
    if (!removed) co_return removed;
    domain->stored.reset();
    domain->autostart = domain->autostart_once = false;
    core_.tell(*domain, domain::Undefined::removed);
    co_return removed;
}

async::Task<Result<>> Definitions::set_autostart(DomainRef domain, Autostart at, bool autostart) {
    if (auto stored = require_stored(*domain); !stored) co_return stored;
    bool& kept = at == Autostart::each_boot ? domain->autostart : domain->autostart_once;
    if (kept == autostart) co_return Result<>{};
    auto wanted = to_store(*domain, *domain->stored);
    (at == Autostart::each_boot ? wanted.autostart : wanted.autostart_once) = autostart;
    auto written = co_await core_.store.save(std::move(wanted));
    if (written) kept = autostart;
    co_return written;
}

}  // namespace virtlight::manager
