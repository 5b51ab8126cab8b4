// SPDX-License-Identifier: LGPL-2.1-or-later
#include "manager/renaming.hpp"

#include <utility>

#include "base/limits.hpp"
#include "base/log.hpp"
#include "domain/name.hpp"
#include "manager/operations.hpp"

namespace virtlight::manager {

using async::Task;
using hypervisor::Operation;

namespace {

Result<> check(const Core& core, const Domain& domain, const std::string& name) {
    if (!domain.exists()) return fail(Reason::no_domain, "there is no such domain any more");
    if (!domain.stored) return fail(Reason::invalid_state, "cannot rename a transient domain");
    if (domain.image)
        return fail(Reason::invalid_state,
                    "domain with a managed saved state can't be renamed; start it, or remove the image "
                    "(managedsave-remove)");
    if (domain.name == name) return fail(Reason::invalid_state, "it has this name already");
    if (const auto other = core.registry.find_holder(name))
        return fail(Reason::invalid_state, "domain with name '{}' already exists with uuid {}", name,
                    to_string(other->uuid));
    return {};
}

/// Nobody takes the name that a domain is about to get.
class HeldName {
 public:
    HeldName(Registry& registry, std::string name, const DomainRef& domain)
        : registry_(registry), name_(std::move(name)) {
        registry_.hold_name(name_, domain);
    }
    HeldName(const HeldName&) = delete;
    HeldName& operator=(const HeldName&) = delete;
    ~HeldName() { registry_.release_name(name_); }

 private:
    Registry& registry_;
    std::string name_;
};

}  // namespace

Task<Result<>> Renaming::rename(DomainRef domain, std::string name, Operation operation) {
    if (auto good = domain::check_name(name); !good) co_return good;
    if (auto good = check(core_, *domain, name); !good) co_return good;
    const Changing changing(core_, domain);
    const HeldName held(core_.registry, name, domain);
    auto renamed = co_await rename_in_xen(domain, name, operation);
    if (!renamed) co_return renamed;
    renamed = co_await take_name(domain, name);
    if (renamed) co_return renamed;
    // Its own operation: the one that fails here may be one that was cancelled. Should Xen keep the new name,
    // the next look follows that.
    const Bounded bounded(core_, limits::tuning_deadline);
    std::ignore = co_await rename_in_xen(domain, domain->name, bounded.operation());
    co_return renamed;
}

Task<Result<>> Renaming::rename_in_xen(DomainRef domain, std::string name, Operation operation) {
    if (!domain->life) co_return Result<>{};
    auto renamed = co_await core_.hypervisor.rename(domain->life->domid, std::move(name), operation);
    // One that has just ended needs no name in Xen.
    if (!renamed && renamed.error().reason == Reason::no_domain) co_return Result<>{};
    co_return renamed;
}

/// The definition first: it alone says how the domain is called when it does not run.
Task<Result<>> Renaming::take_name(DomainRef domain, std::string name) {
    if (domain->stored) {
        auto renamed = to_store(*domain, *domain->stored);
        renamed.definition.name = name;
        if (auto written = co_await core_.store.save(std::move(renamed)); !written) co_return written;
    }
    auto former = domain->event(domain::Undefined::renamed);
    core_.registry.rename(domain, name);
    if (domain->life) domain->life->definition.name = domain->life->seen.name = name;
    if (domain->stored) {
        domain->stored->name = name;
        core_.events.publish(std::move(former));
        core_.tell(*domain, domain::Defined::renamed);
    }
    co_await note_change(core_, domain, "its name");
    co_return Result<>{};
}

void Renaming::follow(const DomainRef& domain) {
    domain->life->awaited_name.clear();
    const bool queued =
        jobs_.post(domain, JobKind::follow_name, [this, domain](Operation) { return take_over(domain); });
    if (!queued) domain->life->seen.name.clear();  // the next look sees it anew
}

Task<Result<>> Renaming::take_over(DomainRef domain) {
    // It may be another life by now.
    const auto name = domain->life ? domain->life->seen.name : std::string();
    if (name.empty() || name == domain->name) co_return Result<>{};
    // A definition with it could not be read back.
    if (const auto good = domain::check_name(name); !good) {
        log::warning("domain '{}' has another name in Xen now, and keeps this one: {}", domain->name,
                     good.error().message);
        co_return Result<>{};
    }
    if (const auto other = core_.registry.find_holder(name)) {
        if (is_in_ring(*domain)) co_return co_await step_aside(domain);
        log::warning(
            "domain '{}' is called '{}' in Xen now, and keeps this name while that is another one's "
            "(uuid {})",
            domain->name, name, to_string(other->uuid));
        domain->life->awaited_name = name;
        co_return Result<>{};
    }
    log::notice("domain '{}' was renamed to '{}' by another tool", domain->name, name);
    const HeldName held(core_.registry, name, domain);
    auto taken = co_await take_name(domain, name);
    if (taken) core_.attend();  // somebody may wait for its former name
    if (taken) co_return taken;
    if (domain->life) domain->life->seen.name.clear();  // the next look sees it anew
    co_return taken;
}

/// Whether the one that has its name in Xen waits for that of another, and so on, until one waits for that of
/// this domain. The last to be looked at finds that out.
bool Renaming::is_in_ring(const Domain& domain) const {
    auto name = domain.life->seen.name;
    for (auto left = core_.registry.size(); left > 0; --left) {
        const auto holder = core_.registry.find_by_name(name);
        if (!holder || !holder->life) return false;
        if (holder.get() == &domain) return true;
        const auto& life = *holder->life;
        if (life.awaited_name.empty() || life.awaited_name != life.seen.name) return false;
        name = life.awaited_name;
    }
    return false;
}

/// So that the next one can have its name, it goes by its uuid for a moment: two definitions of one name
/// would be read back as one.
Task<Result<>> Renaming::step_aside(DomainRef domain) {
    const auto life = domain->life->id;
    const auto wanted = domain->life->seen.name;
    const auto meanwhile = to_string(domain->uuid);
    if (core_.registry.find_holder(meanwhile)) co_return Result<>{};
    log::notice("domain '{}' was renamed to '{}' by another tool, in a ring: it is called '{}' meanwhile",
                domain->name, wanted, meanwhile);
    const HeldName held(core_.registry, meanwhile, domain);
    auto taken = co_await take_name(domain, meanwhile);
    if (!domain->life || domain->life->id != life) co_return taken;
    domain->life->seen.name = taken ? wanted : std::string();  // if not, the next look sees it anew
    domain->life->awaited_name = domain->life->seen.name;
    if (taken) core_.attend();
    co_return taken;
}

}  // namespace virtlight::manager
