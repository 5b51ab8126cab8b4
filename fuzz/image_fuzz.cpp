// SPDX-License-Identifier: LGPL-2.1-or-later
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.hpp"
#include "domain/xml.hpp"
#include "hypervisor/image.hpp"

namespace {

using namespace virtlight;

std::optional<hypervisor::OpenImage> read(std::string_view bytes) {
    const Fd file(::memfd_create("image", MFD_CLOEXEC));
    const auto path = fmt::format("/proc/self/fd/{}", file.get());
    if (!write_all(file.get(), bytes, path) || ::lseek(file.get(), 0, SEEK_SET) != 0) std::abort();
    auto image = hypervisor::open_image(path);
    return image ? std::optional(std::move(*image)) : std::nullopt;
}

}  // namespace

/// Any bytes as the file that holds a saved guest, ours or xl's: refused, or with a head that is written and
/// read back the same, and a stream that begins behind it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto image = read({reinterpret_cast<const char*>(data), size});
    if (!image) return 0;
    const auto at = ::lseek(image->file.get(), 0, SEEK_CUR);
    if (at < 0 || static_cast<std::uint64_t>(at) + image->stream_bytes != size) std::abort();
    if (!image->xl_config.empty()) return 0;
    auto head = image->head;
    for (auto& console : head.definition.consoles)
        console.tty.clear();  // of the life that was saved
    const auto again = read(hypervisor::format_image_head(head));
    if (!again || again->head.definition != head.definition || again->head.paused != head.paused)
        std::abort();
    return 0;
}
