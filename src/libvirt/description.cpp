// SPDX-License-Identifier: LGPL-2.1-or-later
#include <utility>

#include "domain/metadata.hpp"
#include "domain/xml.hpp"
#include "libvirt/calls.hpp"
#include "libvirt/flags.hpp"

namespace virtlight::libvirt::calls {

namespace {

using manager::DomainInfo;
using manager::Which;

Result<std::string> find_metadata(const domain::Definition& definition, const MetadataArgs& args) {
    using enum domain::MetadataKind;
    switch (static_cast<domain::MetadataKind>(args.type)) {
        case description: return definition.description;
        case title: return definition.title;
        case element: return metadata_element(definition, args.uri.value_or(""));
    }
    return fail(Reason::invalid_argument, "there is no metadata of type {}", args.type);
}

}  // namespace

Result<DomainInfo> find_running(const Manager& manager, const Uuid& uuid) {
    auto info = manager.find(uuid);
    if (info && !info->status.active())
        return fail(Reason::invalid_state, "domain '{}' is not running", info->name);
    return info;
}

Result<Which> which_definition(const DomainInfo& info, std::uint32_t flags) {
    const bool active = info.status.active();
    switch (flags & (flag::live | flag::config)) {
        case flag::live:
            if (!active) return fail(Reason::invalid_state, "domain '{}' is not running", info.name);
            return Which::live;
        case flag::config:
            if (!info.persistent) {
                return fail(Reason::invalid_state, "domain '{}' is transient: it has no stored definition",
                            info.name);
            }
            return Which::stored;
        case flag::none: return active ? Which::live : Which::stored;
        default: return fail(Reason::invalid_argument, "the flags live and config exclude each other");
    }
}

Result<Chosen> choose_definition(const Manager& manager, const Uuid& uuid, std::uint32_t flags) {
    auto info = manager.find(uuid);
    if (!info) return std::unexpected(info.error());
    const auto which = which_definition(*info, flags);
    if (!which) return std::unexpected(which.error());
    return Chosen{.info = *std::move(info), .which = *which};
}

Result<std::string> os_type(Manager& manager, const Domain& dom) {
    return transform(manager.find(dom.uuid), [](const DomainInfo& info) -> std::string {
        switch (info.type) {
            case domain::GuestType::pv: return "xen";
            case domain::GuestType::pvh: return "xenpvh";
            case domain::GuestType::hvm: return "hvm";
        }
        return "xen";
    });
}

Result<DomainInfoReply> info(Manager& manager, const Domain& dom) {
    return transform(manager.find(dom.uuid), [](const DomainInfo& info) {
        return DomainInfoReply{.state = static_cast<std::uint32_t>(info.status.state),
                               .memory_max_kib = info.memory_max_kib,
                               .memory_kib = info.memory_kib,
                               .vcpus = info.vcpus,
                               .cpu_time_ns = static_cast<std::uint64_t>(info.cpu_time.count())};
    });
}

Result<StateReply> state(Manager& manager, const DomainFlags& args) {
    return transform(manager.find(args.dom.uuid), [](const DomainInfo& info) {
        return StateReply{.state = static_cast<std::int32_t>(info.status.state),
                          .reason = info.status.reason};
    });
}

/// Only a client that may change a domain may see its passwords. What is meant for another host has neither
/// domid nor ttys, like what is stored.
Result<std::string> xml(Caller& caller, const DomainFlags& args) {
    if (caller.session.read_only() && (args.flags & (flag::xml::secure | flag::xml::migratable)) != 0) {
        return fail(Reason::access_denied, "virDomainGetXMLDesc with secure flag");
    }
    const auto info = caller.manager.find(args.dom.uuid);
    if (!info) return std::unexpected(info.error());

    const bool at_rest = !info->status.active() || (args.flags & flag::xml::inactive) != 0;
    auto definition =
        caller.manager.definition(info->uuid, at_rest && info->persistent ? Which::stored : Which::live);
    if (!definition) return std::unexpected(definition.error());
    if ((args.flags & flag::xml::secure) == 0)
        definition->graphics = without_secrets(std::move(definition->graphics));
    if (!at_rest) return domain::format_xml(*definition, static_cast<unsigned>(info->domid));
    return domain::format_xml(*definition);
}

Result<bool> is_active(Manager& manager, const Domain& dom) {
    return transform(manager.find(dom.uuid), [](const DomainInfo& info) { return info.status.active(); });
}

Result<bool> is_persistent(Manager& manager, const Domain& dom) {
    return transform(manager.find(dom.uuid), &DomainInfo::persistent);
}

Result<bool> is_updated(Manager& manager, const Domain& dom) {
    return manager.is_updated(dom.uuid);
}

Result<bool> autostart(Manager& manager, const Domain& dom) {
    return transform(manager.find(dom.uuid), &DomainInfo::autostart);
}

Result<bool> autostart_once(Manager& manager, const Domain& dom) {
    return transform(manager.find(dom.uuid), &DomainInfo::autostart_once);
}

Result<std::uint64_t> max_memory(Manager& manager, const Domain& dom) {
    return transform(manager.find(dom.uuid), &DomainInfo::memory_max_kib);
}

Result<std::int32_t> max_vcpus(Manager& manager, const Domain& dom) {
    return transform(manager.find(dom.uuid),
                     [](const DomainInfo& info) { return static_cast<std::int32_t>(info.vcpus_max); });
}

Result<std::int32_t> vcpus(Manager& manager, const DomainFlags& args) {
    const auto chosen = choose_definition(manager, args.dom.uuid, args.flags);
    if (!chosen) return std::unexpected(chosen.error());
    const auto& [info, which] = *chosen;

    const bool maximum = (args.flags & flag::vcpu_maximum) != 0;
    if (which == Which::live) return static_cast<std::int32_t>(maximum ? info.vcpus_max : info.vcpus);
    return transform(manager.definition(info.uuid, which), [&](const domain::Definition& definition) {
        return static_cast<std::int32_t>(maximum ? definition.vcpus_max : definition.vcpus);
    });
}

Result<std::string> metadata(Manager& manager, const MetadataArgs& args) {
    const auto chosen = choose_definition(manager, args.dom.uuid, args.flags);
    if (!chosen) return std::unexpected(chosen.error());
    const auto& [info, which] = *chosen;
    const auto definition = manager.definition(info.uuid, which);
    if (!definition) return std::unexpected(definition.error());

    auto found = find_metadata(*definition, args);
    if (found && found->empty())
        return fail(Reason::no_metadata, "domain '{}' has none of this kind", info.name);
    return found;
}

async::Task<Result<>> set_metadata(Manager& manager, SetMetadataArgs args) {
    domain::Metadata metadata{.kind = static_cast<domain::MetadataKind>(args.type),
                              .text = std::move(args.text),
                              .prefix = std::move(args.prefix).value_or(""),
                              .uri = std::move(args.uri).value_or("")};
    return manager.set_metadata(args.dom.uuid, std::move(metadata), affects(args.flags));
}

Result<std::vector<std::string>> messages(Manager& manager, const DomainFlags& args) {
    const bool wanted = args.flags == 0 || (args.flags & flag::message_ioerrors) != 0;
    return transform(manager.warnings(args.dom.uuid), [wanted](const std::vector<std::string>& warnings) {
        return wanted ? warnings : std::vector<std::string>();
    });
}

}  // namespace virtlight::libvirt::calls
