// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.hpp"
#include "domain/graphics.hpp"

namespace virtlight::domain {

/// The display adapter that a guest finds.
struct Video {
    enum class Model {
        none,
        cirrus,  ///< this and the following two: of HVM guests
        vga,
        qxl,
        xen  ///< Xen's framebuffer: of PV and PVH guests, if their screen is shown
    };
    Model model = Model::none;
    std::uint64_t vram_kib = 0;  ///< whole MiB

    bool operator==(const Video&) const = default;
};

/// What Xen gives an adapter if nothing else is said; it is also the least that one can have.
std::uint64_t least_vram_kib(Video::Model model);

/// Of a guest whose definition says nothing.
Video default_video(GuestType type, const Graphics& graphics);

/// Whether a guest of this type can have it. unsupported_config: says what cannot be, and what can.
Result<> check_video(const Video& video, const Graphics& graphics, GuestType type);

}  // namespace virtlight::domain
