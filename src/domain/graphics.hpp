// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <optional>
#include <string>

#include "base/result.hpp"

namespace virtlight::domain {

enum class GuestType;

/// VNC counts displays, and display 0 is there.
inline constexpr unsigned first_vnc_port = 5900;
inline constexpr unsigned last_port = 65535;

/// A VNC server that shows the guest's screen.
struct Vnc {
    std::string listen{};  ///< an IP address of dom0; empty: 127.0.0.1
    bool autoport = true;  ///< the device model takes the first free port from 5900 on
    /// 5900 to 65535; with autoport the one that was taken while the guest runs, and 0 in a definition that
    /// is not running.
    unsigned port = 0;
    std::string password{};  ///< a secret, up to limits::vnc_password bytes; empty: everybody may connect

    bool operator==(const Vnc&) const = default;
};

/// A window on a display of dom0.
struct Sdl {
    std::string display{};     ///< as X's DISPLAY; empty: the daemon's
    std::string xauthority{};  ///< path of the file that lets it in; may be empty
    bool opengl = false;

    bool operator==(const Sdl&) const = default;
};

/// A SPICE server, for HVM guests.
struct Spice {
    std::string listen{};   ///< an IP address of dom0; empty: 127.0.0.1
    bool autoport = false;  ///< it gets a port of its own in each life, and has no tls_port
    /// 0: none, then there is a tls_port; with autoport as of a VNC server.
    unsigned port = 0;
    unsigned tls_port = 0;            ///< 0: none
    std::string password{};           ///< a secret; empty: everybody may connect
    bool clipboard = true;            ///< is shared with clients
    bool agent_mouse = true;          ///< the guest's agent learns where the pointer is
    std::string image_compression{};  ///< auto_glz, auto_lz, quic, glz, lz or off; empty: SPICE's own default
    std::string streaming{};          ///< of what looks like a video: filter, all or off; empty: as above

    bool operator==(const Spice&) const = default;
};

/// How a guest's screen is shown: in any of these ways, also at once.
struct Graphics {
    std::optional<Vnc> vnc{};
    std::optional<Sdl> sdl{};
    std::optional<Spice> spice{};
    std::string keymap{};  ///< of VNC's and SPICE's clients, e.g. "de"; empty: as they say themselves

    bool any() const { return vnc || sdl || spice; }
    bool operator==(const Graphics&) const = default;
};

/// Whether a guest of this type can be shown so. unsupported_config: says what cannot be, and what can.
Result<> check_graphics(const Graphics& graphics, GuestType type);

/// The password that the VNC server of a guest that runs asks for when its screen is to be shown as `wanted`.
/// unsupported_operation: something else would change, or it would begin or cease to ask.
Result<std::string> live_password(const Graphics& running, const Graphics& wanted);

/// Without passwords, for those who may not see them.
Graphics without_secrets(Graphics graphics);

/// Without the ports that were taken while the guest ran.
Graphics without_taken_ports(Graphics graphics);

}  // namespace virtlight::domain
