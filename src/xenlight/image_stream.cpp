// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/image_stream.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <string_view>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.hpp"

namespace virtlight::xenlight {
namespace {

/// libxl's stream: a word, its version 2, and a flag for a byte order that x86 has not.
constexpr std::string_view stream_header("LibxlFmt\0\0\0\2\0\0\0\0", 16);
/// The type of the first record: what follows is for the helper.
constexpr std::string_view helpers_record("\1\0\0\0", 4);
/// The last record: nothing.
constexpr std::string_view last_record("\0\0\0\0\0\0\0\0", 8);

bool ends_whole(const hypervisor::OpenImage& image) {
    std::array<char, last_record.size()> end{};
    const auto at = ::lseek(image.file.get(), 0, SEEK_CUR) + static_cast<off_t>(image.stream_bytes) -
                    static_cast<off_t>(end.size());
    const auto n = ::pread(image.file.get(), end.data(), end.size(), at);
    return n == static_cast<ssize_t>(end.size()) && std::string_view(end.data(), end.size()) == last_record;
}

/// What a socket holds at most, beyond what others are allowed if we may; with less it works, too.
void widen(const Fd& socket) {
    constexpr int bytes = limits::image_channel;
    if (::setsockopt(socket.get(), SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes) != 0)
        ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

}  // namespace

Result<Channel> Channel::open() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return fail_errno(errno, "cannot make a channel to libxl");
    Channel channel{Fd(ends[0]), std::make_shared<const Fd>(ends[1])};
    channel.ours.keep_from_children();
    widen(channel.ours);
    widen(*channel.libxls);
    return channel;
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
    for (auto& act : std::exchange(held_back_, {}))
        act();
}

void HeldAbort::when_bearable(std::move_only_function<void()> act) {
    if (bearable_)
        act();
    else
        held_back_.push_back(std::move(act));
}

void Journey::moved(std::uint64_t bytes, std::uint64_t waiting) {
    bytes_ += bytes;
    if (progress_) progress_->bytes = bytes_ - std::min(waiting, bytes_);
}

void Journey::under_way() {
    if (!std::exchange(under_way_, true)) link_->post([abort = abort_] { abort->let_through(); });
}

void Journey::memory_comes() {
    if (progress_) progress_->stage = hypervisor::Stage::saving;
}

void Journey::failed() {
    link_->post([abort = abort_] { abort->wish(); });
}

Result<StreamStart> check_stream(const hypervisor::OpenImage& image) {
    StreamStart start{};
    const auto begin = ::lseek(image.file.get(), 0, SEEK_CUR);
    const bool whole = ends_whole(image);
    if (auto read = hypervisor::read_from_image(image, start); !read)
        return std::unexpected(std::move(read.error()));
    const std::string_view found(start.data(), start.size());
    if (!found.starts_with(stream_header) || !found.substr(stream_header.size()).starts_with(helpers_record))
        return fail(Reason::invalid_argument,
                    "the image is damaged at byte {}: no stream of libxl's, version 2, begins there", begin);
    if (!whole)
        return fail(Reason::invalid_argument, "the image is damaged at byte {}: its end is missing",
                    static_cast<std::uint64_t>(begin) + image.stream_bytes);
    return start;
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
        received += size;
        // Before the file gets it, which may hold this thread for as long as it likes.
        if (received >= StreamStart().size()) journey.under_way();
        if (received > limits::image_before_memory) journey.memory_comes();
        if (written) {
            written = image.write({chunk.data(), size});
            if (!written) journey.failed();
        }
        journey.moved(size);
    }
}

}  // namespace virtlight::xenlight
