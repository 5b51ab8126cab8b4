// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/vif_counters.hpp"

#include <array>
#include <charconv>
#include <optional>
#include <ranges>
#include <string>
#include <utility>

#include "base/file.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"

namespace virtlight::xenlight {
namespace {

using hypervisor::DomId;
using hypervisor::NicFigures;
using hypervisor::NicOf;
using hypervisor::Traffic;

/// A number off the front of `text`.
template <class T>
std::optional<T> take_number(std::string_view& text) {
    T number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return number;
}

/// "vif3.0"
std::optional<NicOf> parse_name(std::string_view name) {
    if (!name.starts_with("vif")) return std::nullopt;
    name.remove_prefix(3);
    const auto domid = take_number<DomId>(name);
    if (!domid || !name.starts_with('.')) return std::nullopt;
    name.remove_prefix(1);
    const auto device = take_number<unsigned>(name);
    if (!device || !name.empty()) return std::nullopt;
    return NicOf{*domid, *device};
}

std::optional<NicOf> nic_named(std::string_view name, const VifNames& names) {
    const auto found = names.find(name);
    return found == names.end() ? parse_name(name) : found->second;
}

/// Eight columns of what dom0 received, and eight of what it sent.
std::optional<std::array<std::uint64_t, 16>> parse_columns(std::string_view text) {
    std::array<std::uint64_t, 16> columns{};
    for (auto& column : columns) {
        text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
        const auto number = take_number<std::uint64_t>(text);
        if (!number) return std::nullopt;
        column = *number;
    }
    return columns;
}

void add(Traffic& to, const std::uint64_t* columns) {
    to.bytes += columns[0];
    to.packets += columns[1];
    to.errors += columns[2];
    to.dropped += columns[3];
}

}  // namespace

VifCounters parse_net_dev(std::string_view text, const VifNames& names) {
    std::map<NicOf, NicFigures> vifs;
    for (const auto part : std::views::split(text, '\n')) {
        std::string_view line(part.begin(), part.end());
        line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
        const auto colon = line.find(':');
        if (colon == line.npos) continue;
        auto name = line.substr(0, colon);
        constexpr std::string_view tap = "-emu";
        if (name.ends_with(tap) && !names.contains(name)) name.remove_suffix(tap.size());
        const auto vif = nic_named(name, names);
        const auto columns = parse_columns(line.substr(colon + 1));
        if (!vif || !columns) continue;
        auto& figures = vifs[*vif];
        figures.name = name;
        figures.devid = vif->devid;
        add(figures.sent, columns->data());
        add(figures.received, columns->data() + 8);
    }
    VifCounters counters;
    for (auto& [vif, figures] : vifs)
        counters[vif.domid].push_back(std::move(figures));
    return counters;
}

VifCounters read_vif_counters(const VifNames& names) {
    const auto text = read_file("/proc/net/dev", limits::net_dev_bytes);
    if (text) return parse_net_dev(*text, names);
    log::warning("guests' network traffic is not known: {}", text.error().message);
    return {};
}

}  // namespace virtlight::xenlight
