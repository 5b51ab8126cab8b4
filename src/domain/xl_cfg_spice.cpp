// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/xl_cfg_options.hpp"

// An HVM guest's SPICE server. One reader takes all of its options together: what they mean depends on the
// others.

namespace virtlight::domain {
namespace {

/// No ticket means that everybody may connect, which has to be said.
std::string read_password(const XlAt& at) {
    auto password = at.text_of("spicepasswd");
    const bool open = at.is_on("spicedisable_ticketing", false);
    if (open && !password.empty())
        at.unsupported("'spicepasswd' and 'spicedisable_ticketing' exclude each other");
    if (!open && password.empty())
        at.invalid("a SPICE server needs a 'spicepasswd', or 'spicedisable_ticketing' to be on");
    return password;
}

/// The mouse and the clipboard are the agent's doing.
void read_agent(const XlAt& at, Spice& spice) {
    const bool agent = at.is_on("spicevdagent", false);
    spice.agent_mouse = at.is_on("spiceagent_mouse", agent);
    spice.clipboard = at.is_on("spice_clipboard_sharing", false);
    const bool used = spice.agent_mouse || spice.clipboard;
    if (used && !agent)
        at.unsupported(
            "'spiceagent_mouse' and 'spice_clipboard_sharing' mean nothing without 'spicevdagent'");
    if (agent && !used)
        at.unsupported(
            "'spicevdagent' means nothing without 'spiceagent_mouse' or 'spice_clipboard_sharing'");
}

void read_spice(const XlAt& at, Definition& definition) {
    if (at.says_nothing() && at.key() != "spice") return;
    if (definition.type != GuestType::hvm) {
        if (!at.says_nothing()) at.unsupported("only HVM guests can have a SPICE server");
        return;
    }
    if (!at.is_on("spice", false)) {
        if (at.key() != "spice") at.unsupported("'{}' means nothing without 'spice'", at.key());
        return;
    }
    Spice spice{.listen = at.text_of("spicehost"),
                .port = static_cast<unsigned>(at.number_of("spiceport", last_port)),
                .tls_port = static_cast<unsigned>(at.number_of("spicetls_port", last_port)),
                .password = read_password(at),
                .image_compression = at.text_of("spice_image_compression"),
                .streaming = at.text_of("spice_streaming_video")};
    read_agent(at, spice);
    definition.graphics.spice = std::move(spice);
    if (const auto good = check_graphics(definition.graphics, definition.type); !good)
        at.unsupported("{}", good.error().message);
}

/// Options that go unsaid where there is no server.
template <void (*write)(const Spice& spice, XlWriter& writer)>
void write_if_any(const Definition& definition, XlWriter& writer) {
    if (const auto& spice = definition.graphics.spice) write(*spice, writer);
}
void write_spice(const Spice&, XlWriter& writer) {
    writer.number("spice", 1);
}
void write_host(const Spice& spice, XlWriter& writer) {
    writer.text_if_any("spicehost", spice.listen);
}
void write_port(const Spice& spice, XlWriter& writer) {
    if (spice.port != 0 && !spice.autoport) writer.number("spiceport", spice.port);
}
void write_tls_port(const Spice& spice, XlWriter& writer) {
    if (spice.tls_port != 0) writer.number("spicetls_port", spice.tls_port);
}
void write_ticketing(const Spice& spice, XlWriter& writer) {
    writer.number("spicedisable_ticketing", spice.password.empty());
}
void write_password(const Spice& spice, XlWriter& writer) {
    writer.text_if_any("spicepasswd", spice.password);
}
void write_agent(const Spice& spice, XlWriter& writer) {
    writer.number("spicevdagent", spice.agent_mouse || spice.clipboard);
}
void write_mouse(const Spice& spice, XlWriter& writer) {
    writer.number("spiceagent_mouse", spice.agent_mouse);
}
void write_clipboard(const Spice& spice, XlWriter& writer) {
    writer.number("spice_clipboard_sharing", spice.clipboard);
}
void write_compression(const Spice& spice, XlWriter& writer) {
    writer.text_if_any("spice_image_compression", spice.image_compression);
}
void write_streaming(const Spice& spice, XlWriter& writer) {
    writer.text_if_any("spice_streaming_video", spice.streaming);
}

constexpr XlOption spice_options[] = {
    {"spice", "`devices/graphics` of type spice", read_spice, write_if_any<write_spice>},
    {"spicehost", "its `@listen`", read_spice, write_if_any<write_host>},
    {"spiceport", "its `@port`", read_spice, write_if_any<write_port>},
    {"spicetls_port", "its `@tlsPort`", read_spice, write_if_any<write_tls_port>},
    {"spicedisable_ticketing", "no `@passwd`", read_spice, write_if_any<write_ticketing>},
    {"spicepasswd", "its `@passwd`", read_spice, write_if_any<write_password>},
    {"spicevdagent", "its `mouse` or `clipboard`", read_spice, write_if_any<write_agent>},
    {"spiceagent_mouse", "its `mouse/@mode`", read_spice, write_if_any<write_mouse>},
    {"spice_clipboard_sharing", "its `clipboard/@copypaste`", read_spice, write_if_any<write_clipboard>},
    {"spice_image_compression", "its `image/@compression`", read_spice, write_if_any<write_compression>},
    {"spice_streaming_video", "its `streaming/@mode`", read_spice, write_if_any<write_streaming>},
};

}  // namespace

constinit const XlOptions xl_spice_options = spice_options;

}  // namespace virtlight::domain
