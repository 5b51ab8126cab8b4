// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/graphics.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <span>
#include <string_view>
#include <utility>

#include <arpa/inet.h>
#include <fmt/format.h>

#include "base/limits.hpp"
#include "domain/definition.hpp"
#include "domain/text.hpp"

namespace virtlight::domain {
namespace {

template <class... Args>
std::unexpected<Error> refuse_graphics(fmt::format_string<Args...> text, Args&&... args) {
    return fail(Reason::unsupported_config, text, std::forward<Args>(args)...);
}

/// QEMU takes its options apart at commas, so that nothing but an address may get there.
Result<> check_listen(const std::string& listen) {
    std::array<unsigned char, sizeof(in6_addr)> bytes{};
    if (listen.empty() || ::inet_pton(AF_INET, listen.c_str(), bytes.data()) == 1 ||
        ::inet_pton(AF_INET6, listen.c_str(), bytes.data()) == 1)
        return {};
    return refuse_graphics("a screen can be shown at an IP address of the host, not at '{}'", shown(listen));
}

Result<> check_vnc(const Vnc& vnc) {
    if (auto good = check_listen(vnc.listen); !good) return good;
    if (vnc.password.size() > limits::vnc_password)
        return refuse_graphics("VNC password is {} characters long, only {} permitted", vnc.password.size(),
                               limits::vnc_password);
    if (!vnc.autoport && (vnc.port < first_vnc_port || vnc.port > last_port))
        return refuse_graphics("the port of a VNC server must be from {} to {}, not {}", first_vnc_port,
                               last_port, vnc.port);
    return {};
}

constexpr std::string_view compressions[] = {"", "auto_glz", "auto_lz", "quic", "glz", "lz", "off"};
constexpr std::string_view streamings[] = {"", "filter", "all", "off"};

Result<> check_word(std::string_view what, const std::string& word,
                    std::span<const std::string_view> allowed) {
    if (std::ranges::find(allowed, word) != allowed.end()) return {};
    return refuse_graphics("{} of SPICE cannot be '{}'; allowed are {}", what, shown(word),
                           fmt::join(allowed.subspan(1), ", "));
}

Result<> check_spice(const Spice& spice, GuestType type) {
    if (type != GuestType::hvm)
        return refuse_graphics("only HVM guests can have a SPICE server; PV and PVH have 'vnc' and 'sdl'");
    if (auto good = check_listen(spice.listen); !good) return good;
    const bool reachable = spice.autoport || spice.port != 0 || spice.tls_port != 0;
    if (spice.port > last_port || spice.tls_port > last_port || !reachable)
        return refuse_graphics("a SPICE server needs a port, or a tlsPort, from 1 to {}, or autoport='yes'",
                               last_port);
    if (spice.autoport && spice.tls_port != 0)
        return refuse_graphics(
            "a SPICE server with autoport='yes' has no tlsPort: a port alone is chosen for it");
    if (spice.password.find_first_of(",\n") != spice.password.npos)
        return refuse_graphics("a SPICE password cannot hold ',' or the end of a line");
    if (auto good = check_word("the compression of images", spice.image_compression, compressions); !good)
        return good;
    return check_word("the streaming of videos", spice.streaming, streamings);
}

bool is_keymap(std::string_view keymap) {
    return !keymap.starts_with('-') && std::ranges::all_of(keymap, [](unsigned char c) {
        return c == '-' || c == '_' || (c < 0x80 && std::isalnum(c) != 0);
    });
}

}  // namespace

Result<> check_graphics(const Graphics& graphics, GuestType type) {
    if (graphics.vnc)
        if (auto good = check_vnc(*graphics.vnc); !good) return good;
    if (graphics.spice)
        if (auto good = check_spice(*graphics.spice, type); !good) return good;
    if (!is_keymap(graphics.keymap))
        return refuse_graphics("a keymap is named in letters, digits, '-' and '_', not '{}'",
                               shown(graphics.keymap));
    if (!graphics.keymap.empty() && !graphics.vnc && !graphics.spice)
        return refuse_graphics("only clients of VNC and SPICE have a keymap");
    return {};
}

Result<std::string> live_password(const Graphics& running, const Graphics& wanted) {
    const auto refused = [](std::string_view why) {
        return fail(
            Reason::unsupported_operation,
            "of the screen of a guest that runs only the password of its VNC server can be changed{}; "
            "the rest can for the next start (--config)",
            why);
    };
    auto changed = without_taken_ports(running);
    const auto asked = without_taken_ports(wanted);
    if (!changed.vnc || !asked.vnc) return refused(", and it has none");
    const auto before = std::exchange(changed.vnc->password, asked.vnc->password);
    if (changed != asked) return refused("");
    if (before.empty() && !asked.vnc->password.empty())
        return refused(", and it was started without one: its device model asks for none until then");
    if (asked.vnc->password.empty() && !before.empty())
        return refused(", and not taken away: its device model goes on asking for one until then");
    return asked.vnc->password;
}

Graphics without_secrets(Graphics graphics) {
    if (graphics.vnc) graphics.vnc->password.clear();
    if (graphics.spice) graphics.spice->password.clear();
    return graphics;
}

Graphics without_taken_ports(Graphics graphics) {
    if (graphics.vnc && graphics.vnc->autoport) graphics.vnc->port = 0;
    if (graphics.spice && graphics.spice->autoport) graphics.spice->port = 0;
    return graphics;
}

}  // namespace virtlight::domain
