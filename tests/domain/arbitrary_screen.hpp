// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <rapidcheck.h>

#include "base/limits.hpp"
#include "domain/definition.hpp"

/// rapidcheck's source of screens that a guest can have, and of what goes with them.

namespace virtlight::domain::arbitrary {

inline std::string listen_address() {
    return *rc::gen::element<std::string>("", "0.0.0.0", "192.168.1.1", "::", "fe80::7");
}

inline Vnc vnc() {
    Vnc vnc{.listen = listen_address(), .autoport = *rc::gen::arbitrary<bool>()};
    if (!vnc.autoport) vnc.port = *rc::gen::inRange(5900U, 65536U);
    vnc.password = *rc::gen::element<std::string>("", "secret", "<&'\"> \t,");
    return vnc;
}

inline Sdl sdl() {
    return {*rc::gen::element<std::string>("", ":0", "localhost:10.0"),
            *rc::gen::element<std::string>("", "/root/.Xauthority", "/it's <mine>"),
            *rc::gen::arbitrary<bool>()};
}

inline Spice spice() {
    Spice spice{.listen = listen_address(), .autoport = *rc::gen::arbitrary<bool>()};
    if (!spice.autoport) {
        spice.port = *rc::gen::inRange(0U, 65536U);
        spice.tls_port = *rc::gen::inRange(spice.port == 0 ? 1U : 0U, 65536U);
    }
    spice.password = *rc::gen::element<std::string>("", "long & secret");
    spice.clipboard = *rc::gen::arbitrary<bool>();
    spice.agent_mouse = *rc::gen::arbitrary<bool>();
    spice.image_compression = *rc::gen::element<std::string>("", "auto_glz", "off");
    spice.streaming = *rc::gen::element<std::string>("", "filter", "all");
    return spice;
}

inline Graphics graphics(GuestType type) {
    const auto some = [] { return *rc::gen::arbitrary<bool>(); };
    Graphics graphics;
    if (some()) graphics.vnc = vnc();
    if (some()) graphics.sdl = sdl();
    if (type == GuestType::hvm && some()) graphics.spice = spice();
    if ((graphics.vnc || graphics.spice) && some()) graphics.keymap = "en-us";
    return graphics;
}

inline Video video(GuestType type, const Graphics& graphics) {
    if (type != GuestType::hvm) return default_video(type, graphics);
    using enum Video::Model;
    const auto model = *rc::gen::element(none, cirrus, vga, qxl);
    if (model == none) return {};
    return {model, least_vram_kib(model) + 1024 * *rc::gen::inRange<std::uint64_t>(0, 1024)};
}

inline std::vector<Input> usb_inputs(GuestType type) {
    std::vector<Input> all;
    const auto count = type == GuestType::hvm ? *rc::gen::inRange<std::size_t>(0, limits::usb_inputs + 1) : 0;
    while (all.size() < count)
        all.push_back(*rc::gen::element(Input::tablet, Input::mouse, Input::keyboard));
    return all;
}

inline std::optional<SoundModel> sound(GuestType type) {
    using enum SoundModel;
    if (type != GuestType::hvm || *rc::gen::arbitrary<bool>()) return std::nullopt;
    return *rc::gen::element(sb16, es1370, ac97, ich6);
}

}  // namespace virtlight::domain::arbitrary
