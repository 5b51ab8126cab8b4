// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/xml_parts.hpp"
#include "domain/xml_values.hpp"

// libvirt has no word for a cap: it is the quota of time that all vCPUs together get in each period.

namespace virtlight::domain {
namespace {

constexpr std::uint64_t percent = 100;
constexpr std::uint64_t written_period = 100'000;  // microseconds

void read_pins(const XmlElement& cputune, Definition& definition) {
    for (const auto& pin : cputune.children("vcpupin")) {
        const auto vcpu = parse_number<unsigned>(pin.attribute("vcpu").value_or(""));
        const auto cpus = CpuSet::parse(pin.attribute("cpuset").value_or(""));
        if (!vcpu || *vcpu >= definition.vcpus_max)
            pin.invalid("the vcpu of <vcpupin> must be from 0 to {}", definition.vcpus_max - 1);
        else if (!cpus)
            pin.invalid("{}", cpus.error().message);
        else if (!definition.cpu_tuning.pins.try_emplace(*vcpu, *cpus).second)
            pin.invalid("vCPU {} has a second <vcpupin>", *vcpu);
    }
}

std::optional<unsigned> read_weight(const XmlElement& shares) {
    if (!shares) return std::nullopt;
    const auto weight = parse_number<unsigned>(shares.text());
    if (!weight || *weight < 1 || *weight > CpuShare::weight_most)
        shares.invalid("<shares> must be from 1 to {}, not '{}'", CpuShare::weight_most,
                       shown(trimmed(shares.text())));
    return weight;
}

std::optional<unsigned> read_cap(const XmlElement& cputune) {
    const auto period = cputune.child("global_period");
    const auto quota = cputune.child("global_quota");
    const auto length = period ? parse_number<std::uint32_t>(period.text()) : written_period;
    if (!length || *length == 0) period.invalid("<global_period> must be a number of microseconds");
    if (period && !quota) period.unsupported("<global_period> says nothing without a <global_quota>");
    if (!quota || !length || *length == 0) return std::nullopt;
    const auto time = parse_number<std::uint32_t>(quota.text());
    if (!time || *time == 0)
        quota.invalid("<global_quota> must be a number of microseconds");
    else if (*time * percent % *length != 0 || *time * percent / *length > CpuShare::cap_most)
        quota.unsupported("<global_quota> must be a whole percentage of <global_period>, up to {}",
                          CpuShare::cap_most);
    else
        return static_cast<unsigned>(*time * percent / *length);
    return std::nullopt;
}

void read_cpu_tuning(const XmlElement& domain, Definition& definition) {
    const auto cputune = domain.child("cputune");
    read_pins(cputune, definition);
    definition.cpu_tuning.share = {.weight = read_weight(cputune.child("shares")), .cap = read_cap(cputune)};
}

void write_cpu_tuning(XmlWriter& writer, const Definition& definition, Shape) {
    const auto& [cpus, pins, share] = definition.cpu_tuning;
    const bool capped = share.cap.value_or(0) > 0;
    if (pins.empty() && !share.weight && !capped) return;
    auto cputune = writer.element("cputune");
    if (share.weight) writer.element("shares").text(*share.weight);
    if (capped) {
        writer.element("global_period").text(written_period);
        writer.element("global_quota").text(*share.cap * written_period / percent);
    }
    for (const auto& [vcpu, where] : pins)
        writer.element("vcpupin").attribute("vcpu", vcpu).attribute("cpuset", where.format());
}

}  // namespace

constinit const XmlPart cpu_tuning_part{read_cpu_tuning, write_cpu_tuning};

}  // namespace virtlight::domain
