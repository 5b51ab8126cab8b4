// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/xml_values.hpp"

#include <cctype>
#include <utility>

#include "base/limits.hpp"
#include "domain/name.hpp"

namespace virtlight::domain {
namespace {

/// libvirt's units: "b", "byte", "bytes"; a letter of "kmgtpe" alone or with "iB" counts in steps of 1024,
/// and with "B" in steps of 1000. In either case. Missing: KiB. Zero: there is no such unit.
std::uint64_t bytes_per_unit(std::string_view unit) {
    std::string lower;
    for (const char c : unit)
        lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (lower.empty()) return 1024;
    if (lower == "b" || lower == "byte" || lower == "bytes") return 1;
    const auto power = std::string_view("kmgtpe").find(lower[0]);
    const auto rest = std::string_view(lower).substr(1);
    if (power == std::string_view::npos || (!rest.empty() && rest != "ib" && rest != "b")) return 0;
    const std::uint64_t step = rest == "b" ? 1000 : 1024;
    std::uint64_t bytes = step;
    for (std::size_t i = 0; i < power; ++i)
        bytes *= step;
    return bytes;
}

}  // namespace

void expect_attribute(const XmlElement& at, std::string_view attribute, std::string_view only) {
    const Word<bool> words[] = {{only, true}};
    std::ignore = attribute_choice<bool>(at, attribute, words, true);
}

std::optional<unsigned> attribute_number(const XmlElement& at, std::string_view attribute, unsigned least,
                                         unsigned most) {
    const auto text = at.attribute(attribute);
    if (!text) return std::nullopt;
    const auto number = parse_number<unsigned>(*text);
    if (number && *number >= least && *number <= most) return number;
    at.invalid("attribute '{}' of <{}> must be a number from {} to {}, not '{}'", attribute, at.name(), least,
               most, shown(*text));
    return std::nullopt;
}

std::uint64_t read_size(const XmlElement& at, std::string_view text) {
    constexpr std::uint64_t bytes_of_mib = 1024 * 1024;
    const auto unit = at.attribute("unit").value_or("");
    const auto number = parse_number<std::uint64_t>(text);
    const auto scale = bytes_per_unit(trimmed(unit));
    std::uint64_t bytes = 0;
    if (!number) {
        at.invalid("Invalid value '{}' for element or attribute '{}': it must be a whole number",
                   shown(trimmed(text)), at.name());
    } else if (scale == 0) {
        at.invalid(
            "unknown suffix '{}' as unit of <{}>; allowed are b, KiB, MiB, GiB, TiB, PiB, EiB and "
            "KB, MB, GB, TB, PB, EB",
            shown(unit), at.name());
    } else if (__builtin_mul_overflow(*number, scale, &bytes) ||
               __builtin_add_overflow(bytes, bytes_of_mib - 1, &bytes)) {
        at.invalid("value too large: <{}> is {}{}", at.name(), *number, unit.empty() ? "KiB" : unit);
    }
    return bytes / bytes_of_mib * 1024;
}

std::string path_in(const XmlElement& at) {
    auto path = at.text();
    if (path.empty()) return path;
    if (!path.starts_with('/') || path.size() == 1) {
        at.invalid("<{}> must be the absolute path of a file, not '{}'", at.name(), shown(path));
    } else if (path.find_first_of("\r\n") != path.npos) {
        at.invalid("<{}> must be a path in one line, not '{}'", at.name(), shown(path));
    } else if (path.size() > limits::path_bytes) {
        at.invalid("<{}>: path '{}' is {} bytes long; the limit is {}", at.name(), shown(path), path.size(),
                   limits::path_bytes);
    }
    return path;
}

std::string read_backend_domain(const XmlElement& device) {
    const auto backend = device.child("backenddomain");
    if (!backend) return {};
    const auto name = backend.attribute("name").value_or("");
    if (const auto good = check_name(name); !good)
        backend.invalid("<backenddomain>: {}", good.error().message);
    return other_domain(name);
}

std::string read_alias(const XmlElement& device) {
    const auto element = device.child("alias");
    auto alias = element.attribute("name").value_or("");
    if (!is_users_alias(alias)) return {};
    if (const auto good = check_alias(alias); !good) element.invalid("<alias>: {}", good.error().message);
    return alias;
}

void read_alias(const XmlElement& device, std::string_view own_name, Definition& definition) {
    if (auto alias = read_alias(device); !alias.empty())
        definition.aliases.insert_or_assign(std::string(own_name), std::move(alias));
}

}  // namespace virtlight::domain
