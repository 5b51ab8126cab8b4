// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/address.hpp"

#include <string_view>

namespace virtlight::cli {
namespace {

constexpr std::string_view socket_below_root = "run/virtlightd.sock";
constexpr std::string_view system_uri = "xen:///system";
constexpr std::string_view socket_uri = "xen+unix:///system?socket=";

Result<std::filesystem::path> socket_of_uri(std::string_view uri) {
    if (uri == system_uri) return std::filesystem::path("/") / socket_below_root;
    if (uri.starts_with(socket_uri) && uri.size() > socket_uri.size()) return uri.substr(socket_uri.size());
    return fail(Reason::invalid_argument, "'{}' is no URI of a virtlightd ({}PATH, or {})", uri, socket_uri,
                system_uri);
}

}  // namespace

Result<std::filesystem::path> socket_of(const Address& address) {
    if (!address.root.empty() && !address.uri.empty())
        return fail(Reason::invalid_argument,
                    "--root and --connect both say where the daemon is; one is enough");
    if (!address.root.empty()) return std::filesystem::path(address.root) / socket_below_root;
    if (!address.uri.empty()) return socket_of_uri(address.uri);
    if (!address.environment.empty()) return socket_of_uri(address.environment);
    return socket_of_uri(system_uri);
}

}  // namespace virtlight::cli
