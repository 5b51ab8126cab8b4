// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/boot_files.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.hpp"

namespace virtlight::xenlight {
namespace {

using namespace std::string_view_literals;

/// What the first bytes of a kernel look like.
struct KernelFormat {
    std::size_t offset;
    std::string_view magic;
    bool compressed;  ///< a packed ELF: Xen's own loader unpacks it, an HVM guest's device model does not
};

constexpr std::array kernel_formats = {
    KernelFormat{0,
                 "\x7f"
                 "ELF"sv,
                 false},
    KernelFormat{0x202, "HdrS"sv, false},  // bzImage
    KernelFormat{0, "\x1f\x8b"sv, true},   // gzip
    KernelFormat{0,
                 "\xfd"
                 "7zXZ\0"sv,
                 true},
    KernelFormat{0, "BZh"sv, true},
    KernelFormat{0, "\x5d\0\0"sv, true},  // lzma
    KernelFormat{0,
                 "\x89"
                 "LZO\0"sv,
                 true},
    KernelFormat{0, "\x02\x21\x4c\x18"sv, true},  // lz4
    KernelFormat{0, "\x28\xb5\x2f\xfd"sv, true},  // zstd
};

constexpr std::size_t head_bytes = 0x206;

bool is_kernel(std::string_view head, domain::GuestType type) {
    return std::ranges::any_of(kernel_formats, [&](const KernelFormat& format) {
        const bool unpacked_by_xen = type != domain::GuestType::hvm;
        return head.size() >= format.offset && head.substr(format.offset).starts_with(format.magic) &&
               (unpacked_by_xen || !format.compressed);
    });
}

/// The first bytes of a file that can be read, or what is wrong with it.
Result<std::string> read_head(const std::string& path, std::string_view what) {
    // Not blocking, as it might be a FIFO.
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!file) return fail(Reason::invalid_argument, "the {} {}: {}", what, path, errno_text(errno));
    struct stat status{};
    if (::fstat(file.get(), &status) != 0)
        return fail(Reason::invalid_argument, "the {} {}: {}", what, path, errno_text(errno));
    if (!S_ISREG(status.st_mode)) {
        return fail(Reason::invalid_argument, "the {} {} is {}", what, path,
                    S_ISDIR(status.st_mode) ? "a directory" : "no regular file");
    }
    std::string head(head_bytes, '\0');
    const auto size = ::pread(file.get(), head.data(), head.size(), 0);
    if (size < 0) return fail(Reason::invalid_argument, "the {} {}: {}", what, path, errno_text(errno));
    if (size == 0) return fail(Reason::invalid_argument, "the {} {} is empty", what, path);
    head.resize(static_cast<std::size_t>(size));
    return head;
}

Result<> check_bootloader(const std::string& path) {
    if (::access(path.c_str(), X_OK) == 0) return {};
    return fail(Reason::invalid_argument, "the bootloader {}: {}", path, errno_text(errno));
}

Result<> check_kernel(const std::string& path, domain::GuestType type) {
    const auto kernel = read_head(path, "kernel");
    if (!kernel) return std::unexpected(kernel.error());
    if (is_kernel(*kernel, type)) return {};
    return fail(Reason::invalid_argument, "the kernel {} is no kernel image that a guest of this type boots",
                path);
}

/// One that may be anything.
BootFile readable(const std::string& path, std::string what) {
    return {path, [path, what = std::move(what)]() -> Result<> {
                const auto head = read_head(path, what);
                if (!head) return std::unexpected(head.error());
                return {};
            }};
}

/// The bootloader finds the kernel on the guest's first disk. One without a path is Xen's own: libxl knows
/// where that is.
Result<std::vector<BootFile>> bootloader_of(const domain::Definition& definition) {
    const auto& path = definition.boot.bootloader;
    if (definition.disks.empty())
        return fail(Reason::invalid_argument, "it has no disk on which its bootloader {} could find a kernel",
                    path);
    if (!path.starts_with('/')) return {};
    return std::vector<BootFile>{{path, [path] { return check_bootloader(path); }}};
}

}  // namespace

Result<std::vector<BootFile>> boot_files(const domain::Definition& definition) {
    const auto& boot = definition.boot;
    const auto type = definition.type;
    if (!boot.bootloader.empty()) return bootloader_of(definition);
    if (boot.kernel.empty() && type != domain::GuestType::hvm)
        return fail(
            Reason::invalid_argument,
            "it has no kernel to boot: give it a <kernel>, or a <bootloader> that finds one on its disk");
    std::vector<BootFile> files;
    if (!boot.loader.empty()) files.push_back(readable(boot.loader, "loader"));
    if (boot.kernel.empty()) return files;
    files.push_back({boot.kernel, [path = boot.kernel, type] { return check_kernel(path, type); }});
    if (!boot.initrd.empty()) files.push_back(readable(boot.initrd, "initrd"));
    return files;
}

}  // namespace virtlight::xenlight
