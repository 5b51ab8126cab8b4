// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/rotated_file.hpp"

#include <cerrno>
#include <cstdio>
#include <string>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.hpp"

namespace virtlight {
namespace {

std::string numbered(const std::filesystem::path& path, unsigned number) {
    return number == 0 ? path.string() : fmt::format("{}.{}", path.string(), number);
}

Result<> rotate(const std::filesystem::path& path, unsigned old_files) {
    if (old_files == 0) return remove_file(path);
    for (auto number = old_files; number > 0; --number) {
        const auto from = numbered(path, number - 1);
        if (::rename(from.c_str(), numbered(path, number).c_str()) != 0 && errno != ENOENT)
            return fail_errno(errno, "cannot rotate '{}'", from);
    }
    return {};
}

Result<Fd> open_log(const std::filesystem::path& path) {
    const auto open = [&path] {
        return Fd(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    };
    auto fd = open();
    if (!fd && errno == ENOENT) {
        if (const auto made = make_folder(path.parent_path()); !made) return std::unexpected(made.error());
        fd = open();
    }
    if (!fd) return fail_errno(errno, "cannot open '{}'", path.string());
    return fd;
}

Result<std::uint64_t> size_of(const Fd& fd, const std::filesystem::path& path) {
    struct stat file = {};
    if (::fstat(fd.get(), &file) != 0) return fail_errno(errno, "cannot look at '{}'", path.string());
    return static_cast<std::uint64_t>(file.st_size);
}

}  // namespace

Result<> append_rotated(const std::filesystem::path& path, std::string_view text, const Rotation& rotation) {
    auto fd = open_log(path);
    if (!fd) return std::unexpected(fd.error());
    auto size = size_of(*fd, path);
    if (!size) return std::unexpected(size.error());
    if (*size > 0 && *size + text.size() > rotation.bytes) {
        if (auto rotated = rotate(path, rotation.old_files); !rotated) return rotated;
        fd = open_log(path);
        if (!fd) return std::unexpected(fd.error());
        size = 0;
    }
    auto written = write_all(fd->get(), text, path);
    if (!written) {
        // Half a piece would be there twice when the whole is written again.
        [[maybe_unused]] const int cut = ::ftruncate(fd->get(), static_cast<off_t>(*size));
    }
    return written;
}

}  // namespace virtlight
