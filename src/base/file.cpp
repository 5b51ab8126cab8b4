// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/file.hpp"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.hpp"
#include "base/private_descriptors.hpp"

namespace virtlight {

Result<> write_all(int fd, std::string_view content, const std::filesystem::path& path) {
    while (!content.empty()) {
        const auto n = ::write(fd, content.data(), content.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail_errno(errno, "cannot write '{}'", path.string());
        content.remove_prefix(static_cast<std::size_t>(n));
    }
    return {};
}

namespace {

Result<> write_and_sync(const std::filesystem::path& path, std::string_view content, mode_t mode) {
    const Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode));
    if (!fd) return fail_errno(errno, "cannot create '{}'", path.string());
    if (auto written = write_all(fd.get(), content, path); !written) return written;
    if (::fsync(fd.get()) != 0) return fail_errno(errno, "cannot sync '{}'", path.string());
    return {};
}

/// The change is made, and everybody sees it: to call it a failure now would be a lie.
void settle(const std::filesystem::path& path) {
    if (const auto synced = sync_folder(path.parent_path()); !synced)
        log::warning("a power cut may undo the change of '{}': {}", path.string(), synced.error().message);
}

}  // namespace

Result<> sync_folder(const std::filesystem::path& folder) {
    const Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd || ::fsync(fd.get()) != 0) return fail_errno(errno, "cannot sync folder '{}'", folder.string());
    return {};
}

void Fd::reset(int fd) {
    private_descriptors::remove(fd_);
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
}

void Fd::keep_from_children() const noexcept {
    private_descriptors::add(fd_);
}

Result<std::pair<Fd, Fd>> make_pipe(int flags) {
    int ends[2];
    if (::pipe2(ends, flags | O_CLOEXEC) != 0) return fail_errno(errno, "cannot make a pipe");
    return std::pair(Fd(ends[0]), Fd(ends[1]));
}

Result<std::string> read_file(const std::filesystem::path& path, std::size_t limit) {
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return fail_errno(errno, "cannot open '{}'", path.string());
    std::string content;
    char buffer[64 * 1024];
    for (;;) {
        const auto n = ::read(fd.get(), buffer, sizeof buffer);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail_errno(errno, "cannot read '{}'", path.string());
        if (n == 0) return content;
        content.append(buffer, static_cast<std::size_t>(n));
        if (content.size() > limit)
            return fail(Reason::too_many, "'{}' is longer than {} bytes", path.string(), limit);
    }
}

Result<std::string> read_up_to(int fd, std::size_t size, const std::filesystem::path& path) {
    std::string bytes(size, '\0');
    std::size_t got = 0;
    while (got < size) {
        const auto n = ::read(fd, bytes.data() + got, size - got);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail_errno(errno, "cannot read '{}'", path.string());
        if (n == 0) break;
        got += static_cast<std::size_t>(n);
    }
    bytes.resize(got);
    return bytes;
}

Result<> write_file(const std::filesystem::path& path, std::string_view content, mode_t mode) {
    auto temporary = path;
    temporary += ".new";
    auto written = write_and_sync(temporary, content, mode);
    if (written && ::rename(temporary.c_str(), path.c_str()) != 0)
        written = fail_errno(errno, "cannot rename '{}' to '{}'", temporary.string(), path.string());
    if (!written) {
        ::unlink(temporary.c_str());
        return written;
    }
    settle(path);
    return {};
}

Result<> remove_file(const std::filesystem::path& path) {
    if (::unlink(path.c_str()) != 0) {
        if (errno == ENOENT) return {};
        return fail_errno(errno, "cannot remove '{}'", path.string());
    }
    settle(path);
    return {};
}

Result<> make_folder(const std::filesystem::path& path, mode_t mode) {
    if (path.empty() || ::mkdir(path.c_str(), mode) == 0) return {};
    if (errno == ENOENT) {
        if (auto above = make_folder(path.parent_path(), mode); !above) return above;
        if (::mkdir(path.c_str(), mode) == 0) return {};
    }
    std::error_code ignored;
    if (errno == EEXIST && std::filesystem::is_directory(path, ignored)) return {};
    return fail_errno(errno, "cannot make folder '{}'", path.string());
}

}  // namespace virtlight
