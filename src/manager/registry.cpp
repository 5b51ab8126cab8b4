// SPDX-License-Identifier: LGPL-2.1-or-later
#include "manager/registry.hpp"

#include <utility>

#include "base/limits.hpp"

namespace virtlight::manager {

Result<> check_name(const Domain& domain, const std::string& name) {
    if (domain.name == name) return {};
    return fail(Reason::domain_exists, "domain '{}' is already defined with uuid {}", domain.name,
                to_string(domain.uuid));
}

void Registry::expect_images(const std::vector<Uuid>& uuids) {
    for (const auto uuid : uuids)
        images_[uuid].stands();
}

Result<DomainRef> Registry::add(Uuid uuid, std::string name) {
    if (by_uuid_.size() >= limits::domains)
        return fail(Reason::too_many, "there are {} domains already", limits::domains);
    auto domain = std::make_shared<Domain>();
    domain->uuid = uuid;
    domain->name = std::move(name);
    if (const auto image = images_.extract(uuid)) domain->image = image.mapped();
    by_uuid_.emplace(uuid, domain);
    by_name_.emplace(domain->name, domain);
    return domain;
}

Result<DomainRef> Registry::claim(Uuid uuid, const std::string& name) {
    if (auto domain = find(uuid)) {
        if (auto same = check_name(*domain, name); !same) return std::unexpected(std::move(same.error()));
        return domain;
    }
    if (const auto other = find_holder(name)) {
        return fail(Reason::domain_exists, "domain '{}' already exists with uuid {}", name,
                    to_string(other->uuid));
    }
    return add(uuid, name);
}

void Registry::rename(const DomainRef& domain, const std::string& name) {
    erase_name(*domain);
    domain->name = name;
    by_name_.emplace(name, domain);
}

void Registry::erase_name(const Domain& domain) {
    const auto [first, last] = by_name_.equal_range(domain.name);
    for (auto at = first; at != last; ++at) {
        if (at->second.get() != &domain) continue;
        by_name_.erase(at);
        return;
    }
}

void Registry::erase(const Domain& domain) {
    erase_name(domain);
    if (domain.life) clear_domid(domain, domain.life->domid);
    const auto found = by_uuid_.find(domain.uuid);
    if (found == by_uuid_.end() || found->second.get() != &domain) return;
    by_uuid_.erase(found);
    if (domain.image) images_.emplace(domain.uuid, domain.image);
}

DomainRef Registry::find(Uuid uuid) const {
    const auto found = by_uuid_.find(uuid);
    return found == by_uuid_.end() ? nullptr : found->second;
}

DomainRef Registry::find_by_name(std::string_view name) const {
    const auto found = by_name_.lower_bound(name);
    return found == by_name_.end() || found->first != name ? nullptr : found->second;
}

DomainRef Registry::find_holder(const std::string& name) const {
    const auto held = held_names_.find(name);
    return held == held_names_.end() ? find_by_name(name) : held->second;
}

DomainRef Registry::find_by_domid(hypervisor::DomId domid) const {
    const auto found = by_domid_.find(domid);
    return found == by_domid_.end() ? nullptr : found->second;
}

void Registry::set_domid(const DomainRef& domain, hypervisor::DomId domid) {
    by_domid_.insert_or_assign(domid, domain);
}

void Registry::clear_domid(const Domain& domain, hypervisor::DomId domid) {
    const auto found = by_domid_.find(domid);
    if (found != by_domid_.end() && found->second.get() == &domain) by_domid_.erase(found);
}

std::vector<DomainRef> Registry::running() const {
    std::vector<DomainRef> domains;
    domains.reserve(by_domid_.size());
    for (const auto& [domid, domain] : by_domid_)
        domains.push_back(domain);
    return domains;
}

std::vector<DomainRef> Registry::all() const {
    std::vector<DomainRef> domains;
    domains.reserve(by_name_.size());
    for (const auto& [name, domain] : by_name_)
        domains.push_back(domain);
    return domains;
}

}  // namespace virtlight::manager
