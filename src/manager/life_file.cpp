// SPDX-License-Identifier: LGPL-2.1-or-later
#include "manager/life_file.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <sstream>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "domain/xml.hpp"

namespace virtlight::manager {
namespace {

constexpr std::string_view mark = "<!-- virtlight: domid ";
constexpr std::string_view mark_end = " -->";
constexpr std::pair<std::string_view, Held> held_words[] = {
    {"starting", Held::starting},   {"saving", Held::saving},   {"dumping", Held::dumping},
    {"resetting", Held::resetting}, {"devices", Held::devices}, {"ending", Held::ending},
};
constexpr std::string_view foreign_word = "foreign";
constexpr std::string_view again_word = "again";
constexpr std::string_view as_it_was_word = "as-it-was";
constexpr std::string_view paused_word = "paused";
constexpr std::string_view no_tty = "-";
constexpr std::string_view vnc_word = "vnc:";
constexpr std::string_view spice_word = "spice:";
/// The address of a USB device that was found by its id.
constexpr std::string_view usb_word = "usb:";
/// Where a PCI device is that was taken from the host.
constexpr std::string_view pci_word = "pci:";
/// The bridge that was found for a network.
constexpr std::string_view bridge_word = "bridge:";
constexpr std::string_view boot_word = "boot:";
constexpr std::string_view short_lives_word = "short:";
/// In milliseconds of the host's clock.
constexpr std::string_view since_word = "since:";

struct Line {
    unsigned domid = 0;
    Held held = Held::no;
    bool ours = true;
    bool again = false;
    Anew anew{};
    std::vector<std::string> ttys{};
    unsigned vnc_port = 0;
    unsigned spice_port = 0;
    std::vector<std::pair<unsigned, unsigned>> usb{};
    std::vector<domain::PciAddress> pci_taken{};
    std::vector<std::string> bridges{};
    std::string boot{};
    unsigned short_lives = 0;
    std::optional<std::int64_t> since_ms{};
};

std::pair<unsigned, unsigned> read_usb_address(std::string_view text) {
    std::pair<unsigned, unsigned> address;
    const auto dot = std::min(text.find('.'), text.size());
    std::from_chars(text.data(), text.data() + dot, address.first);
    const auto number = text.substr(std::min(dot + 1, text.size()));
    std::from_chars(number.data(), number.data() + number.size(), address.second);
    return address;
}

void read_pci_address(Line& line, std::string_view text) {
    if (const auto address = domain::parse_pci_address(text)) line.pci_taken.push_back(*address);
}

void read_word(Line& line, const std::string& word) {
    const auto* const held = std::ranges::find(held_words, word, &std::pair<std::string_view, Held>::first);
    if (held != std::end(held_words))
        line.held = held->second;
    else if (word == foreign_word)
        line.ours = false;
    else if (word == again_word)
        line.again = true;
    else if (word == as_it_was_word)
        line.anew.as_it_was = true;
    else if (word == paused_word)
        line.anew.paused = true;
    else if (word.starts_with(boot_word))
        line.boot = word.substr(boot_word.size());
    else if (word.starts_with(short_lives_word))
        std::from_chars(word.data() + short_lives_word.size(), word.data() + word.size(), line.short_lives);
    else if (word.starts_with(since_word))
        std::from_chars(word.data() + since_word.size(), word.data() + word.size(), line.since_ms.emplace());
    else if (word.starts_with(vnc_word))
        std::from_chars(word.data() + vnc_word.size(), word.data() + word.size(), line.vnc_port);
    else if (word.starts_with(spice_word))
        std::from_chars(word.data() + spice_word.size(), word.data() + word.size(), line.spice_port);
    else if (word.starts_with(usb_word))
        line.usb.push_back(read_usb_address(std::string_view(word).substr(usb_word.size())));
    else if (word.starts_with(pci_word))
        read_pci_address(line, std::string_view(word).substr(pci_word.size()));
    else if (word.starts_with(bridge_word))
        line.bridges.push_back(word.substr(bridge_word.size()));
    else
        line.ttys.push_back(word == no_tty ? std::string() : word);
}

std::optional<Line> read_line(std::string_view text) {
    if (!text.starts_with(mark) || !text.ends_with(mark_end)) return std::nullopt;
    text.remove_prefix(mark.size());
    text.remove_suffix(mark_end.size());
    std::istringstream words{std::string(text)};
    Line line;
    if (!(words >> line.domid)) return std::nullopt;
    for (std::string word; words >> word;)
        read_word(line, word);
    return line;
}

/// Of a number that no clock shows the nearest one.
Time time_of(std::int64_t ms) {
    return Time(
        milliseconds(std::clamp(ms, std::int64_t{0}, std::int64_t{in_milliseconds(Duration::max())})));
}

/// Each to the next one that has none.
void give_addresses(const std::vector<std::pair<unsigned, unsigned>>& addresses, domain::Usb& usb) {
    auto next = addresses.begin();
    for (auto& device : usb.devices) {
        if (device.host_bus != 0 || next == addresses.end()) continue;
        std::tie(device.host_bus, device.host_device) = *next++;
        device.found = device.host_bus != 0;
    }
}

/// The same of the interfaces on networks. What could not be a bridge is none.
void give_bridges(const std::vector<std::string>& bridges, std::vector<domain::Nic>& nics) {
    auto next = bridges.begin();
    for (auto& nic : nics) {
        if (nic.kind != domain::Nic::Kind::network || next == bridges.end()) continue;
        nic.bridge = *next++;
        if (!check_connection(nic)) nic.bridge.clear();
    }
}

}  // namespace

std::string format_life(const StoredLife& life, std::string_view boot) {
    auto text = fmt::format("{}{}", mark, life.domid);
    for (const auto& [word, held] : held_words)
        if (held == life.held) text += fmt::format(" {}", word);
    if (!life.ours) text += fmt::format(" {}", foreign_word);
    if (life.again) text += fmt::format(" {}", again_word);
    if (life.again && life.anew.as_it_was) text += fmt::format(" {}", as_it_was_word);
    if (life.again && life.anew.paused) text += fmt::format(" {}", paused_word);
    for (const auto& console : life.definition.consoles)
        text += fmt::format(" {}", console.tty.empty() ? no_tty : console.tty);
    if (const auto& vnc = life.definition.graphics.vnc) text += fmt::format(" {}{}", vnc_word, vnc->port);
    if (const auto& spice = life.definition.graphics.spice; spice && spice->autoport)
        text += fmt::format(" {}{}", spice_word, spice->port);
    for (const auto& device : life.definition.usb.devices)
        if (device.found) text += fmt::format(" {}{}", usb_word, to_string(device));
    for (const auto& address : life.pci_taken)
        text += fmt::format(" {}{}", pci_word, to_string(address));
    for (const auto& nic : life.definition.nics)
        if (nic.kind == domain::Nic::Kind::network) text += fmt::format(" {}{}", bridge_word, nic.bridge);
    if (life.short_lives > 0) text += fmt::format(" {}{}", short_lives_word, life.short_lives);
    if (life.since) text += fmt::format(" {}{}", since_word, in_milliseconds(life.since->time_since_epoch()));
    if (!boot.empty()) text += fmt::format(" {}{}", boot_word, boot);
    text += fmt::format("{}\n{}", mark_end, domain::format_xml(life.definition));
    return text;
}

Result<StoredLife> parse_life(std::string_view text, std::string_view boot) {
    const auto line_end = std::min(text.find('\n'), text.size());
    const auto line = read_line(text.substr(0, line_end));
    if (!line) return fail(Reason::invalid_argument, "its first line does not say which domid it is about");
    auto definition = domain::parse_xml(text.substr(std::min(line_end + 1, text.size())));
    if (!definition) return std::unexpected(std::move(definition.error()));
    const auto consoles = std::min(line->ttys.size(), definition->consoles.size());
    for (std::size_t i = 0; i < consoles; ++i)
        definition->consoles[i].tty = line->ttys[i];
    if (auto& vnc = definition->graphics.vnc) vnc->port = line->vnc_port;
    if (auto& spice = definition->graphics.spice; spice && spice->autoport) spice->port = line->spice_port;
    give_addresses(line->usb, definition->usb);
    give_bridges(line->bridges, definition->nics);
    // Where either is not known, Xen's word decides alone.
    const bool over = !line->boot.empty() && !boot.empty() && line->boot != boot;
    const auto since = line->since_ms.transform(time_of);
    return StoredLife{
        *std::move(definition), line->domid,       line->held, line->ours, line->again, over, line->anew,
        line->pci_taken,        line->short_lives, since};
}

}  // namespace virtlight::manager
