// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/listing.hpp"

#include <algorithm>

#include "libvirt/calls.hpp"
#include "libvirt/flags.hpp"

namespace virtlight::libvirt {

namespace {

using manager::DomainInfo;

bool active(const DomainInfo& info) {
    return info.status.active();
}

/// Whether the domain has one of the properties that are set in a group of flags; a group of which none is
/// set asks for nothing.
struct Filter {
    std::uint32_t flags;

    struct Property {
        std::uint32_t flag;
        bool has;
    };

    bool passes(std::initializer_list<Property> group) const {
        bool asked = false;
        for (const auto& property : group) {
            if ((flags & property.flag) == 0) continue;
            if (property.has) return true;
            asked = true;
        }
        return !asked;
    }
};

}  // namespace

bool matches(const DomainInfo& info, std::uint32_t flags) {
    using domain::State;
    const Filter filter{flags};
    const auto state = info.status.state;
    const bool common = state == State::running || state == State::paused || state == State::shutoff;
    return filter.passes({{flag::list::active, active(info)}, {flag::list::inactive, !active(info)}}) &&
           filter.passes(
               {{flag::list::persistent, info.persistent}, {flag::list::transient, !info.persistent}}) &&
           filter.passes({{flag::list::running, state == State::running},
                          {flag::list::paused, state == State::paused},
                          {flag::list::shutoff, state == State::shutoff},
                          {flag::list::other, !common}}) &&
           filter.passes(
               {{flag::list::autostart, info.autostart}, {flag::list::no_autostart, !info.autostart}}) &&
           filter.passes({{flag::list::managed_save, info.managed_image},
                          {flag::list::no_managed_save, !info.managed_image}}) &&
           filter.passes({{flag::list::snapshot, false}, {flag::list::no_snapshot, true}}) &&
           filter.passes({{flag::list::checkpoint, false}, {flag::list::no_checkpoint, true}});
}

namespace calls {

namespace {

/// The first `max` of what `value` makes of the domains that are active, or are not.
template <class Value>
auto collect(const Manager& manager, bool want_active, std::int32_t max, Value value)
    -> Result<std::vector<std::invoke_result_t<Value, const DomainInfo&>>> {
    if (max < 0) return fail(Reason::invalid_argument, "room for {} domains", max);
    std::vector<std::invoke_result_t<Value, const DomainInfo&>> values;
    for (const auto& info : manager.list()) {
        if (values.size() == static_cast<std::size_t>(max)) break;
        if (active(info) == want_active) values.push_back(value(info));
    }
    return values;
}

std::int32_t count(const Manager& manager, bool want_active) {
    const auto infos = manager.list();
    return static_cast<std::int32_t>(std::ranges::count(infos, want_active, active));
}

}  // namespace

Domain wire_domain(const DomainInfo& info) {
    return {.name = info.name, .uuid = info.uuid, .id = info.domid};
}

Result<std::int32_t> count_active(Manager& manager, const None&) {
    return count(manager, true);
}

Result<std::vector<std::int32_t>> list_active(Manager& manager, std::int32_t max) {
    return collect(manager, true, max, [](const DomainInfo& info) -> std::int32_t { return info.domid; });
}

Result<std::int32_t> count_defined(Manager& manager, const None&) {
    return count(manager, false);
}

Result<std::vector<std::string>> list_defined(Manager& manager, std::int32_t max) {
    return collect(manager, false, max, [](const DomainInfo& info) { return info.name; });
}

Result<DomainList> list_all(Manager& manager, const ListAllArgs& args) {
    DomainList list;
    for (const auto& info : manager.list()) {
        if (!matches(info, args.flags)) continue;
        ++list.count;
        if (args.need_results != 0) list.domains.push_back(wire_domain(info));
    }
    return list;
}

Result<Domain> lookup_by_id(Manager& manager, std::int32_t id) {
    return transform(manager.find_by_domid(id), wire_domain);
}

Result<Domain> lookup_by_uuid(Manager& manager, const Uuid& uuid) {
    return transform(manager.find(uuid), wire_domain);
}

Result<Domain> lookup_by_name(Manager& manager, const std::string& name) {
    return transform(manager.find_by_name(name), wire_domain);
}

}  // namespace calls
}  // namespace virtlight::libvirt
