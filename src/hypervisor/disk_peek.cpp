// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hypervisor/disk_peek.hpp"

#include <cerrno>
#include <limits>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.hpp"

namespace virtlight::hypervisor {
namespace {

using domain::Disk;

Result<> check(const Disk& disk, const std::string& name) {
    if (disk.source == Disk::Source::none)
        return fail(Reason::invalid_argument, "disk {} has no source: it is an empty drive", name);
    if (!disk.backend_domain.empty())
        return fail(Reason::unsupported_operation, "disk {} is served by domain '{}', and can be read there",
                    name, disk.backend_domain);
    if (disk.format != Disk::Format::raw)
        return fail(Reason::unsupported_operation,
                    "disk {} is in an image that is not raw: only who serves it knows what is where", name);
    return {};
}

}  // namespace

Result<std::string> peek_disk(const Disk& disk, std::uint64_t offset, std::size_t bytes) {
    const auto name = to_string(disk.target);
    if (auto good = check(disk, name); !good) return std::unexpected(std::move(good.error()));
    const auto cannot = [&] { return fail_errno(errno, "cannot read {} of disk {}", disk.path, name); };
    struct stat status{};
    // Who opens a device of another kind may have it do something.
    if (::stat(disk.path.c_str(), &status) != 0) return cannot();
    if (!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode))
        return fail(Reason::unsupported_operation, "{} of disk {} is neither a file nor a block device",
                    disk.path, name);
    const Fd file(::open(disk.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!file) return cannot();
    std::string data(bytes, '\0');
    std::size_t got = 0;
    constexpr auto farthest = static_cast<std::uint64_t>(std::numeric_limits<off_t>::max());
    while (got < bytes && offset <= farthest - bytes) {
        const auto here =
            ::pread(file.get(), data.data() + got, bytes - got, static_cast<off_t>(offset + got));
        if (here < 0 && errno == EINTR) continue;
        if (here < 0) return cannot();
        if (here == 0) break;
        got += static_cast<std::size_t>(here);
    }
    if (got == bytes) return data;
    return fail(Reason::invalid_argument, "disk {} ends before byte {} and {} more", name, offset, bytes);
}

}  // namespace virtlight::hypervisor
