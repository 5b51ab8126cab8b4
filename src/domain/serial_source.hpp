// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace virtlight::domain {

/// Where a serial port of an HVM guest leads. Its device model sees to all of them; only a pty is a console
/// here.
struct SerialSource {
    enum class Kind { pty, null, vc, stdio, file, pipe, device, tcp, udp, unix_socket };
    Kind kind = Kind::pty;
    std::string path{};      ///< of a file, a pipe, a device and a UNIX socket
    bool listens = false;    ///< of TCP and a UNIX socket: others connect to it, and the guest waits for none
    bool telnet = false;     ///< of TCP
    std::string host{};      ///< of TCP and UDP: whom it connects to, or where it listens; may be empty
    std::string service{};   ///< a port there, or its name
    std::string own_host{};  ///< of UDP: where it is reached itself; may be empty
    std::string own_service{};  ///< the same

    bool operator==(const SerialSource&) const = default;
};

/// unsupported_config: such a port cannot be.
Result<> check_serial_source(const SerialSource& source);

struct SaidSource {
    SerialSource source;
    bool waits = false;  ///< it is said to wait for somebody to connect before the guest starts
};

/// As a device model is told of it, and as xl's files have it: "pty", "file:/srv/log", "tcp:host:4444".
/// unsupported_config: as check_serial_source(), or it is of a kind, or has an option, that is not served.
Result<SaidSource> parse_serial_source(std::string_view words);
std::string serial_words(const SerialSource& source);

}  // namespace virtlight::domain
