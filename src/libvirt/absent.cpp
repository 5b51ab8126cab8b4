// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/text.hpp"
#include "libvirt/calls.hpp"

namespace virtlight::libvirt::calls {
namespace {

/// In libvirt's words, which some clients look for.
std::unexpected<Error> none(Reason reason, std::string_view kind, std::string_view by,
                            std::string_view what) {
    return fail(reason, "no {} with matching {} '{}'", kind, by, domain::shown(what));
}

}  // namespace

Result<std::int32_t> count_nothing(Manager&, const None&) {
    return 0;
}

Result<std::vector<std::string>> list_nothing(Manager&, std::int32_t) {
    return {};
}

Result<EmptyList> list_all_nothing(Manager&, const ListAllArgs&) {
    return {};
}

// Of a domain that does not exist, even nothing cannot be listed.

Result<std::int32_t> count_nothing_of_domain(Manager& manager, const DomainFlags& args) {
    return transform(manager.find(args.dom.uuid), [](const auto&) { return 0; });
}

Result<bool> has_nothing_of_domain(Manager& manager, const DomainFlags& args) {
    return transform(manager.find(args.dom.uuid), [](const auto&) { return false; });
}

Result<std::vector<std::string>> list_nothing_of_domain(Manager& manager, const DomainNamesArgs& args) {
    return transform(manager.find(args.dom.uuid), [](const auto&) { return std::vector<std::string>(); });
}

Result<EmptyList> list_all_nothing_of_domain(Manager& manager, const DomainListAllArgs& args) {
    return transform(manager.find(args.dom.uuid), [](const auto&) { return EmptyList(); });
}

// Clients look first whether there is one, and go on without it: a refusal would stop them.

Result<> network_by_name(Manager&, const std::string& name) {
    return none(Reason::no_network, "network", "name", name);
}

Result<> network_by_uuid(Manager&, const Uuid& uuid) {
    return none(Reason::no_network, "network", "uuid", to_string(uuid));
}

Result<> pool_by_name(Manager&, const std::string& name) {
    return none(Reason::no_storage_pool, "storage pool", "name", name);
}

Result<> pool_by_uuid(Manager&, const Uuid& uuid) {
    return none(Reason::no_storage_pool, "storage pool", "uuid", to_string(uuid));
}

Result<> pool_by_volume(Manager&, const Volume& volume) {
    return none(Reason::no_storage_pool, "storage pool", "name", volume.pool);
}

Result<> volume_by_name(Manager&, const VolumeOfPoolArgs& args) {
    return none(Reason::no_storage_volume, "storage vol", "name", args.name);
}

Result<> volume_by_key(Manager&, const std::string& key) {
    return none(Reason::no_storage_volume, "storage vol", "key", key);
}

Result<> volume_by_path(Manager&, const std::string& path) {
    return none(Reason::no_storage_volume, "storage vol", "path", path);
}

Result<> interface_by_name(Manager&, const std::string& name) {
    return none(Reason::no_interface, "interface", "name", name);
}

Result<> interface_by_mac(Manager&, const std::string& mac) {
    return none(Reason::no_interface, "interface", "MAC address", mac);
}

Result<> secret_by_uuid(Manager&, const Uuid& uuid) {
    return none(Reason::no_secret, "secret", "uuid", to_string(uuid));
}

Result<> secret_by_usage(Manager&, const SecretUsage& usage) {
    return none(Reason::no_secret, "secret", "usage", usage.usage_id);
}

Result<> filter_by_name(Manager&, const std::string& name) {
    return none(Reason::no_network_filter, "nwfilter", "name", name);
}

Result<> filter_by_uuid(Manager&, const Uuid& uuid) {
    return none(Reason::no_network_filter, "nwfilter", "uuid", to_string(uuid));
}

Result<> pool_by_path(Manager&, const std::string& path) {
    return none(Reason::no_storage_pool, "storage pool", "target path", path);
}

Result<> filter_binding_by_port(Manager&, const std::string& port) {
    return none(Reason::no_filter_binding, "nwfilter binding", "port device", port);
}

}  // namespace virtlight::libvirt::calls
