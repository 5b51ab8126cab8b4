// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/image_stream.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <string_view>
#include <vector>

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.hpp"

namespace virtlight::xenlight {
namespace {

/// libxl's stream: a word, its version 2, and a flag for a byte order that x86 has not.
constexpr std::array<char, 16> stream_header = {'L', 'i', 'b', 'x', 'l', 'F', 'm', 't',
                                                0,   0,   0,   2,   0,   0,   0,   0};
constexpr std::size_t record_head = 8;
constexpr std::size_t helper_starts_after = stream_header.size() + record_head;

bool write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto n = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
}

/// Waits until libxl has taken the first `wanted` of `sent` bytes; false: it takes no more.
bool wait_until_taken(const Channel& channel, std::size_t sent, std::size_t wanted) {
    for (;;) {
        int left = 0;
        if (::ioctl(channel.libxls->get(), FIONREAD, &left) != 0) return false;
        pollfd ours{.fd = channel.ours.get(), .events = 0, .revents = 0};
        if (::poll(&ours, 1, 0) > 0) return false;
        if (sent - static_cast<std::size_t>(left) >= wanted) return true;
        ::poll(&ours, 1, static_cast<int>(limits::image_rest.count()));
    }
}

}  // namespace

Result<Channel> Channel::open() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return fail_errno(errno, "cannot make a channel to libxl");
    return Channel{Fd(ends[0]), std::make_shared<const Fd>(ends[1])};
}

void Channel::shut() const {
    ::shutdown(libxls->get(), SHUT_RDWR);
}

void HeldAbort::wish() {
    wished_ = true;
    if (bearable_) abort_.cancel();
}

void HeldAbort::let_through() {
    bearable_ = true;
    if (wished_) abort_.cancel();
}

void Journey::moved(std::uint64_t bytes) {
    bytes_ += bytes;
    if (progress_) progress_->bytes = bytes_;
}

void Journey::under_way() {
    if (!std::exchange(under_way_, true)) link_->post([abort = abort_] { abort->let_through(); });
}

void Journey::failed() {
    link_->post([abort = abort_] { abort->wish(); });
}

Result<> check_stream(const hypervisor::OpenImage& image) {
    std::array<char, stream_header.size()> found{};
    if (auto read = hypervisor::read_from_image(image, found); !read) return read;
    if (found != stream_header)
        return fail(Reason::invalid_argument,
                    "the image of domain '{}' holds no stream of libxl's, version 2",
                    image.head.definition.name);
    return {};
}

Result<> receive(hypervisor::ImageWriter& image, const Fd& ours, Journey journey) {
    std::vector<char> chunk(limits::image_chunk);
    std::uint64_t received = 0;
    Result<> written;
    for (;;) {
        const auto n = ::read(ours.get(), chunk.data(), chunk.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail_errno(errno, "cannot read from libxl");
        if (n == 0) return written;
        const auto size = static_cast<std::size_t>(n);
        if (written) {
            written = image.write({chunk.data(), size});
            if (!written) journey.failed();
        }
        received += size;
        journey.moved(size);
        if (received >= helper_starts_after) journey.under_way();
    }
}

Result<> send(const hypervisor::OpenImage& image, const Channel& channel, Journey journey) {
    std::vector<char> chunk(limits::image_chunk);
    std::ranges::copy(stream_header, chunk.begin());
    std::size_t kept = stream_header.size();
    bool first = true;
    for (;;) {
        const auto n = ::read(image.file.get(), chunk.data() + kept, chunk.size() - kept);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            journey.failed();
            return fail_errno(errno, "cannot read the image");
        }
        if (n == 0) break;
        const auto size = kept + static_cast<std::size_t>(n);
        kept = 0;
        if (!write_all(channel.ours.get(), {chunk.data(), size})) return {};
        journey.moved(size);
        if (first && size > helper_starts_after) {
            if (!wait_until_taken(channel, size, helper_starts_after)) return {};
            journey.under_way();
            first = false;
        }
    }
    // If that was too little, libxl finds its end and says so.
    ::shutdown(channel.ours.get(), SHUT_WR);
    return {};
}

}  // namespace virtlight::xenlight
