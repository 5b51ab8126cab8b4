// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "base/temporary_folder.hpp"
#include "hypervisor/image.hpp"

namespace virtlight::hypervisor {

/// A place for one image, in a folder of its own.
class Image : public testing::Test {
 protected:
    ImageHead head() const {
        return {.definition = {.name = "web",
                               .uuid = Uuid::random(),
                               .memory_max_kib = 64 * 1024,
                               .memory_kib = 64 * 1024,
                               .boot = {.kernel = "/boot/k"},
                               .consoles = {{.tty = "/dev/pts/7"}}},
                .paused = true};
    }
    void write_file(std::string_view bytes) const { std::ofstream(path) << bytes; }
    /// As somebody knows it who has read its head now.
    KnownImage known() const {
        const auto opened = open_image(path);
        EXPECT_TRUE(opened) << opened.error().message;
        return {path, opened ? opened->head.bytes : ""};
    }
    /// Its stream, of ten bytes.
    static std::string stream_of(const KnownImage& image) {
        const auto opened = open_image_stream(image);
        if (!opened) return opened.error().message;
        std::string stream(10, '\0');
        const auto read = read_from_image(*opened, stream);
        return read ? stream : read.error().message;
    }
    std::string why_not() const {
        const auto opened = open_image(path);
        return opened ? "it opens" : opened.error().message;
    }
    std::size_t files() const {
        return static_cast<std::size_t>(
            std::distance(std::filesystem::directory_iterator(folder.path()), {}));
    }

    test::TemporaryFolder folder;
    std::filesystem::path path = folder.path() / "image";
};

}  // namespace virtlight::hypervisor
