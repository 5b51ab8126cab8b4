// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/screens.hpp"

#include <array>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/limits.hpp"
#include "xenlight/words.hpp"

namespace virtlight::xenlight {
namespace {

using domain::Definition;
using domain::Graphics;
using domain::GuestType;
using domain::Input;
using domain::Sdl;
using domain::SoundModel;
using domain::Spice;
using domain::Video;
using domain::Vnc;

constexpr std::array adapters = {
    std::pair{Video::Model::none, LIBXL_VGA_INTERFACE_TYPE_NONE},
    std::pair{Video::Model::cirrus, LIBXL_VGA_INTERFACE_TYPE_CIRRUS},
    std::pair{Video::Model::vga, LIBXL_VGA_INTERFACE_TYPE_STD},
    std::pair{Video::Model::qxl, LIBXL_VGA_INTERFACE_TYPE_QXL},
};
constexpr std::array inputs = {
    std::pair{Input::tablet, std::string_view("tablet")},
    std::pair{Input::mouse, std::string_view("mouse")},
    std::pair{Input::keyboard, std::string_view("keyboard")},
};
constexpr std::array sounds = {
    std::pair{SoundModel::sb16, std::string_view("sb16")},
    std::pair{SoundModel::es1370, std::string_view("es1370")},
    std::pair{SoundModel::ac97, std::string_view("ac97")},
    std::pair{SoundModel::ich6, std::string_view("hda")},
};

constexpr std::string_view loopback = "127.0.0.1";

bool is_ipv6(std::string_view address) {
    return address.contains(':');
}

void write_vnc(const std::optional<Vnc>& vnc, libxl_vnc_info& info) {
    libxl_defbool_set(&info.enable, vnc.has_value());
    if (!vnc) return;
    // The number of the display to begin with, where one is to be found.
    const auto display = vnc->autoport ? 0 : vnc->port - domain::first_vnc_port;
    libxl_defbool_set(&info.findunused, vnc->autoport);
    info.passwd = copy(vnc->password);
    // libxl takes what holds ':' for an address with its display, and the number beside it must be 0 then.
    if (is_ipv6(vnc->listen)) {
        info.listen = copy(fmt::format("[{}]:{}", vnc->listen, display));
    } else {
        info.listen = copy(vnc->listen.empty() ? std::string(loopback) : vnc->listen);
        info.display = static_cast<int>(display);
    }
}

std::optional<Vnc> read_vnc(const libxl_vnc_info& info) {
    if (!is_on(info.enable, true)) return std::nullopt;
    Vnc vnc{.autoport = is_on(info.findunused, true)};
    auto listen = text_of(info.listen);
    auto display = info.display;
    if (const auto colon = listen.rfind(':'); colon != listen.npos) {
        display = std::atoi(listen.c_str() + colon + 1);
        listen.resize(colon);
        if (listen.starts_with('[') && listen.ends_with(']')) listen = listen.substr(1, listen.size() - 2);
    }
    if (listen != loopback) vnc.listen = listen;
    if (!vnc.autoport) vnc.port = domain::first_vnc_port + static_cast<unsigned>(std::max(display, 0));
    vnc.password = text_of(info.passwd);
    return vnc;
}

void write_sdl(const std::optional<Sdl>& sdl, libxl_sdl_info& info) {
    libxl_defbool_set(&info.enable, sdl.has_value());
    if (!sdl) return;
    libxl_defbool_set(&info.opengl, sdl->opengl);
    info.display = copy(sdl->display);
    info.xauthority = copy(sdl->xauthority);
}

std::optional<Sdl> read_sdl(const libxl_sdl_info& info) {
    if (!is_on(info.enable, false)) return std::nullopt;
    return Sdl{text_of(info.display), text_of(info.xauthority), is_on(info.opengl, false)};
}

void write_spice(const std::optional<Spice>& spice, libxl_spice_info& info) {
    libxl_defbool_set(&info.enable, spice.has_value());
    if (!spice) return;
    info.host = copy(spice->listen.empty() ? std::string(loopback) : spice->listen);
    info.port = static_cast<int>(spice->port);
    info.tls_port = static_cast<int>(spice->tls_port);
    info.passwd = copy(spice->password);
    libxl_defbool_set(&info.disable_ticketing, spice->password.empty());
    libxl_defbool_set(&info.agent_mouse, spice->agent_mouse);
    libxl_defbool_set(&info.clipboard_sharing, spice->clipboard);
    info.image_compression = copy(spice->image_compression);
    info.streaming_video = copy(spice->streaming);
    // Both are the agent's doing.
    libxl_defbool_set(&info.vdagent, spice->agent_mouse || spice->clipboard);
}

std::optional<Spice> read_spice(const libxl_spice_info& info) {
    if (!is_on(info.enable, false)) return std::nullopt;
    const auto host = text_of(info.host);
    const bool agent = is_on(info.vdagent, false);
    return Spice{.listen = host == loopback ? "" : host,
                 .port = static_cast<unsigned>(std::max(info.port, 0)),
                 .tls_port = static_cast<unsigned>(std::max(info.tls_port, 0)),
                 .password = text_of(info.passwd),
                 .clipboard = agent && is_on(info.clipboard_sharing, false),
                 .agent_mouse = agent && is_on(info.agent_mouse, true),
                 .image_compression = text_of(info.image_compression),
                 .streaming = text_of(info.streaming_video)};
}

void write_hvm_screen(const Definition& definition, libxl_domain_build_info& info) {
    auto& hvm = info.u.hvm;
    const auto& [model, vram_kib] = definition.video;
    hvm.vga.kind = xens(adapters, model);
    if (model != Video::Model::none) info.video_memkb = vram_kib;
    libxl_defbool_set(&hvm.nographic, model == Video::Model::none && !definition.graphics.any());
    write_vnc(definition.graphics.vnc, hvm.vnc);
    write_sdl(definition.graphics.sdl, hvm.sdl);
    write_spice(definition.graphics.spice, hvm.spice);
    hvm.keymap = copy(definition.graphics.keymap);
    libxl_defbool_set(&hvm.vkb_device, false);
    std::vector<std::string_view> devices;
    for (const auto input : definition.usb_inputs)
        devices.push_back(xens(inputs, input));
    hvm.usbdevice_list = copy_list(devices);
    if (definition.sound) hvm.soundhw = copy(std::string(xens(sounds, *definition.sound)));
}

std::optional<Input> input_of(std::string_view word) {
    const auto found = std::ranges::find(inputs, word, &decltype(inputs)::value_type::second);
    if (found == inputs.end()) return std::nullopt;
    return found->first;
}

std::vector<Input> read_inputs(const libxl_domain_build_info& info) {
    std::vector<Input> found;
    const auto add = [&](const char* word) {
        if (const auto input = input_of(word); input && found.size() < limits::usb_inputs)
            found.push_back(*input);
    };
    if (info.u.hvm.usbdevice) add(info.u.hvm.usbdevice);
    for (char* const* word = info.u.hvm.usbdevice_list; word && *word; ++word)
        add(*word);
    return found;
}

void read_hvm(const libxl_domain_build_info& info, Definition& definition) {
    const auto& hvm = info.u.hvm;
    definition.graphics = {read_vnc(hvm.vnc), read_sdl(hvm.sdl), read_spice(hvm.spice), text_of(hvm.keymap)};
    const auto model = ours(adapters, hvm.vga.kind, Video::Model::cirrus);
    const bool said = info.video_memkb != 0 && info.video_memkb != LIBXL_MEMKB_DEFAULT;
    definition.video = {model, said ? info.video_memkb : least_vram_kib(model)};
    definition.usb_inputs = read_inputs(info);
    const auto sound = std::ranges::find(sounds, text_of(hvm.soundhw), &decltype(sounds)::value_type::second);
    if (sound != sounds.end()) definition.sound = sound->first;
}

template <class... Args>
std::unexpected<Error> refuse(fmt::format_string<Args...> text, Args&&... args) {
    return fail(Reason::unsupported_config, "it has {}", fmt::format(text, std::forward<Args>(args)...));
}

using HvmInfo = decltype(libxl_domain_build_info::u.hvm);

/// Devices that a device model is told of by name.
Result<> check_inputs(const HvmInfo& hvm) {
    std::size_t count = hvm.usbdevice ? 1 : 0;
    if (hvm.usbdevice && !input_of(hvm.usbdevice))
        return refuse("the USB device '{}', which is not served", hvm.usbdevice);
    for (char* const* word = hvm.usbdevice_list; word && *word; ++word, ++count)
        if (!input_of(*word)) return refuse("the USB device '{}', which is not served", *word);
    if (count > limits::usb_inputs) return refuse("{} USB devices; {} are served", count, limits::usb_inputs);
    const std::string_view sound = hvm.soundhw ? hvm.soundhw : "";
    if (!sound.empty() &&
        std::ranges::find(sounds, sound, &decltype(sounds)::value_type::second) == sounds.end())
        return refuse("the sound card '{}', which is not served", sound);
    return {};
}

Result<> check_sights(const HvmInfo& hvm) {
    const auto known = std::ranges::find(adapters, hvm.vga.kind, &decltype(adapters)::value_type::second);
    if (hvm.vga.kind != LIBXL_VGA_INTERFACE_TYPE_UNKNOWN && known == adapters.end())
        return refuse("a display adapter of kind {}, which is not served", static_cast<int>(hvm.vga.kind));
    const auto spice = read_spice(hvm.spice);
    if (!spice) return {};
    if (is_on(hvm.spice.vdagent, false) && !spice->agent_mouse && !spice->clipboard)
        return refuse("a SPICE agent with neither mouse nor clipboard, which is not served");
    return {};
}

/// Their ids are ours: libxl would number them by what it finds in xenstore.
void write_framebuffer(const Graphics& graphics, libxl_domain_config& config) {
    if (!graphics.any()) return;
    config.vfbs = allocate<libxl_device_vfb>(1);
    config.num_vfbs = 1;
    auto& vfb = config.vfbs[0];
    libxl_device_vfb_init(&vfb);
    vfb.devid = 0;
    write_vnc(graphics.vnc, vfb.vnc);
    write_sdl(graphics.sdl, vfb.sdl);
    vfb.keymap = copy(graphics.keymap);

    config.vkbs = allocate<libxl_device_vkb>(1);
    config.num_vkbs = 1;
    libxl_device_vkb_init(&config.vkbs[0]);
    config.vkbs[0].devid = 0;
    config.vkbs[0].backend_type = LIBXL_VKB_BACKEND_QEMU;
}

}  // namespace

void write_screen(const Definition& definition, libxl_domain_config& config) {
    if (definition.type == GuestType::hvm) return write_hvm_screen(definition, config.b_info);
    write_framebuffer(definition.graphics, config);
}

void read_screen(const libxl_domain_config& config, Definition& definition) {
    if (definition.type == GuestType::hvm) return read_hvm(config.b_info, definition);
    if (config.num_vfbs > 0) {
        const auto& vfb = config.vfbs[0];
        definition.graphics = {read_vnc(vfb.vnc), read_sdl(vfb.sdl), std::nullopt, text_of(vfb.keymap)};
    }
    definition.video = default_video(definition.type, definition.graphics);
}

Result<> check_screen(const libxl_domain_config& config) {
    const bool hvm = config.c_info.type == LIBXL_DOMAIN_TYPE_HVM;
    // libvirt gives an HVM guest those of its screen, too, which its device model shows in any case.
    if (config.num_vfbs > 1)
        return refuse("{} framebuffers of Xen's, more than a guest has here", config.num_vfbs);
    if (!hvm) return {};
    if (auto held = check_inputs(config.b_info.u.hvm); !held) return held;
    return check_sights(config.b_info.u.hvm);
}

std::optional<unsigned> vnc_port(Context& context, hypervisor::DomId domid) {
    const auto port = context.xenstore().read_number(fmt::format("/local/domain/{}/console/vnc-port", domid));
    if (!port || *port == 0 || *port > 65535) return std::nullopt;
    return static_cast<unsigned>(*port);
}

}  // namespace virtlight::xenlight
