// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/vnc_password.hpp"

#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "xenlight/error.hpp"
#include "xenlight/qmp.hpp"

namespace virtlight::xenlight {
namespace {

namespace json = boost::json;

Result<> change(const std::filesystem::path& socket, const std::string& password) {
    auto qmp = Qmp::open(socket);
    if (!qmp) return std::unexpected(std::move(qmp.error()));
    const auto arguments = json::serialize(json::object{{"password", password}});
    const auto changed = qmp->execute("change-vnc-password", arguments);
    if (!changed) return std::unexpected(changed.error());
    return {};
}

}  // namespace

Result<> change_vnc_password(hypervisor::DomId domid, const std::string& password,
                             const std::filesystem::path& folder) {
    auto changed = change(measuring_socket(domid, folder), password);
    if (changed) return changed;
    return std::unexpected(
        in_context(fmt::format("change the VNC password of domain {}", domid), std::move(changed.error())));
}

}  // namespace virtlight::xenlight
