// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simulated/image.hpp"

#include <array>
#include <string>

#include "base/limits.hpp"

namespace virtlight::simulated {
namespace {

using Mark = std::array<char, 16>;
constexpr Mark mark = {'s', 'i', 'm', 'u', 'l', 'a', 't', 'e', 'd', ' ', 'g', 'u', 'e', 's', 't', '\n'};

struct Front {
    Mark mark;
    std::int64_t ran_ns;
    std::uint64_t memory_kib;
    std::uint64_t model_vcpus;
};

template <class T>
std::span<char> bytes_of(T& value) {
    return {reinterpret_cast<char*>(&value), sizeof value};  // NOLINT: plain bytes of a plain struct
}

std::string_view text_of(std::span<char> bytes) {
    return {bytes.data(), bytes.size()};
}

}  // namespace

Result<> write_stream(hypervisor::ImageWriter& image, Moment moment, std::uint64_t memory_kib) {
    Front front{.mark = mark,
                .ran_ns = moment.ran.count(),
                .memory_kib = memory_kib,
                .model_vcpus = moment.model_vcpus};
    if (auto written = image.write(text_of(bytes_of(front))); !written) return written;
    const std::string memory(std::min<std::uint64_t>(memory_kib, limits::image_chunk), '\0');
    for (auto left = memory_kib; left > 0; left -= std::min<std::uint64_t>(left, memory.size())) {
        const auto part = std::string_view(memory).substr(0, left);
        if (auto written = image.write(part); !written) return written;
    }
    return image.write({mark.data(), mark.size()});
}

Result<Moment> read_stream(const hypervisor::OpenImage& image) {
    Front front{};
    if (auto read = hypervisor::read_from_image(image, bytes_of(front)); !read)
        return std::unexpected(read.error());
    if (front.mark != mark) return fail(Reason::invalid_argument, "the image is not of a simulated guest");
    std::array<char, 4096> part{};
    for (auto left = front.memory_kib; left > 0;) {
        const auto size = std::min<std::uint64_t>(left, part.size());
        if (auto read = hypervisor::read_from_image(image, std::span(part).first(size)); !read)
            return std::unexpected(read.error());
        left -= size;
    }
    Mark end{};
    if (auto read = hypervisor::read_from_image(image, end); !read) return std::unexpected(read.error());
    if (end != mark) return fail(Reason::invalid_argument, "the image is damaged at its end");
    return Moment{.ran = Duration(front.ran_ns), .model_vcpus = static_cast<unsigned>(front.model_vcpus)};
}

}  // namespace virtlight::simulated
