// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hypervisor/definition_files.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fmt/format.h>
#include <sys/stat.h>

#include "base/result.hpp"
#include "domain/setting_rules.hpp"
#include "hypervisor/disk_files.hpp"

namespace virtlight::hypervisor {
namespace {

using domain::Definition;

/// What Xen brings along, as its files are called: see has_stale_firmware().
struct OwnFirmware {
    domain::Firmware type;
    std::string_view file;
    std::string_view name;
};
constexpr OwnFirmware own_firmwares[] = {{domain::Firmware::bios, "/hvmloader", "hvmloader"},
                                         {domain::Firmware::efi, "/ovmf.bin", "OVMF"}};

/// Empty: it is none of those.
std::string_view own_firmware(const domain::Boot& boot) {
    for (const auto& [type, file, name] : own_firmwares)
        if (boot.firmware == type && boot.loader.ends_with(file)) return name;
    return {};
}

/// As "/usr/lib/xen-4.14/bin/qemu-system-i386": where a Xen has its QEMU, and as a distribution calls it.
constexpr std::string_view own_emulators[] = {"/bin/qemu-system-i386", "/xen-qemu-system-i386"};

std::string_view own_emulator(std::string_view path) {
    const bool is_own = path.contains("/xen") && std::ranges::any_of(own_emulators, [path](const auto& file) {
                            return path.ends_with(file);
                        });
    return is_own ? "QEMU" : std::string_view();
}

bool is_nowhere(int error) {
    return error == ENOENT || error == ENOTDIR;
}

bool is_gone(const std::string& path) {
    struct stat status{};
    return ::stat(path.c_str(), &status) != 0 && is_nowhere(errno);
}

void add_boot_files(const domain::Boot& boot, std::vector<NamedFile>& files) {
    files.push_back({"kernel", boot.kernel});
    files.push_back({"initrd", boot.initrd});
    files.push_back({"bootloader", boot.bootloader});
    files.push_back({.what = "loader", .path = boot.loader, .own = own_firmware(boot)});
}

void add_settings(const domain::Settings& settings, std::vector<NamedFile>& files) {
    for (const auto& [name, value] : settings) {
        const auto* const rule = domain::find_setting(name);
        const auto* const path = std::get_if<std::string>(&value);
        if (rule && path && rule->fits == domain::is_file_path) files.push_back({name, *path});
    }
}

}  // namespace

std::string to_words(const NamedFile& file, std::string_view why) {
    return fmt::format("{} '{}': {}", file.what, file.path, why);
}

std::vector<NamedFile> named_files(const Definition& definition) {
    std::vector<NamedFile> files;
    add_boot_files(definition.boot, files);
    files.push_back(
        {.what = "emulator", .path = definition.emulator, .own = own_emulator(definition.emulator)});
    for (const auto& disk : definition.disks)
        if (is_served_here(disk))
            files.push_back({"the source of disk " + to_string(disk.target), disk.path});
    for (const auto& nic : definition.nics)
        if (nic.backend_domain.empty())
            files.push_back({"the script of network interface " + to_string(nic.mac), nic.script});
    for (const auto& folder : definition.shared_folders)
        files.push_back({.what = "shared folder " + folder.tag, .path = folder.path, .is_folder = true});
    add_settings(definition.settings, files);
    std::erase_if(files, [](const NamedFile& file) { return !file.path.starts_with('/'); });
    return files;
}

std::optional<std::string> why_missing(const NamedFile& file) {
    struct stat status{};
    if (::stat(file.path.c_str(), &status) == 0) return std::nullopt;
    if (!file.own.empty() && is_nowhere(errno))
        return fmt::format("{} '{}' is not there: the guest gets this host's own {}", file.what, file.path,
                           file.own);
    return to_words(file, errno_text(errno));
}

std::vector<std::string> missing_files(const Definition& definition) {
    std::vector<std::string> missing;
    for (const auto& file : named_files(definition))
        if (auto why = why_missing(file)) missing.push_back(*std::move(why));
    return missing;
}

bool has_stale_firmware(const Definition& definition) {
    return !own_firmware(definition.boot).empty() && is_gone(definition.boot.loader);
}

bool has_stale_emulator(const Definition& definition) {
    return !own_emulator(definition.emulator).empty() && is_gone(definition.emulator);
}

}  // namespace virtlight::hypervisor
