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
using hypervisor::Traffic;

struct Vif {
    DomId domid = 0;
    unsigned device = 0;

    auto operator<=>(const Vif&) const = default;
};

/// A number off the front of `text`.
template <class T>
std::optional<T> take_number(std::string_view& text) {
    T number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return number;
}

/// "vif3.0", "vif3.0-emu"
std::optional<Vif> parse_name(std::string_view name) {
    if (!name.starts_with("vif")) return std::nullopt;
    name.remove_prefix(3);
    const auto domid = take_number<DomId>(name);
    if (!domid || !name.starts_with('.')) return std::nullopt;
    name.remove_prefix(1);
    const auto device = take_number<unsigned>(name);
    if (!device || (!name.empty() && name != "-emu")) return std::nullopt;
    return Vif{*domid, *device};
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

VifCounters parse_net_dev(std::string_view text) {
    std::map<Vif, NicFigures> vifs;
    for (const auto part : std::views::split(text, '\n')) {
        std::string_view line(part.begin(), part.end());
        line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
        const auto colon = line.find(':');
        if (colon == line.npos) continue;
        const auto vif = parse_name(line.substr(0, colon));
        const auto columns = parse_columns(line.substr(colon + 1));
        if (!vif || !columns) continue;
        auto& figures = vifs[*vif];
        figures.name = fmt::format("vif{}.{}", vif->domid, vif->device);
        add(figures.sent, columns->data());
        add(figures.received, columns->data() + 8);
    }
    VifCounters counters;
    for (auto& [vif, figures] : vifs)
        counters[vif.domid].push_back(std::move(figures));
    return counters;
}

VifCounters read_vif_counters() {
    const auto text = read_file("/proc/net/dev", limits::net_dev_bytes);
    if (text) return parse_net_dev(*text);
    log::warning("guests' network traffic is not known: {}", text.error().message);
    return {};
}

}  // namespace virtlight::xenlight
