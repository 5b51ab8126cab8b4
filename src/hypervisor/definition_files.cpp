// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hypervisor/definition_files.hpp"

#include <cerrno>
#include <utility>

#include <fmt/format.h>
#include <sys/stat.h>

#include "base/result.hpp"
#include "domain/setting_rules.hpp"

namespace virtlight::hypervisor {
namespace {

using domain::Definition;

/// Notes what is not there. A name without a folder is looked for by Xen, where it keeps such things.
class Search {
 public:
    void look(std::string_view what, const std::string& path) {
        struct stat status{};
        if (path.starts_with('/') && ::stat(path.c_str(), &status) != 0)
            missing_.push_back(fmt::format("{} '{}': {}", what, path, errno_text(errno)));
    }
    void note(std::string what) { missing_.push_back(std::move(what)); }
    std::vector<std::string> take() && { return std::move(missing_); }

 private:
    std::vector<std::string> missing_;
};

void look_at_settings(const domain::Settings& settings, Search& search) {
    for (const auto& [name, value] : settings) {
        const auto* const rule = domain::find_setting(name);
        const auto* const path = std::get_if<std::string>(&value);
        if (rule && path && rule->fits == domain::setting_forms::is_path) search.look(name, *path);
    }
}

}  // namespace

std::vector<std::string> missing_files(const Definition& definition) {
    Search search;
    const auto& boot = definition.boot;
    search.look("kernel", boot.kernel);
    search.look("initrd", boot.initrd);
    search.look("bootloader", boot.bootloader);
    if (has_stale_hvmloader(definition))
        search.note(
            fmt::format("loader '{}' is not there: the guest gets this host's own hvmloader", boot.loader));
    else
        search.look("loader", boot.loader);
    search.look("emulator", definition.emulator);
    for (const auto& disk : definition.disks)
        if (disk.source != domain::Disk::Source::none && disk.backend_domain.empty())
            search.look("the source of disk " + to_string(disk.target), disk.path);
    for (const auto& nic : definition.nics)
        if (nic.backend_domain.empty())
            search.look("the script of network interface " + to_string(nic.mac), nic.script);
    for (const auto& folder : definition.shared_folders)
        search.look("shared folder " + folder.tag, folder.path);
    look_at_settings(definition.settings, search);
    return std::move(search).take();
}

bool has_stale_hvmloader(const Definition& definition) {
    const auto& loader = definition.boot.loader;
    if (definition.boot.firmware != domain::Firmware::bios || !loader.ends_with("/hvmloader")) return false;
    struct stat status{};
    return ::stat(loader.c_str(), &status) != 0 && (errno == ENOENT || errno == ENOTDIR);
}

}  // namespace virtlight::hypervisor
