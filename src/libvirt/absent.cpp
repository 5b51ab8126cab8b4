// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/calls.hpp"

namespace virtlight::libvirt::calls {

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

}  // namespace virtlight::libvirt::calls
