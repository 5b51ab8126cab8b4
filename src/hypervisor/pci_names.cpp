// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hypervisor/pci_names.hpp"

#include <limits>
#include <optional>
#include <ranges>

#include "base/file.hpp"
#include "base/limits.hpp"
#include "domain/text.hpp"

namespace virtlight::hypervisor {
namespace {

struct PciName {
    unsigned id;
    std::string_view name;
};

/// "8086  Intel Corporation". Empty: the line is another one, as of a class of devices.
std::optional<PciName> pci_name_in(std::string_view line) {
    constexpr std::size_t digits = 4;
    constexpr int hexadecimal = 16;
    const auto id = domain::whole_number<unsigned>(line.substr(0, digits), hexadecimal);
    if (!id || line.size() <= digits || line[digits] != ' ') return std::nullopt;
    return PciName{*id, domain::trimmed(line.substr(digits))};
}

}  // namespace

void PciNames::name(std::vector<HostPciDevice>& devices) {
    const std::scoped_lock lock(mutex_);
    Kinds unknown;
    for (const auto& device : devices)
        if (!known_.contains(kind_of(device))) unknown.try_emplace(kind_of(device));
    for (const auto& file : files_) {
        if (unknown.empty()) break;
        const auto table = read_file(file, limits::pci_names_bytes);
        if (!table) continue;
        find(*table, unknown);
        known_.merge(unknown);
        break;
    }
    for (auto& device : devices) {
        const auto known = known_.find(kind_of(device));
        if (known == known_.end()) continue;
        device.vendor_name = known->second.vendor;
        device.product_name = known->second.product;
    }
}

/// A vendor is followed by its devices, each behind a tab, and these by what others make of them, behind two.
void PciNames::find(std::string_view table, Kinds& kinds) {
    constexpr auto last = std::numeric_limits<unsigned>::max();
    std::optional<unsigned> vendor;
    for (const auto part : std::views::split(table, '\n')) {
        std::string_view line(part.begin(), part.end());
        if (line.empty() || line.starts_with('#') || line.starts_with("\t\t")) continue;
        const bool is_product = line.starts_with('\t');
        if (is_product) line.remove_prefix(1);
        const auto said = pci_name_in(line);
        if (!is_product) {
            vendor = said ? std::optional(said->id) : std::nullopt;
            if (!said) continue;
            const auto end = kinds.upper_bound({said->id, last});
            for (auto its = kinds.lower_bound({said->id, 0}); its != end; ++its)
                its->second.vendor = said->name;
        } else if (said && vendor) {
            const auto its = kinds.find({*vendor, said->id});
            if (its != kinds.end()) its->second.product = said->name;
        }
    }
}

}  // namespace virtlight::hypervisor
