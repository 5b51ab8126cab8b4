// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "manager/domain.hpp"

namespace virtlight::manager {

/// domain_exists: the domain has another name.
Result<> check_name(const Domain& domain, const std::string& name);

/// Every domain's record, by uuid, by name and, while it runs, by domid. Null: there is none.
class Registry {
 public:
    /// Whose managed images there are. A domain has its own from its record's first moment on, also where its
    /// definition comes later: without it the next start would be one from its beginning.
    void expect_images(const std::vector<Uuid>& uuids);

    /// A new record. The uuid must be free; the name may be another's, as Xen's toolstack knows nothing of
    /// domains that are only defined here. too_many: limits::domains.
    Result<DomainRef> add(Uuid uuid, std::string name);
    /// The record under this uuid and name, made if there is none. domain_exists: one of the two is another
    /// domain's.
    Result<DomainRef> claim(Uuid uuid, const std::string& name);
    void erase(const Domain& domain);
    /// Under another name from here on.
    void rename(const DomainRef& domain, const std::string& name);
    /// Nobody claims the name that it is about to get, until release_name().
    void hold_name(const std::string& name, const DomainRef& domain) { held_names_.emplace(name, domain); }
    void release_name(const std::string& name) { held_names_.erase(name); }

    DomainRef find(Uuid uuid) const;
    /// Of several, the one that was there first.
    DomainRef find_by_name(std::string_view name) const;
    /// The same; or the one for whom the name is held.
    DomainRef find_holder(const std::string& name) const;
    DomainRef find_by_domid(hypervisor::DomId domid) const;

    /// To be kept in step with the domain's life. A domid that is given anew leaves the one who had it.
    void set_domid(const DomainRef& domain, hypervisor::DomId domid);
    void clear_domid(const Domain& domain, hypervisor::DomId domid);

    /// By domid.
    std::vector<DomainRef> running() const;
    /// By name.
    std::vector<DomainRef> all() const;
    std::size_t size() const { return by_uuid_.size(); }

 private:
    void erase_name(const Domain& domain);

    std::unordered_map<Uuid, DomainRef> by_uuid_;
    std::multimap<std::string, DomainRef, std::less<>> by_name_;
    std::map<hypervisor::DomId, DomainRef> by_domid_;
    std::map<std::string, DomainRef> held_names_;
    std::unordered_map<Uuid, ManagedImage> images_;  ///< of those that have no record
};

}  // namespace virtlight::manager
