// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/graphics.hpp"
#include "domain/xml_parts.hpp"
#include "domain/xml_values.hpp"

namespace virtlight::domain {
namespace {

enum class GraphicsKind { vnc, sdl, spice };

constexpr Word<GraphicsKind> graphics_kinds[] = {
    {"vnc", GraphicsKind::vnc}, {"sdl", GraphicsKind::sdl}, {"spice", GraphicsKind::spice}};
/// Whether the guest's agent learns where the pointer is.
constexpr Word<bool> mouse_modes[] = {{"client", true}, {"server", false}};
constexpr std::string_view taken_later = "-1";

/// 0: none is given.
unsigned read_port(const XmlElement& graphics, std::string_view attribute) {
    const auto text = graphics.attribute(attribute);
    if (!text || trimmed(*text) == taken_later) return 0;
    const auto port = parse_number<std::uint16_t>(*text);
    if (!port)
        graphics.invalid("attribute '{}' of <graphics> must be a port or -1, not '{}'", attribute,
                         shown(*text));
    return port.value_or(0);
}

/// libvirt writes it twice.
std::string read_listen(const XmlElement& graphics) {
    const auto outside = graphics.attribute("listen");
    const auto element = graphics.child("listen");
    expect_attribute(element, "type", "address");
    const auto inside = element.attribute("address");
    if (outside && inside && *outside != *inside)
        element.invalid("<listen> says '{}' and its <graphics> '{}'", shown(*inside), shown(*outside));
    return std::string(trimmed(inside.value_or(outside.value_or(""))));
}

void read_keymap(const XmlElement& element, Graphics& graphics) {
    const auto keymap = std::string(trimmed(element.attribute("keymap").value_or("")));
    if (!keymap.empty() && !graphics.keymap.empty() && keymap != graphics.keymap)
        element.unsupported("all <graphics> of a guest have one keymap, not '{}' and '{}'",
                            shown(graphics.keymap), shown(keymap));
    if (!keymap.empty()) graphics.keymap = keymap;
}

Vnc read_vnc(const XmlElement& element) {
    Vnc vnc;
    vnc.listen = read_listen(element);
    vnc.port = read_port(element, "port");
    vnc.autoport = attribute_choice<bool>(element, "autoport", yes_or_no, vnc.port == 0);
    if (vnc.autoport) vnc.port = 0;  // of the life that was described
    vnc.password = element.attribute("passwd").value_or("");
    return vnc;
}

Sdl read_sdl(const XmlElement& element) {
    expect_attribute(element, "fullscreen", "no");
    return {element.attribute("display").value_or(""), element.attribute("xauth").value_or(""),
            attribute_choice<bool>(element.child("gl"), "enable", yes_or_no, false)};
}

Spice read_spice(const XmlElement& element) {
    Spice spice;
    spice.listen = read_listen(element);
    spice.port = read_port(element, "port");
    spice.tls_port = read_port(element, "tlsPort");
    const bool no_port = spice.port == 0 && spice.tls_port == 0;
    spice.autoport = attribute_choice<bool>(element, "autoport", yes_or_no, no_port);
    if (spice.autoport) spice.port = spice.tls_port = 0;  // of the life that was described
    spice.password = element.attribute("passwd").value_or("");
    spice.clipboard = attribute_choice<bool>(element.child("clipboard"), "copypaste", yes_or_no, true);
    spice.agent_mouse = attribute_choice<bool>(element.child("mouse"), "mode", mouse_modes, true);
    spice.image_compression = trimmed(element.child("image").attribute("compression").value_or(""));
    spice.streaming = trimmed(element.child("streaming").attribute("mode").value_or(""));
    return spice;
}

template <class T>
void add_screen(const XmlElement& element, std::optional<T>& place, T value) {
    if (place)
        element.unsupported("a guest has one <graphics> of type '{}'",
                            element.attribute("type").value_or(""));
    place = std::move(value);
}

void read_graphics(const XmlElement& devices, Definition& definition) {
    auto& graphics = definition.graphics;
    for (const auto& element : devices.children("graphics")) {
        if (!element.attribute("type"))
            element.invalid("<graphics> has no attribute 'type'; allowed here: {}",
                            list_words<GraphicsKind>(graphics_kinds));
        const auto kind = attribute_choice(element, "type", graphics_kinds, GraphicsKind::vnc);
        if (kind != GraphicsKind::sdl) read_keymap(element, graphics);
        switch (kind) {
            case GraphicsKind::vnc: add_screen(element, graphics.vnc, read_vnc(element)); break;
            case GraphicsKind::sdl: add_screen(element, graphics.sdl, read_sdl(element)); break;
            case GraphicsKind::spice: add_screen(element, graphics.spice, read_spice(element)); break;
        }
        if (const auto good = check_graphics(graphics, definition.type); !good)
            element.unsupported("{}", good.error().message);
        // libvirt's schema has no place for it.
        if (const auto alias = read_alias(element); !alias.empty())
            element.child("alias").unsupported("<graphics> has no alias, as '{}'", shown(alias));
    }
}

void write_optional(XmlWriter::Element& element, std::string_view attribute, std::string_view text) {
    if (!text.empty()) element.attribute(attribute, text);
}

void write_listen(XmlWriter& writer, std::string_view listen) {
    if (!listen.empty()) writer.element("listen").attribute("type", "address").attribute("address", listen);
}

void write_vnc(XmlWriter& writer, const Vnc& vnc, std::string_view keymap, Shape shape) {
    auto element = writer.element("graphics");
    element.attribute("type", "vnc");
    const bool open = vnc.autoport && (shape == Shape::stored || vnc.port == 0);
    element.attribute("port", open ? std::string(taken_later) : std::to_string(vnc.port));
    element.attribute("autoport", word_for<bool>(vnc.autoport, yes_or_no));
    write_optional(element, "listen", vnc.listen);
    write_optional(element, "keymap", keymap);
    write_optional(element, "passwd", vnc.password);
    write_listen(writer, vnc.listen);
}

void write_sdl(XmlWriter& writer, const Sdl& sdl) {
    auto element = writer.element("graphics");
    element.attribute("type", "sdl");
    write_optional(element, "display", sdl.display);
    write_optional(element, "xauth", sdl.xauthority);
    if (sdl.opengl) writer.element("gl").attribute("enable", "yes");
}

void write_spice(XmlWriter& writer, const Spice& spice, std::string_view keymap, Shape shape) {
    auto element = writer.element("graphics");
    element.attribute("type", "spice");
    const bool open = spice.autoport && shape == Shape::stored;
    if (spice.port != 0 && !open) element.attribute("port", spice.port);
    if (spice.tls_port != 0) element.attribute("tlsPort", spice.tls_port);
    element.attribute("autoport", word_for<bool>(spice.autoport, yes_or_no));
    write_optional(element, "listen", spice.listen);
    write_optional(element, "keymap", keymap);
    write_optional(element, "passwd", spice.password);
    write_listen(writer, spice.listen);
    if (!spice.image_compression.empty())
        writer.element("image").attribute("compression", spice.image_compression);
    if (!spice.streaming.empty()) writer.element("streaming").attribute("mode", spice.streaming);
    if (!spice.clipboard) writer.element("clipboard").attribute("copypaste", "no");
    if (!spice.agent_mouse) writer.element("mouse").attribute("mode", "server");
}

void write_graphics(XmlWriter& writer, const Definition& definition, Shape shape) {
    const auto& graphics = definition.graphics;
    if (graphics.vnc) write_vnc(writer, *graphics.vnc, graphics.keymap, shape);
    if (graphics.sdl) write_sdl(writer, *graphics.sdl);
    if (graphics.spice) write_spice(writer, *graphics.spice, graphics.keymap, shape);
}

}  // namespace

constinit const XmlPart graphics_part{read_graphics, write_graphics};

}  // namespace virtlight::domain
