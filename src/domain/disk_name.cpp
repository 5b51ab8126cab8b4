// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/disk_name.hpp"

#include <algorithm>
#include <optional>

#include "domain/text.hpp"

namespace virtlight::domain {
namespace {

struct NameKind {
    DiskBus bus;
    std::string_view prefix;
    unsigned indexes;
    unsigned partition_most;
};

constexpr NameKind name_kinds[] = {
    {DiskBus::xen, "xvd", 1U << 20, 255},
    {DiskBus::ide, "hd", 4, 63},
    {DiskBus::scsi, "sd", 16, 15},
};

constexpr unsigned letter_count = 26;
constexpr unsigned ide_drives = 4;

/// Takes "a", "b" ... "z", "aa" off the front of `text`.
std::optional<unsigned> take_index(std::string_view& text, unsigned indexes) {
    unsigned after = 0;  // one more than the index
    while (!text.empty() && text.front() >= 'a' && text.front() <= 'z') {
        after = after * letter_count + static_cast<unsigned>(text.front() - 'a') + 1;
        if (after > indexes) return std::nullopt;
        text.remove_prefix(1);
    }
    if (after == 0) return std::nullopt;
    return after - 1;
}

/// Nothing at all is the whole disk.
std::optional<unsigned> read_partition(std::string_view text, unsigned most) {
    if (text.empty()) return 0U;
    const auto partition = whole_number<unsigned>(text);
    return text.front() != '0' && partition <= most ? partition : std::nullopt;
}

std::string index_letters(unsigned index) {
    std::string text;
    for (unsigned after = index + 1; after > 0; after = (after - 1) / letter_count)
        text.push_back(static_cast<char>('a' + (after - 1) % letter_count));
    std::ranges::reverse(text);
    return text;
}

}  // namespace

Result<DiskName> parse_disk_name(std::string_view text) {
    for (const auto& kind : name_kinds) {
        if (!text.starts_with(kind.prefix)) continue;
        auto rest = text.substr(kind.prefix.size());
        const auto index = take_index(rest, kind.indexes);
        const auto partition = index ? read_partition(rest, kind.partition_most) : std::nullopt;
        if (!partition) break;
        return DiskName{.index = *index, .partition = *partition, .bus = kind.bus};
    }
    return fail(Reason::invalid_argument,
                "'{}' is no name of a disk; allowed are xvda, xvdb ..., hda to hdd and sda to sdp",
                shown(text));
}

std::string to_string(const DiskName& name) {
    const auto* const kind = std::ranges::find(name_kinds, name.bus, &NameKind::bus);
    auto text = std::string(kind->prefix) + index_letters(name.index);
    if (name.partition > 0) text += std::to_string(name.partition);
    return text;
}

std::uint32_t device_number(const DiskName& name) {
    // The majors and minors that Linux once gave such disks; xen-vbd-interface(7) has made them an interface.
    switch (name.bus) {
        case DiskBus::ide: {
            const std::uint32_t major = name.index < 2 ? 3 : 22;
            return major << 8 | (name.index % 2) << 6 | name.partition;
        }
        case DiskBus::scsi: return 8U << 8 | name.index << 4 | name.partition;
        case DiskBus::xen: break;
    }
    if (name.index < 16 && name.partition < 16) return 202U << 8 | name.index << 4 | name.partition;
    return 1U << 28 | name.index << 8 | name.partition;
}

std::optional<DiskName> disk_of_number(std::uint32_t number) {
    constexpr std::uint32_t extended = 1U << 28;
    if ((number & extended) != 0)
        return DiskName{.index = (number - extended) >> 8, .partition = number & 0xff};
    const auto minor = number & 0xff;
    switch (number >> 8) {
        case 202: return DiskName{.index = minor >> 4, .partition = minor & 15};
        case 8: return DiskName{.index = minor >> 4, .partition = minor & 15, .bus = DiskBus::scsi};
        case 3: return DiskName{.index = minor >> 6, .partition = minor & 63, .bus = DiskBus::ide};
        case 22: return DiskName{.index = 2 + (minor >> 6), .partition = minor & 63, .bus = DiskBus::ide};
        default: return std::nullopt;
    }
}

bool is_ide_drive(const DiskName& name) {
    return name.bus != DiskBus::scsi && name.index < ide_drives;
}

}  // namespace virtlight::domain
