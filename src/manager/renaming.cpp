// SPDX-License-Identifier: LGPL-2.1-or-later
#include "manager/renaming.hpp"

#include <utility>

#include "base/log.hpp"
#include "domain/xml.hpp"
#include "manager/operations.hpp"

namespace virtlight::manager {

using async::Task;
using hypervisor::Operation;

namespace {

Result<> check(const Core& core, const Domain& domain, const std::string& name) {
    if (!domain.exists()) return fail(Reason::no_domain, "there is no such domain any more");
    if (!domain.stored) return fail(Reason::invalid_state, "cannot rename a transient domain");
    if (domain.image)
        return fail(Reason::invalid_state, "domain with a managed saved state can't be renamed");
    if (domain.name == name) return fail(Reason::invalid_state, "it has this name already");
    if (const auto other = core.registry.find_by_name(name))
        return fail(Reason::invalid_state, "domain with name '{}' already exists with uuid {}", name,
                    to_string(other->uuid));
    return {};
}

}  // namespace

Task<Result<>> Renaming::rename(DomainRef domain, std::string name, Operation operation) {
    if (auto good = domain::check_name(name); !good) co_return good;
    if (auto good = check(core_, *domain, name); !good) co_return good;
    const Changing changing(core_, domain);
    auto former = domain->event(domain::Undefined::renamed);
    set_name(domain, name);
    auto renamed = co_await rename_in_xen(domain, name, operation);
    if (renamed) {
        renamed = co_await write_down(domain);
        // Its own operation: the one that fails here may be one that was cancelled.
        if (!renamed) std::ignore = co_await rename_in_xen(domain, former.name, {core_.operations.next()});
    }
    if (!renamed) {
        set_name(domain, former.name);
        co_return renamed;
    }
    core_.events.publish(std::move(former));
    core_.tell(*domain, domain::Defined::renamed);
    co_return renamed;
}

Task<Result<>> Renaming::rename_in_xen(DomainRef domain, std::string name, Operation operation) {
    if (!domain->life) co_return Result<>{};
    auto renamed = co_await core_.hypervisor.rename(domain->life->domid, std::move(name), operation);
    // One that has just ended needs no name in Xen.
    if (!renamed && renamed.error().reason == Reason::no_domain) co_return Result<>{};
    co_return renamed;
}

void Renaming::follow(const DomainRef& domain, const std::string& name) {
    if (const auto other = core_.registry.find_by_name(name)) {
        log::warning("domain '{}' is called '{}' in Xen now, which is another one's name (uuid {})",
                     domain->name, name, to_string(other->uuid));
        return;
    }
    log::notice("domain '{}' was renamed to '{}' by another tool", domain->name, name);
    auto former = domain->event(domain::Undefined::renamed);
    set_name(domain, name);
    core_.events.publish(std::move(former));
    core_.tell(*domain, domain::Defined::renamed);
    // No rename, which a destroy would end: the definition keeps the name.
    jobs_.post(domain, JobKind::define, [this, domain](Operation) { return keep_name(domain); });
}

Task<Result<>> Renaming::keep_name(DomainRef domain) {
    auto written = co_await write_down(domain);
    if (!written)
        log::error("the new name of domain '{}' cannot be kept: {}", domain->name, written.error().message);
    co_return written;
}

void Renaming::set_name(const DomainRef& domain, const std::string& name) {
    core_.registry.rename(domain, name);
    if (domain->stored) domain->stored->name = name;
    if (domain->life) domain->life->definition.name = name;
}

/// The definition last: it alone says how the domain is called when it does not run.
Task<Result<>> Renaming::write_down(DomainRef domain) {
    if (auto noted = co_await note_life(core_, domain); !noted) co_return noted;
    if (!domain->stored) co_return Result<>{};
    const Stored stored{*domain->stored, domain->autostart};
    co_return co_await core_.store.save(stored);
}

}  // namespace virtlight::manager
