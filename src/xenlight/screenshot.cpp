// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/screenshot.hpp"

#include <cerrno>
#include <string>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.hpp"
#include "xenlight/error.hpp"
#include "xenlight/qmp.hpp"

namespace virtlight::xenlight {
namespace {

using hypervisor::Picture;

Result<std::string> read_picture(int file) {
    struct stat status{};
    if (::fstat(file, &status) != 0) return fail_errno(errno, "cannot read the picture");
    const auto size = static_cast<std::size_t>(status.st_size);
    if (size == 0) return fail(Reason::operation_failed, "its device model has drawn nothing");
    if (size > limits::picture_bytes)
        return fail(Reason::too_many, "the picture has {} bytes; at most {} are taken", size,
                    limits::picture_bytes);
    std::string bytes(size, '\0');
    if (::pread(file, bytes.data(), size, 0) != std::ssize(bytes))
        return fail_errno(errno, "cannot read the picture");
    return bytes;
}

/// The device model draws into memory of ours that it is lent: no file is left behind, whatever happens. What
/// it opens for writing alone must be lent so.
Result<std::string> draw(const std::filesystem::path& socket) {
    auto qmp = Qmp::open(socket);
    if (!qmp) return std::unexpected(std::move(qmp.error()));
    const Fd memory(::memfd_create("picture", MFD_CLOEXEC));
    if (!memory) return fail_errno(errno, "cannot make room for the picture");
    const Fd to_write(::open(fmt::format("/proc/self/fd/{}", memory.get()).c_str(), O_WRONLY | O_CLOEXEC));
    if (!to_write) return fail_errno(errno, "cannot make room for the picture");
    const auto name = qmp->lend(to_write);
    if (!name) return std::unexpected(name.error());
    const auto drawn = qmp->execute("screendump", fmt::format(R"({{"filename":"{}"}})", *name));
    if (!drawn) return std::unexpected(drawn.error());
    return read_picture(memory.get());
}

}  // namespace

Result<Picture> take_picture(hypervisor::DomId domid, const std::filesystem::path& folder) {
    auto bytes = draw(measuring_socket(domid, folder));
    if (bytes) return Picture{hypervisor::pixmap, std::move(*bytes)};
    return std::unexpected(
        in_context(fmt::format("take a picture of domain {}", domid), std::move(bytes.error())));
}

}  // namespace virtlight::xenlight
