// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <optional>

#include "domain/xl_cfg_options.hpp"
#include "domain/xl_cfg_specs.hpp"
#include "domain/xml_values.hpp"

// How a guest's screen is shown. The words are options of their own for HVM guests, which have VNC unless
// they say no, and for PV guests of old; else they are the parameters of a "vfb".

namespace virtlight::domain {
namespace {

constexpr std::uint64_t last_display = last_port - first_vnc_port;

void refuse_words(const XlAt& at, std::string_view needed, std::initializer_list<std::string_view> words) {
    for (const auto word : words)
        if (const auto there = at.sibling(word); there && !there->says_nothing())
            there->unsupported("'{}' means nothing without '{}'", word, needed);
}

/// Takes the number of the display away from "127.0.0.1:2" and "[::1]:2", and the brackets.
std::optional<unsigned> take_display(std::string& listen) {
    const auto colon = listen.rfind(':');
    if (colon == listen.npos) return std::nullopt;
    const auto display = parse_number<unsigned>(listen.substr(colon + 1));
    if (!display || *display > last_display) return std::nullopt;
    listen.resize(colon);
    if (listen.starts_with('[') && listen.ends_with(']')) listen = listen.substr(1, listen.size() - 2);
    return display;
}

/// xl looks from the given one on for a display that is free. `at` is any of the words.
void take_this_display(const XlAt& at, std::string_view told_by, unsigned display, Vnc& vnc) {
    vnc.autoport = false;
    if (at.key() == told_by)
        at.remark(
            "the VNC server has port {} and no other here, as '{}' says; with xl it would have the first "
            "free one from there on, as 'vncunused' is missing",
            first_vnc_port + display, told_by);
}

std::optional<Vnc> read_vnc(const XlAt& at, bool otherwise) {
    if (!at.is_on("vnc", otherwise)) {
        refuse_words(at, "vnc", {"vnclisten", "vncdisplay", "vncpasswd"});
        return std::nullopt;
    }
    Vnc vnc{.listen = at.text_of("vnclisten"),
            .autoport = at.is_on("vncunused", true),
            .password = at.text_of("vncpasswd")};
    auto display = static_cast<unsigned>(at.number_of("vncdisplay", last_display));
    std::string_view told_by = "vncdisplay";
    if (const auto listens = take_display(vnc.listen)) {
        if (display != 0) at.invalid("the display is told by 'vnclisten' and by 'vncdisplay'");
        display = *listens;
        told_by = "vnclisten";
    }
    if (display != 0 && !at.sibling("vncunused")) take_this_display(at, told_by, display, vnc);
    if (vnc.autoport && display != 0)
        at.unsupported(
            "a display of VNC can be told here with 'vncunused = 0'; else the first free one is taken");
    if (!vnc.autoport) vnc.port = first_vnc_port + display;
    return vnc;
}

std::optional<Sdl> read_sdl(const XlAt& at) {
    if (at.is_on("sdl", false))
        return Sdl{at.text_of("display"), at.text_of("xauthority"), at.is_on("opengl", false)};
    refuse_words(at, "sdl", {"display", "xauthority", "opengl"});
    return std::nullopt;
}

/// `said` has what the word says and no more, so that it is the word which is to blame.
void check_word(const XlAt& at, std::string_view word, const Graphics& said, GuestType type) {
    const auto there = at.sibling(word);
    if (!there) return;
    if (const auto good = check_graphics(said, type); !good) there->unsupported("{}", good.error().message);
}

/// `at` is any of the words.
void read_words(const XlAt& at, Definition& definition, bool vnc_otherwise) {
    auto& graphics = definition.graphics;
    graphics.vnc = read_vnc(at, vnc_otherwise);
    graphics.sdl = read_sdl(at);
    graphics.keymap = at.text_of("keymap");
    if (!graphics.vnc && !at.is_on("spice", false)) refuse_words(at, "vnc", {"keymap"});
    check_word(at, "keymap", {.vnc = Vnc(), .keymap = graphics.keymap}, definition.type);
    if (!graphics.vnc) return;
    check_word(at, "vnclisten", {.vnc = Vnc{.listen = graphics.vnc->listen}}, definition.type);
    check_word(at, "vncpasswd", {.vnc = Vnc{.password = graphics.vnc->password}}, definition.type);
}

/// Of a PV guest without a "vfb" they count if VNC is among them.
void read_screen_option(const XlAt& at, Definition& definition) {
    if (definition.type == GuestType::hvm) return read_words(at, definition, true);
    const bool counts = definition.type == GuestType::pv && !at.sibling("vfb") && at.is_on("vnc", false);
    if (counts) return read_words(at, definition, false);
    if (!at.says_nothing())
        at.unsupported("'{}' means nothing here: the screen of a PV or PVH guest is a 'vfb'", at.key());
}

void write_vnc(const Graphics& graphics, XlWriter& writer) {
    writer.number("vnc", graphics.vnc.has_value());
}
void write_unused(const Graphics& graphics, XlWriter& writer) {
    if (graphics.vnc && !graphics.vnc->autoport) writer.number("vncunused", 0);
}
/// The display of an IPv6 address is part of it.
void write_listen(const Graphics& graphics, XlWriter& writer) {
    if (!graphics.vnc) return;
    const auto& listen = graphics.vnc->listen;
    const auto display = graphics.vnc->autoport ? 0 : graphics.vnc->port - first_vnc_port;
    writer.text_if_any("vnclisten", listen.contains(':') ? fmt::format("[{}]:{}", listen, display) : listen);
}
void write_display(const Graphics& graphics, XlWriter& writer) {
    if (graphics.vnc && !graphics.vnc->autoport && !graphics.vnc->listen.contains(':'))
        writer.number("vncdisplay", graphics.vnc->port - first_vnc_port);
}
void write_password(const Graphics& graphics, XlWriter& writer) {
    if (graphics.vnc) writer.text_if_any("vncpasswd", graphics.vnc->password);
}
void write_sdl(const Graphics& graphics, XlWriter& writer) {
    if (graphics.sdl) writer.number("sdl", 1);
}
void write_x_display(const Graphics& graphics, XlWriter& writer) {
    if (graphics.sdl) writer.text_if_any("display", graphics.sdl->display);
}
void write_xauthority(const Graphics& graphics, XlWriter& writer) {
    if (graphics.sdl) writer.text_if_any("xauthority", graphics.sdl->xauthority);
}
void write_opengl(const Graphics& graphics, XlWriter& writer) {
    if (graphics.sdl && graphics.sdl->opengl) writer.number("opengl", 1);
}
void write_keymap(const Graphics& graphics, XlWriter& writer) {
    writer.text_if_any("keymap", graphics.keymap);
}

template <void (*write)(const Graphics& graphics, XlWriter& writer)>
void write_screen_option(const Definition& definition, XlWriter& writer) {
    if (definition.type == GuestType::hvm) write(definition.graphics, writer);
}

/// Files of xend's say by it what shows the screen; xl does not look at it.
void read_vfb_type(const XlAt& at) {
    if (at.text() != "vnc")
        at.remark(
            "'type={}' of a 'vfb' is left out, as xl ignores it: 'vnc' and 'sdl' say what shows the screen",
            shown(at.text()));
}

/// "KEY=VALUE,KEY=VALUE"
void read_vfb(const XlAt& at, Definition& definition) {
    const auto items = at.items();
    if (items.empty()) return;
    if (definition.type == GuestType::hvm || items.size() > 1)
        return at.unsupported("a PV or PVH guest can have one 'vfb', and an HVM guest none");
    const auto parameters = items.front().parameters();
    definition.graphics.vnc = Vnc();
    for (const auto& parameter : parameters) {
        const auto part = at.part(parameters, parameter);
        if (parameter.key == "type") {
            read_vfb_type(part);
            continue;
        }
        const auto words = xl_screen_options.subspan(1);
        if (std::ranges::find(words, parameter.key, &XlOption::key) == words.end())
            return part.unsupported("'{}' of a 'vfb' is not supported", shown(parameter.key));
        read_words(part, definition, true);
    }
}

constexpr void (*vfb_words[])(const Graphics& graphics, XlWriter& writer) = {
    write_vnc, write_unused,    write_listen,     write_display, write_password,
    write_sdl, write_x_display, write_xauthority, write_opengl,  write_keymap};

XlSettings vfb_parameters(const Definition& definition) {
    if (definition.type == GuestType::hvm || !definition.graphics.any()) return {};
    XlWriter words;
    for (const auto write : vfb_words)
        write(definition.graphics, words);
    return std::move(words).take();
}

void write_vfb(const Definition& definition, XlWriter& writer) {
    std::string spec;
    for (const auto& [key, value, line] : vfb_parameters(definition))
        if (!value.text.contains(','))
            spec += fmt::format("{}{}={}", spec.empty() ? "" : ",", key, value.text);
    if (!spec.empty()) writer.texts("vfb", {spec});
}

constexpr XlOption screen_options[] = {
    {"vfb", "`devices/graphics` of PV and PVH guests", read_vfb, write_vfb},
    {"vnc", "`devices/graphics` of type vnc, which HVM guests have unless it is 0", read_screen_option,
     write_screen_option<write_vnc>},
    {"vncunused", "its `@autoport`", read_screen_option, write_screen_option<write_unused>},
    {"vnclisten", "its `@listen`", read_screen_option, write_screen_option<write_listen>},
    {"vncdisplay", "its `@port`, from 5900 on", read_screen_option, write_screen_option<write_display>},
    {"vncpasswd", "its `@passwd`", read_screen_option, write_screen_option<write_password>},
    {"sdl", "`devices/graphics` of type sdl", read_screen_option, write_screen_option<write_sdl>},
    {"display", "its `@display`", read_screen_option, write_screen_option<write_x_display>},
    {"xauthority", "its `@xauth`", read_screen_option, write_screen_option<write_xauthority>},
    {"opengl", "its `gl/@enable`", read_screen_option, write_screen_option<write_opengl>},
    {"keymap", "`devices/graphics/@keymap`", read_screen_option, write_screen_option<write_keymap>},
};

}  // namespace

constinit const XlOptions xl_screen_options = screen_options;

std::vector<std::string> unsaid_of_vfb(const Definition& definition) {
    std::vector<std::string> unsaid;
    for (const auto& [key, value, line] : vfb_parameters(definition))
        if (value.text.contains(',')) unsaid.push_back(key);
    return unsaid;
}

}  // namespace virtlight::domain
