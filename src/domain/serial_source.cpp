// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/serial_source.hpp"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/limits.hpp"
#include "base/unix_address.hpp"
#include "domain/text.hpp"
#include "domain/words.hpp"

namespace virtlight::domain {
namespace {

using SerialKind = SerialSource::Kind;

/// Those of which there is no more to say.
constexpr Word<SerialKind> bare_serials[] = {{"pty", SerialKind::pty},
                                             {"null", SerialKind::null},
                                             {"vc", SerialKind::vc},
                                             {"stdio", SerialKind::stdio}};
constexpr std::string_view telnet_prefix = "telnet";
/// Before a ':'.
constexpr Word<SerialKind> serial_prefixes[] = {
    {"file", SerialKind::file},       {"pipe", SerialKind::pipe}, {"tcp", SerialKind::tcp},
    {telnet_prefix, SerialKind::tcp}, {"udp", SerialKind::udp},   {"unix", SerialKind::unix_socket}};
constexpr std::string_view serial_forms =
    "pty, null, vc, stdio, /dev/NAME, file:PATH, pipe:PATH, tcp:HOST:PORT, telnet:HOST:PORT, udp:HOST:PORT "
    "and unix:PATH";

/// A device model takes those for ports of another kind.
constexpr std::string_view parallel_devices[] = {"/dev/parport", "/dev/ppi"};

/// What a device model reads of a host and of a port.
constexpr std::size_t serial_host_bytes = 64;
constexpr std::size_t serial_service_bytes = 32;

bool is_word_of(std::string_view text, std::string_view others) {
    return std::ranges::all_of(text, [others](unsigned char c) {
        return c < 0x80 && (std::isalnum(c) != 0 || others.contains(static_cast<char>(c)));
    });
}

template <class... Args>
std::unexpected<Error> refuse_serial(fmt::format_string<Args...> text, Args&&... args) {
    return fail(Reason::unsupported_config, "a serial port {}",
                fmt::format(text, std::forward<Args>(args)...));
}

Result<> check_serial_path(const SerialSource& source) {
    const auto& path = source.path;
    if (!is_file_path(path) || !is_line(path))
        return refuse_serial("needs an absolute path of up to {} bytes in one line, not '{}'",
                             limits::path_bytes, shown(path));
    if (source.kind == SerialKind::unix_socket) {
        if (path.contains(',') || path.size() > UnixAddress::longest_path)
            return refuse_serial(
                "can lead to a UNIX socket with a path of up to {} bytes without a comma, not '{}'",
                UnixAddress::longest_path, shown(path));
    }
    if (source.kind != SerialKind::device) return {};
    const bool parallel = std::ranges::any_of(
        parallel_devices, [&](std::string_view prefix) { return path.starts_with(prefix); });
    if (!path.starts_with("/dev/") || parallel)
        return refuse_serial("can lead to a device under /dev that is no parallel port, not to '{}'",
                             shown(path));
    return {};
}

Result<> check_serial_host(const std::string& host) {
    if (host.size() <= serial_host_bytes && is_word_of(host, ".-_")) return {};
    return refuse_serial(
        "can lead to a host by its name or its IPv4 address, up to {} bytes, as a device model takes the "
        "first ':' for its end, and not to '{}'",
        serial_host_bytes, shown(host));
}

Result<> check_serial_service(const std::string& service) {
    const bool number = std::ranges::all_of(service, [](unsigned char c) { return std::isdigit(c) != 0; });
    const bool good = number ? whole_number<std::uint16_t>(service).value_or(0) != 0
                             : service.size() <= serial_service_bytes && is_word_of(service, "-_");
    if (good) return {};
    return refuse_serial("needs a port from 1 to 65535, or the name of one, not '{}'", shown(service));
}

Result<> check_tcp(const SerialSource& source) {
    if (auto good = check_serial_host(source.host); !good) return good;
    if (!source.listens && source.host.empty())
        return refuse_serial("that connects to a host needs its name or address");
    return check_serial_service(source.service);
}

Result<> check_udp(const SerialSource& source) {
    for (const auto* const host : {&source.host, &source.own_host})
        if (auto good = check_serial_host(*host); !good) return good;
    if (auto good = check_serial_service(source.service); !good) return good;
    if (source.own_host.empty() && source.own_service.empty()) return {};
    return check_serial_service(source.own_service);
}

/// "HOST:PORT", of which the host may be missing.
void read_end(std::string_view text, std::string& host, std::string& service) {
    const auto colon = std::min(text.find(':'), text.size());
    host = text.substr(0, colon);
    service = text.substr(std::min(colon + 1, text.size()));
}

/// What stands behind a ',': "server", "server=on", "nowait", "wait=off" and their contraries.
Result<> read_socket_options(std::string_view options, SaidSource& said) {
    bool waits = true;
    while (!options.empty()) {
        const auto option = options.substr(0, options.find(','));
        options.remove_prefix(std::min(option.size() + 1, options.size()));
        if (option == "server" || option == "server=on")
            said.source.listens = true;
        else if (option == "noserver" || option == "server=off")
            said.source.listens = false;
        else if (option == "wait" || option == "wait=on")
            waits = true;
        else if (option == "nowait" || option == "wait=off")
            waits = false;
        else
            return refuse_serial("has no option '{}' here; there are 'server' and 'nowait'", shown(option));
    }
    said.waits = said.source.listens && waits;
    return {};
}

Result<> read_serial_words(SerialKind kind, std::string_view text, SaidSource& said) {
    auto& source = said.source;
    const bool socket = kind == SerialKind::tcp || kind == SerialKind::unix_socket;
    const auto end = socket ? std::min(text.find(','), text.size()) : text.size();
    const auto name = text.substr(0, end);
    if (kind == SerialKind::tcp) {
        read_end(name, source.host, source.service);
    } else if (kind == SerialKind::udp) {
        const auto sign = std::min(name.find('@'), name.size());
        read_end(name.substr(0, sign), source.host, source.service);
        read_end(name.substr(std::min(sign + 1, name.size())), source.own_host, source.own_service);
    } else {
        source.path = name;
    }
    return read_socket_options(text.substr(std::min(end + 1, text.size())), said);
}

}  // namespace

Result<> check_serial_source(const SerialSource& source) {
    switch (source.kind) {
        case SerialKind::pty:
        case SerialKind::null:
        case SerialKind::vc:
        case SerialKind::stdio: return {};
        case SerialKind::file:
        case SerialKind::pipe:
        case SerialKind::device:
        case SerialKind::unix_socket: return check_serial_path(source);
        case SerialKind::tcp: return check_tcp(source);
        case SerialKind::udp: return check_udp(source);
    }
    return {};
}

Result<SaidSource> parse_serial_source(std::string_view words) {
    SaidSource said;
    if (words.starts_with('/')) {
        said.source = {.kind = SerialKind::device, .path = std::string(words)};
    } else if (const auto bare = meaning_of<SerialKind>(words, bare_serials)) {
        said.source.kind = *bare;
    } else {
        const auto colon = std::min(words.find(':'), words.size());
        const auto prefix = words.substr(0, colon);
        const auto kind = meaning_of<SerialKind>(prefix, serial_prefixes);
        if (!kind || colon == words.size())
            return refuse_serial("cannot be '{}' here; allowed are {}", shown(words), serial_forms);
        said.source = {.kind = *kind, .telnet = prefix == telnet_prefix};
        if (auto read = read_serial_words(*kind, words.substr(colon + 1), said); !read)
            return std::unexpected(std::move(read.error()));
    }
    if (auto good = check_serial_source(said.source); !good) return std::unexpected(std::move(good.error()));
    return said;
}

std::string serial_words(const SerialSource& source) {
    const auto* const listening = source.listens ? ",server=on,wait=off" : "";
    switch (source.kind) {
        case SerialKind::pty:
        case SerialKind::null:
        case SerialKind::vc:
        case SerialKind::stdio: return std::string(word_for<SerialKind>(source.kind, bare_serials));
        case SerialKind::device: return source.path;
        case SerialKind::file:
        case SerialKind::pipe:
        case SerialKind::unix_socket:
            return fmt::format("{}:{}{}", word_for<SerialKind>(source.kind, serial_prefixes), source.path,
                               listening);
        case SerialKind::tcp:
            return fmt::format("{}:{}:{}{}", source.telnet ? telnet_prefix : "tcp", source.host,
                               source.service, listening);
        case SerialKind::udp:
            return fmt::format("udp:{}:{}{}", source.host, source.service,
                               source.own_service.empty()
                                   ? std::string()
                                   : fmt::format("@{}:{}", source.own_host, source.own_service));
    }
    return {};
}

}  // namespace virtlight::domain
