// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/limits.hpp"
#include "domain/xml_parts.hpp"
#include "domain/xml_values.hpp"

namespace virtlight::domain {
namespace {

void read_memory(const XmlElement& domain, Definition& definition) {
    const auto memory = domain.child("memory");
    const auto current = domain.child("currentMemory");
    if (!memory) {
        domain.invalid("Memory size must be specified via <memory>");
        return;
    }
    definition.memory_max_kib = read_size(memory, memory.text());
    if (definition.memory_max_kib == 0) memory.invalid("Memory size in <memory> must be more than 0");
    definition.memory_kib = current ? read_size(current, current.text()) : 0;
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

void read_resources(const XmlElement& domain, Definition& definition) {
    read_memory(domain, definition);
    read_vcpus(domain, definition);
}

void write_resources(XmlWriter& writer, const Definition& definition, Shape) {
    writer.element("memory").attribute("unit", "KiB").text(definition.memory_max_kib);
    writer.element("currentMemory").attribute("unit", "KiB").text(definition.memory_kib);
    auto vcpu = writer.element("vcpu");
    vcpu.attribute("placement", "static");
    if (!definition.cpu_tuning.cpus.empty()) vcpu.attribute("cpuset", definition.cpu_tuning.cpus.format());
    if (definition.vcpus != definition.vcpus_max) vcpu.attribute("current", definition.vcpus);
    vcpu.text(definition.vcpus_max);
}

}  // namespace

constinit const XmlPart resources_part{read_resources, write_resources};

}  // namespace virtlight::domain
