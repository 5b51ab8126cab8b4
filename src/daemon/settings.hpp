// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <variant>

#include "base/log.hpp"
#include "base/result.hpp"
#include "console/settings.hpp"
#include "libvirt/served.hpp"
#include "xenlight/autoballoon.hpp"

namespace virtlight::daemon {

enum class HypervisorKind { xen, simulated };

/// Where the daemon's files are: below a root, "/" unless a user wants a daemon of his own.
struct Places {
    std::filesystem::path root = "/";

    std::filesystem::path configuration() const { return root / "etc/virtlight/virtlightd.toml"; }
    std::filesystem::path state() const { return root / "var/lib/virtlight"; }
    std::filesystem::path run() const { return root / "run"; }
    std::filesystem::path socket() const { return run() / "virtlightd.sock"; }
    std::filesystem::path socket_of(libvirt::Served served) const {
        return run() / "libvirt" / libvirt::served_by(served).socket;
    }
    std::filesystem::path lock() const { return run() / "virtlightd.lock"; }
    std::filesystem::path histories() const { return state() / "consoles"; }
    std::filesystem::path timelines() const { return root / "var/log/virtlight/timeline"; }
    std::filesystem::path console_logs() const { return root / "var/log/virtlight/consoles"; }
};

/// What the daemon was told, by its command line first and its configuration file second.
struct Settings {
    Places places{};
    std::optional<HypervisorKind> hypervisor{};  ///< empty: Xen where the machine is a Xen dom0
    log::Level log_level = log::Level::info;
    unsigned socket_mode = 0700;
    /// Of libvirt's own daemons that listen elsewhere than in their places; empty: nobody is asked.
    std::map<libvirt::Served, std::filesystem::path> modular_sockets{};
    console::Settings consoles{};
    xenlight::Autoballoon autoballoon = xenlight::Autoballoon::automatic;

    std::filesystem::path socket_of(libvirt::Served served) const {
        const auto said = modular_sockets.find(served);
        return said == modular_sockets.end() ? places.socket_of(served) : said->second;
    }
};

/// Nothing to run: what to print (help, the version, or a complaint) and the status to exit with.
struct Exit {
    std::string text;
    int status;
};

/// Reads the command line, then the configuration file below the root that it names. Blocks.
std::variant<Settings, Exit> read_settings(int argc, const char* const* argv);

/// Reads a configuration file's text into `settings`. `from` is how errors call the file. A key that is not
/// known is an error with its line.
Result<> apply_configuration(Settings& settings, std::string_view text, std::string_view from);

}  // namespace virtlight::daemon
