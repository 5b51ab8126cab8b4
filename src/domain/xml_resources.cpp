// SPDX-License-Identifier: LGPL-2.1-or-later
#include <cctype>

#include "base/limits.hpp"
#include "domain/xml_parts.hpp"
#include "domain/xml_values.hpp"

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

/// In KiB, rounded up to whole MiB: Xen's guests get no less than what was asked for.
std::uint64_t read_size(const XmlElement& at) {
    constexpr std::uint64_t mib = 1024 * 1024;
    const auto text = at.text();
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
               __builtin_add_overflow(bytes, mib - 1, &bytes)) {
        at.invalid("value too large: <{}> is {}{}", at.name(), *number, unit.empty() ? "KiB" : unit);
    }
    return bytes / mib * 1024;
}

void read_memory(const XmlElement& domain, Definition& definition) {
    const auto memory = domain.child("memory");
    const auto current = domain.child("currentMemory");
    if (!memory) {
        domain.invalid("Memory size must be specified via <memory>");
        return;
    }
    definition.memory_max_kib = read_size(memory);
    if (definition.memory_max_kib == 0) memory.invalid("Memory size in <memory> must be more than 0");
    definition.memory_kib = current ? read_size(current) : 0;
    // As libvirt takes them: none given, or more than the maximum, means the maximum.
    if (definition.memory_kib == 0 || definition.memory_kib > definition.memory_max_kib) {
        definition.memory_kib = definition.memory_max_kib;
    }
}

unsigned read_vcpu_count(const XmlElement& vcpu, std::string_view which, std::string_view text) {
    const auto count = parse_number<unsigned>(text);
    if (!count || *count < 1 || *count > limits::vcpus) {
        vcpu.invalid("{} vcpus count must be an integer from 1 to {}, not '{}'", which, limits::vcpus,
                     shown(trimmed(text)));
    }
    return count.value_or(1);
}

void read_vcpus(const XmlElement& domain, Definition& definition) {
    const auto vcpu = domain.child("vcpu");
    if (!vcpu) return;
    expect_attribute(vcpu, "placement", "static");
    definition.vcpus_max = read_vcpu_count(vcpu, "maximum", vcpu.text());
    const auto current = vcpu.attribute("current");
    definition.vcpus = current ? read_vcpu_count(vcpu, "current", *current) : definition.vcpus_max;
    if (const auto cpuset = vcpu.attribute("cpuset")) {
        const auto cpus = CpuSet::parse(*cpuset);
        if (!cpus) vcpu.invalid("{}", cpus.error().message);
        definition.cpu_tuning.cpus = cpus.value_or(CpuSet());
    }
    if (definition.vcpus > definition.vcpus_max) {
        vcpu.invalid("maxvcpus must not be less than current vcpus ({} < {})", definition.vcpus_max,
                     definition.vcpus);
    }
}

void read(const XmlElement& domain, Definition& definition) {
    read_memory(domain, definition);
    read_vcpus(domain, definition);
}

void write(XmlWriter& writer, const Definition& definition, Shape) {
    writer.element("memory").attribute("unit", "KiB").text(definition.memory_max_kib);
    writer.element("currentMemory").attribute("unit", "KiB").text(definition.memory_kib);
    auto vcpu = writer.element("vcpu");
    vcpu.attribute("placement", "static");
    if (!definition.cpu_tuning.cpus.empty()) vcpu.attribute("cpuset", definition.cpu_tuning.cpus.format());
    if (definition.vcpus != definition.vcpus_max) vcpu.attribute("current", definition.vcpus);
    vcpu.text(definition.vcpus_max);
}

}  // namespace

constinit const XmlPart resources_part{read, write};

}  // namespace virtlight::domain
