// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/address.hpp"

#include <charconv>
#include <string_view>

namespace virtlight::cli {
namespace {

constexpr std::string_view socket_below_root = "run/virtlightd.sock";
constexpr std::string_view system_uri = "xen:///system";
constexpr std::string_view socket_uri = "xen+unix:///system?socket=";

/// With what %20 and its like stand for, as libvirt reads a URI.
std::string unescaped(std::string_view text) {
    std::string plain;
    while (!text.empty()) {
        constexpr std::size_t escape = 3;
        const auto digits = text.substr(0, escape).substr(1);
        unsigned char byte = 0;
        const auto [end, error] = std::from_chars(digits.begin(), digits.end(), byte, 16);
        const bool escaped = text.front() == '%' && digits.size() == escape - 1 && end == digits.end();
        plain += escaped ? static_cast<char>(byte) : text.front();
        text.remove_prefix(escaped ? escape : 1);
    }
    return plain;
}

Result<std::filesystem::path> socket_of_uri(std::string_view uri) {
    if (uri == system_uri) return std::filesystem::path("/") / socket_below_root;
    const bool alone = !uri.contains('&');  // as there is nothing else to say
    if (uri.starts_with(socket_uri) && uri.size() > socket_uri.size() && alone)
        return unescaped(uri.substr(socket_uri.size()));
    return fail(Reason::invalid_argument, "'{}' is no URI of a virtlightd ({}PATH, or {})", uri, socket_uri,
                system_uri);
}

}  // namespace

Result<std::filesystem::path> socket_of(const Address& address) {
    if (address.root && address.uri)
        return fail(Reason::invalid_argument,
                    "--root and --connect both say where the daemon is; one is enough");
    if (address.root && address.root->empty())
        return fail(Reason::invalid_argument, "--root '' is no folder: it is empty");
    if (address.root) return std::filesystem::path(*address.root) / socket_below_root;
    if (address.uri) return socket_of_uri(*address.uri);
    if (!address.environment.empty()) return socket_of_uri(address.environment);
    return socket_of_uri(system_uri);
}

}  // namespace virtlight::cli
