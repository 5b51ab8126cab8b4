// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/video.hpp"

#include "domain/definition.hpp"
#include "domain/memory.hpp"

namespace virtlight::domain {
namespace {

using VideoModel = Video::Model;

std::string_view word(VideoModel model) {
    switch (model) {
        case VideoModel::none: return "none";
        case VideoModel::cirrus: return "cirrus";
        case VideoModel::vga: return "vga";
        case VideoModel::qxl: return "qxl";
        case VideoModel::xen: return "xen";
    }
    return {};
}

}  // namespace

std::uint64_t least_vram_kib(VideoModel model) {
    switch (model) {
        case VideoModel::none: return 0;
        case VideoModel::cirrus: return 8 * mib;
        case VideoModel::vga: return 16 * mib;
        case VideoModel::qxl: return 128 * mib;
        case VideoModel::xen: return 4 * mib;
    }
    return 0;
}

Video default_video(GuestType type, const Graphics& graphics) {
    if (!graphics.any()) return {};
    const auto model = type == GuestType::hvm ? VideoModel::cirrus : VideoModel::xen;
    return {model, least_vram_kib(model)};
}

Result<> check_video(const Video& video, const Graphics& graphics, GuestType type) {
    const auto least = least_vram_kib(video.model);
    if (type == GuestType::hvm) {
        if (video.model == VideoModel::xen)
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
    if (video.model != VideoModel::xen)
        return fail(Reason::unsupported_config,
                    "video type '{}' is not supported for Xen PV(H) domains; allowed here: xen",
                    word(video.model));
    return fail(Reason::unsupported_config, "Xen's framebuffer has {} KiB, not {}", least, video.vram_kib);
}

}  // namespace virtlight::domain
