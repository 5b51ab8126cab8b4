// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/image_feed.hpp"

#include <cerrno>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/limits.hpp"
#include "hypervisor/page_cache.hpp"

namespace virtlight::xenlight {
namespace {

void fetch(int file, off_t from) {
    ::posix_fadvise(file, from, limits::image_ahead, POSIX_FADV_WILLNEED);
}

/// Has the disk fetch what will be read soon, while libxl does something else.
class Ahead {
 public:
    explicit Ahead(const hypervisor::OpenImage& image)
        : file_(image.bypasses_cache ? -1 : image.file.get()), at_(::lseek(image.file.get(), 0, SEEK_CUR)) {}

    /// So many more bytes have been read.
    void read(std::size_t bytes) {
        read_ += bytes;
        if (file_ < 0 || read_ < limits::image_ahead / 2) return;
        at_ += static_cast<off_t>(std::exchange(read_, 0));
        fetch(file_, at_);
    }

 private:
    int file_;
    off_t at_;  ///< from here on, limits::image_ahead bytes are on their way
    std::size_t read_ = 0;
};

}  // namespace

void fetch_beginning(const hypervisor::OpenImage& image) {
    if (image.bypasses_cache) return;
    ::posix_fadvise(image.file.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
    fetch(image.file.get(), ::lseek(image.file.get(), 0, SEEK_CUR));
}

Result<std::shared_ptr<Feed>> Feed::open() {
    auto ends = make_pipe();
    Fd enough(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!ends || !enough) return fail_errno(errno, "cannot make a pipe to libxl");
    // Of our end alone: libxl waits in its reading.
    if (::fcntl(ends->second.get(), F_SETFL, O_NONBLOCK) != 0)
        return fail_errno(errno, "cannot make a pipe to libxl");
    // As much as root may; less will do.
    if (::fcntl(ends->second.get(), F_SETPIPE_SZ, limits::image_channel) < 0)
        ::fcntl(ends->second.get(), F_SETPIPE_SZ, static_cast<int>(limits::image_chunk));
    ends->second.keep_from_children();
    return std::make_shared<Feed>(std::move(ends->second), std::move(ends->first), std::move(enough));
}

Feed::Feed(Fd ours, Fd libxls, Fd enough)
    : ours_(std::move(ours)),
      libxls_(std::make_shared<const Fd>(std::move(libxls))),
      enough_(std::move(enough)) {}

void Feed::shut() const {
    ::eventfd_write(enough_.get(), 1);
}

Result<> Feed::send(const hypervisor::OpenImage& image, const StreamStart& start, Journey journey) {
    auto sent = send_all(image, start, journey);
    // If that was too little, libxl finds its end and says so.
    ours_.reset();
    return sent;
}

/// The beginning is written and not the file's: nobody can take it away any more, which would crash libxl.
Result<> Feed::send_all(const hypervisor::OpenImage& image, const StreamStart& start, Journey& journey) {
    if (!put({start.data(), start.size()})) return {};
    journey.moved(start.size(), start.size());
    if (!wait_until_taken(journey)) return {};
    journey.under_way();
    Ahead ahead(image);
    for (std::size_t in_cache = 0; wait_for_room();) {
        const auto moved = move_some(image.file);
        if (!moved) {
            journey.failed();
            return std::unexpected(moved.error());
        }
        if (*moved == 0) {
            wait_until_taken(journey);
            break;
        }
        ahead.read(*moved);
        journey.moved(*moved, waiting());
        in_cache += *moved;
        if (image.bypasses_cache && in_cache >= limits::image_cached) {
            hypervisor::leave_cache(image.file);
            in_cache = 0;
        }
    }
    return {};
}

/// 0: there is no more.
Result<std::size_t> Feed::move_some(const Fd& file) {
    while (!copies_) {
        const auto n = ::splice(file.get(), nullptr, ours_.get(), nullptr, limits::image_chunk,
                                SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
        if (n >= 0) return static_cast<std::size_t>(n);
        if (errno == EINVAL) copies_ = true;  // not every file system can
        if (errno == EAGAIN && !wait_for_room()) return 0;
        if (errno != EINVAL && errno != EAGAIN && errno != EINTR)
            return fail_errno(errno, "cannot read the image");
    }
    return copy_some(file);
}

Result<std::size_t> Feed::copy_some(const Fd& file) {
    std::vector<char> chunk(limits::image_chunk);
    for (;;) {
        const auto n = ::read(file.get(), chunk.data(), chunk.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail_errno(errno, "cannot read the image");
        const auto size = static_cast<std::size_t>(n);
        return put({chunk.data(), size}) ? size : 0;
    }
}

/// False: libxl wants no more.
bool Feed::put(std::string_view bytes) {
    while (!bytes.empty()) {
        if (!wait_for_room()) return false;
        const auto n = ::write(ours_.get(), bytes.data(), bytes.size());
        if (n < 0 && errno != EINTR && errno != EAGAIN) return false;
        if (n > 0) bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
}

bool Feed::wait_for_room() const {
    pollfd both[] = {{.fd = ours_.get(), .events = POLLOUT, .revents = 0},
                     {.fd = enough_.get(), .events = POLLIN, .revents = 0}};
    while (::poll(both, std::size(both), -1) < 0) {
    }
    return both[1].revents == 0;
}

bool Feed::wait_until_taken(Journey& journey) const {
    for (int rest = 0;; rest = static_cast<int>(limits::image_rest.count())) {
        pollfd enough{.fd = enough_.get(), .events = POLLIN, .revents = 0};
        const bool shut = ::poll(&enough, 1, rest) > 0;
        const auto left = waiting();
        journey.moved(0, left);
        if (shut || left == 0) return !shut;
    }
}

std::uint64_t Feed::waiting() const {
    int left = 0;
    return ::ioctl(libxls_->get(), FIONREAD, &left) == 0 ? static_cast<std::uint64_t>(left) : 0;
}

}  // namespace virtlight::xenlight
