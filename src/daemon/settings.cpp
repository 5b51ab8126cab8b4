// SPDX-License-Identifier: LGPL-2.1-or-later
#include "daemon/settings.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

#include <CLI/CLI.hpp>
#include <sys/stat.h>
#include <toml++/toml.h>

#include "base/file.hpp"
#include "base/limits.hpp"
#include "domain/text.hpp"

namespace virtlight::daemon {
namespace {

using libvirt::Served;
using std::string_view_literals::operator""sv;

constexpr std::array hypervisors = {std::pair("xen"sv, HypervisorKind::xen),
                                    std::pair("simulated"sv, HypervisorKind::simulated)};
constexpr std::array sequences = {std::pair("cleaned"sv, console::Sequences::cleaned),
                                  std::pair("kept"sv, console::Sequences::kept)};
constexpr std::array autoballoons = {std::pair("auto"sv, xenlight::Autoballoon::automatic),
                                     std::pair("true"sv, xenlight::Autoballoon::on),
                                     std::pair("false"sv, xenlight::Autoballoon::off)};
constexpr std::array log_levels = {
    std::pair("error"sv, log::Level::error), std::pair("warning"sv, log::Level::warning),
    std::pair("notice"sv, log::Level::notice), std::pair("info"sv, log::Level::info),
    std::pair("debug"sv, log::Level::debug)};

template <class Value, std::size_t n>
Result<Value> one_of(const std::array<std::pair<std::string_view, Value>, n>& words, std::string_view what,
                     std::string_view word) {
    std::string known;
    for (const auto& [name, value] : words) {
        if (name == word) return value;
        known += known.empty() ? "" : ", ";
        known += name;
    }
    return fail(Reason::invalid_argument, "{} '{}' is not known (known: {})", what, word, known);
}

/// Octal, as chmod takes it: a mask over the nine permission bits.
Result<unsigned> socket_mode(std::string_view text) {
    const auto mode = domain::whole_number<unsigned>(text, 8);
    if (mode && *mode <= 0777) return *mode;
    return fail(Reason::invalid_argument, "socket mode '{}' is no octal number up to 0777", text);
}

/// Absolute, or empty.
Result<std::filesystem::path> socket_path(std::string_view text) {
    if (!text.empty() && !text.starts_with('/'))
        return fail(Reason::invalid_argument, "'{}' is no absolute path of a socket", text);
    return std::filesystem::path(text);
}

/// "512", "512K", "64M", "1G".
Result<std::size_t> size_between(std::size_t least, std::size_t most, std::string_view text) {
    constexpr std::string_view units = "KMG";
    auto digits = text;
    unsigned shift = 0;
    if (const auto unit = text.empty() ? units.npos : units.find(text.back()); unit != units.npos) {
        shift = 10 * (static_cast<unsigned>(unit) + 1);
        digits.remove_suffix(1);
    }
    const auto size = domain::whole_number<std::size_t>(digits);
    if (!size || *size > most >> shift || *size << shift < least)
        return fail(Reason::invalid_argument, "'{}' is no number from {} to {} (K, M or G may follow it)",
                    text, least, most);
    return *size << shift;
}

template <class Value, class Place>
Result<> store(Place& place, const Result<Value>& result) {
    if (!result) return std::unexpected(result.error());
    place = static_cast<Place>(*result);
    return {};
}

Result<> store_socket(Settings& all, Served served, std::string_view value) {
    return store<std::filesystem::path>(all.modular_sockets[served], socket_path(value));
}

struct Setting {
    std::string_view key;
    Result<> (*apply)(Settings&, std::string_view value);
};

constexpr Setting known[] = {
    {"hypervisor",
     [](Settings& all, std::string_view value) {
         return store(all.hypervisor, one_of(hypervisors, "hypervisor", value));
     }},
    {"log_level",
     [](Settings& all, std::string_view value) {
         return store(all.log_level, one_of(log_levels, "log level", value));
     }},
    {"socket_mode",
     [](Settings& all, std::string_view value) { return store(all.socket_mode, socket_mode(value)); }},
    {"storage_socket",
     [](Settings& all, std::string_view value) { return store_socket(all, Served::storage, value); }},
    {"network_socket",
     [](Settings& all, std::string_view value) { return store_socket(all, Served::networks, value); }},
    {"interface_socket",
     [](Settings& all, std::string_view value) { return store_socket(all, Served::interfaces, value); }},
    {"secret_socket",
     [](Settings& all, std::string_view value) { return store_socket(all, Served::secrets, value); }},
    {"nwfilter_socket",
     [](Settings& all, std::string_view value) { return store_socket(all, Served::filters, value); }},
    {"autoballoon",
     [](Settings& all, std::string_view value) {
         return store(all.autoballoon, one_of(autoballoons, "autoballoon", value));
     }},
    {"console_history",
     [](Settings& all, std::string_view value) {
         const auto bytes = size_between(limits::console_history_min, limits::console_history_max, value);
         if (bytes) all.consoles.history = console::HistorySize::of(*bytes);
         return bytes ? Result<>() : std::unexpected(bytes.error());
     }},
    {"console_recent",
     [](Settings& all, std::string_view value) {
         return store(all.consoles.recent, size_between(0, limits::console_history_max, value));
     }},
    {"console_log_sequences",
     [](Settings& all, std::string_view value) {
         return store(all.consoles.sequences, one_of(sequences, "what to do with sequences,", value));
     }},
    {"console_log_size",
     [](Settings& all, std::string_view value) {
         return store(all.consoles.rotation.bytes,
                      size_between(limits::console_log_min, limits::console_log_max, value));
     }},
    {"console_log_files",
     [](Settings& all, std::string_view value) {
         return store(all.consoles.rotation.old_files, size_between(0, limits::console_log_files_max, value));
     }},
};

Result<> apply(Settings& settings, std::string_view key, std::string_view value) {
    std::string keys;
    for (const auto& setting : known) {
        if (setting.key == key) return setting.apply(settings, value);
        keys += keys.empty() ? "" : ", ";
        keys += setting.key;
    }
    return fail(Reason::invalid_argument, "'{}' is not a setting (known: {})", key, keys);
}

bool is_setting(std::string_view key) {
    return std::ranges::find(known, key, &Setting::key) != std::end(known);
}

/// A link to nowhere, or a file in a folder that cannot be looked into, is there: it is somebody's mistake,
/// and no wish for the defaults.
bool is_absent(const std::filesystem::path& path) {
    struct stat about = {};
    return ::lstat(path.c_str(), &about) != 0 && errno == ENOENT;
}

Result<> read_configuration(Settings& settings) {
    const auto path = settings.places.configuration();
    if (is_absent(path)) return {};
    const auto text = read_file(path, limits::configuration_bytes);
    if (!text) return std::unexpected(text.error());
    return apply_configuration(settings, *text, path.string());
}

}  // namespace

Result<> apply_configuration(Settings& settings, std::string_view text, std::string_view from) {
    const auto fail_at = [&](const toml::source_region& where, std::string_view why) -> Result<> {
        return fail(Reason::invalid_argument, "{}, line {}: {}", from, where.begin.line, why);
    };
    const auto located = [&](const toml::table& table) -> Result<> {
        for (const auto& [key, node] : table) {
            auto value = node.value_exact<std::string>();
            if (const auto flag = node.value_exact<bool>()) value = *flag ? "true" : "false";
            if (!value && is_setting(key.str()))
                return fail_at(node.source(), fmt::format("'{}' wants a text in quotes", key.str()));
            if (const auto applied = apply(settings, key.str(), value.value_or("")); !applied)
                return fail_at(node.source(), applied.error().message);
        }
        return {};
    };
    try {
        return located(toml::parse(text, from));
    } catch (const toml::parse_error& error) {
        return fail_at(error.source(), fmt::format("{} (values stand in quotes, as in log_level = \"info\")",
                                                   error.description()));
    }
}

std::variant<Settings, Exit> read_settings(int argc, const char* const* argv) {
    CLI::App app("Runs the virtual machines of a Xen host and serves libvirt's clients.", "virtlightd");
    std::string root = "/";
    std::string hypervisor;
    std::string log_level;
    app.add_option("--root", root, "Keep configuration, state and socket below this folder")
        ->type_name("DIR");
    app.add_option("--hypervisor", hypervisor,
                   "xen (what is taken on a Xen dom0), or simulated: guests in memory")
        ->type_name("NAME");
    app.add_option("--log-level", log_level, "error, warning, notice, info (the default) or debug")
        ->type_name("LEVEL");
    app.set_version_flag("--version", "virtlightd " VIRTLIGHT_VERSION);
    app.footer(
        "Clients reach it with\n  virsh -c 'xen+unix:///system?socket=DIR/run/virtlightd.sock' list\n"
        "More can be set in DIR/etc/virtlight/virtlightd.toml: virtlightd(8).");
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success&) {
        const bool version = app.get_version_ptr()->count() > 0;
        return Exit{version ? app.version() + "\n" : app.help(), 0};
    } catch (const CLI::ParseError& error) {
        return Exit{fmt::format("virtlightd: {} (see virtlightd --help)\n", error.what()), 2};
    }

    Settings settings;
    std::error_code failed;
    settings.places.root = std::filesystem::absolute(root, failed);
    if (root.empty() || failed)
        return Exit{fmt::format("virtlightd: --root '{}' is no folder: {}\n", root,
                                root.empty() ? "it is empty" : failed.message()),
                    2};
    auto applied = read_configuration(settings);
    if (applied && !hypervisor.empty()) applied = apply(settings, "hypervisor", hypervisor);
    if (applied && !log_level.empty()) applied = apply(settings, "log_level", log_level);
    if (!applied) return Exit{fmt::format("virtlightd: {}\n", applied.error().message), 2};
    return settings;
}

}  // namespace virtlight::daemon
