// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simulation/stored_rules.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "domain/xml.hpp"

namespace virtlight::simulation {

std::string StoredRules::to_text(const Entry& entry) {
    if (!entry.definition) return "nothing\n";
    return fmt::format("autostart {}\n{}", entry.autostart, domain::format_xml(*entry.definition));
}

StoredRules::Entry StoredRules::after(Entry entry, const Wish& wish) {
    switch (wish.kind) {
        case Wish::Kind::define: return {wish.definition, entry.autostart};
        case Wish::Kind::undefine:
        case Wish::Kind::undefine_with_image: return {};
        case Wish::Kind::set_autostart:
            if (entry.definition) entry.autostart = wish.autostart;
            return entry;
        case Wish::Kind::change:
            if (entry.definition) wish.change(*entry.definition);
            return entry;
        default: return entry;
    }
}

void StoredRules::ended_well(const Wish& wish) {
    if (wish.uuid.is_nil()) return;
    auto& entries = entries_[wish.uuid];
    if (entries.empty()) entries.emplace_back();
    for (auto& entry : entries)
        entry = after(std::move(entry), wish);
}

void StoredRules::in_doubt(const Wish& wish) {
    if (wish.uuid.is_nil()) return;
    auto& entries = entries_[wish.uuid];
    if (entries.empty()) entries.emplace_back();
    if (wish.stays == Wish::Stays::in_xen) done_in_xen(wish);
    // Of several any number may have been done, in any order that clients can tell.
    const auto before = entries;
    for (const auto& entry : before)
        if (const auto other = after(entry, wish); std::ranges::count(entries, other) == 0)
            entries.push_back(other);
}

void StoredRules::failed(const Wish& wish) {
    if (wish.stays == Wish::Stays::stored) in_doubt(wish);
    if (wish.stays == Wish::Stays::in_xen) done_in_xen(wish);
}

/// Where guests have got each other's names one of them is called by its uuid until it can have its own.
void StoredRules::done_in_xen(const Wish& wish) {
    auto& wishes = in_xen_[wish.uuid];
    wishes.push_back(wish);
    wishes.push_back({.kind = Wish::Kind::change,
                      .uuid = wish.uuid,
                      .change = [name = to_string(wish.uuid)](domain::Definition& definition) {
                          definition.name = name;
                      }});
}

std::string StoredRules::check(const manager::Manager& manager) {
    for (auto& [uuid, entries] : entries_) {
        Entry now;
        if (const auto info = manager.find(uuid); info && info->persistent)
            now = {*manager.definition(uuid, manager::Which::stored), info->autostart};
        const auto follows = [&](const Wish& wish) {
            return std::ranges::any_of(entries,
                                       [&](const Entry& entry) { return after(entry, wish) == now; });
        };
        if (std::ranges::count(entries, now) == 0 && std::ranges::none_of(in_xen_[uuid], follows))
            return fmt::format("clients were told that this is stored:\n{}but this is:\n{}",
                               to_text(entries.front()), to_text(now));
        entries = {now};
    }
    return {};
}

}  // namespace virtlight::simulation
