// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hypervisor/disk_size.hpp"

#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <string_view>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/file.hpp"

namespace virtlight::hypervisor {
namespace {

using domain::Disk;

constexpr std::uint64_t sector = 512;  // of stat() and of /sys, whatever the disk's own are

/// Where an image of a format tells how long the disk in it is.
struct Header {
    std::string_view magic;
    std::size_t size_at;
    std::endian order;
    bool at_the_end = false;  ///< it is the last sector, not the first
};

std::optional<Header> header_of(Disk::Format format) {
    switch (format) {
        case Disk::Format::raw: return std::nullopt;
        case Disk::Format::qcow:
        case Disk::Format::qcow2: return Header{"QFI\xfb", 24, std::endian::big};
        case Disk::Format::vhd: return Header{"conectix", 48, std::endian::big, true};
        case Disk::Format::qed: return Header{{"QED\0", 4}, 48, std::endian::little};
    }
    return std::nullopt;
}

/// Of a device without opening it, which can do anything.
std::uint64_t device_bytes(dev_t device) {
    std::uint64_t sectors = 0;
    std::ifstream(fmt::format("/sys/dev/block/{}:{}/size", ::major(device), ::minor(device))) >> sectors;
    return sectors * sector;
}

/// Empty: there is no such header.
std::optional<std::uint64_t> capacity_in(int file, const Header& header, std::uint64_t physical) {
    std::array<char, sector> bytes{};
    if (physical < bytes.size()) return std::nullopt;
    const auto from = header.at_the_end ? physical - bytes.size() : 0;
    if (::pread(file, bytes.data(), bytes.size(), static_cast<off_t>(from)) != std::ssize(bytes) ||
        !std::string_view(bytes.data(), bytes.size()).starts_with(header.magic))
        return std::nullopt;
    std::uint64_t size = 0;
    std::memcpy(&size, bytes.data() + header.size_at, sizeof size);
    return header.order == std::endian::native ? size : __builtin_bswap64(size);
}

}  // namespace

Result<DiskSize> disk_size(const Disk& disk) {
    const auto name = to_string(disk.target);
    if (disk.source == Disk::Source::none)
        return fail(Reason::invalid_argument, "disk {} has no source: it is an empty drive", name);
    if (!disk.backend_domain.empty())
        return fail(Reason::unsupported_operation,
                    "disk {} is served by domain '{}': its size is known there", name, disk.backend_domain);
    const auto cannot = [&] { return fail_errno(errno, "cannot look at {} of disk {}", disk.path, name); };
    struct stat status{};
    if (::stat(disk.path.c_str(), &status) != 0) return cannot();

    DiskSize size;
    const bool device = S_ISBLK(status.st_mode);
    size.physical = device ? device_bytes(status.st_rdev) : static_cast<std::uint64_t>(status.st_size);
    size.allocation = device ? size.physical : static_cast<std::uint64_t>(status.st_blocks) * sector;
    size.capacity = size.physical;
    const auto header = header_of(disk.format);
    if (!header) return size;

    const Fd file(::open(disk.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!file) return cannot();
    const auto capacity = capacity_in(file.get(), *header, size.physical);
    if (!capacity)
        return fail(Reason::invalid_argument, "{} of disk {} is not in the format that its definition says",
                    disk.path, name);
    size.capacity = *capacity;
    return size;
}

Result<> grow_file(const std::string& path, std::uint64_t bytes) {
    struct stat status{};
    const Fd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK));
    if (!file || ::fstat(file.get(), &status) != 0) return fail_errno(errno, "cannot open {}", path);
    if (!S_ISREG(status.st_mode)) return fail(Reason::unsupported_operation, "{} is no file", path);
    const auto size = static_cast<off_t>(bytes);
    if (size > status.st_size && ::ftruncate(file.get(), size) != 0)
        return fail_errno(errno, "cannot give {} {} bytes", path, bytes);
    if (::fsync(file.get()) != 0) return fail_errno(errno, "cannot write {} to its disk", path);
    return {};
}

}  // namespace virtlight::hypervisor
