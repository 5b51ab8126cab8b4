// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/video.hpp"

#include "domain/definition.hpp"
#include "domain/memory.hpp"

namespace virtlight::domain {
namespace {

using Model = Video::Model;

std::string_view word(Model model) {
    switch (model) {
        case Model::none: return "none";
        case Model::cirrus: return "cirrus";
        case Model::vga: return "vga";
        case Model::qxl: return "qxl";
        case Model::xen: return "xen";
    }
    return {};
}

}  // namespace

std::uint64_t least_vram_kib(Model model) {
    switch (model) {
        case Model::none: return 0;
        case Model::cirrus: return 8 * mib;
        case Model::vga: return 16 * mib;
        case Model::qxl: return 128 * mib;
        case Model::xen: return 4 * mib;
    }
    return 0;
}

Video default_video(GuestType type, const Graphics& graphics) {
    if (!graphics.any()) return {};
    const auto model = type == GuestType::hvm ? Model::cirrus : Model::xen;
    return {model, least_vram_kib(model)};
}

Result<> check_video(const Video& video, const Graphics& graphics, GuestType type) {
    const auto least = least_vram_kib(video.model);
    if (type == GuestType::hvm) {
        if (video.model == Model::xen)
            return fail(
                Reason::unsupported_config,
                "video type 'xen' is not supported for HVM guests; allowed here: none, cirrus, vga, qxl");
        if (video.vram_kib < least)
            return fail(Reason::unsupported_config, "videoram must be at least {} KiB for '{}', not {}",
                        least, word(video.model), video.vram_kib);
        return {};
    }
    if (video == default_video(type, graphics)) return {};
    if (!graphics.any())
        return fail(Reason::unsupported_config, "only a guest with <graphics> can have video type '{}' here",
                    word(video.model));
    if (video.model != Model::xen)
        return fail(Reason::unsupported_config,
                    "video type '{}' is not supported for Xen PV(H) domains; allowed here: xen",
                    word(video.model));
    return fail(Reason::unsupported_config, "Xen's framebuffer has {} KiB, not {}", least, video.vram_kib);
}

}  // namespace virtlight::domain
