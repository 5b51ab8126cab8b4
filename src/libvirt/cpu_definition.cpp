// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/cpu_definition.hpp"

#include <algorithm>
#include <utility>

#include <fmt/ranges.h>

#include "domain/words.hpp"
#include "domain/xml_document.hpp"
#include "domain/xml_values.hpp"
#include "domain/xml_writer.hpp"
#include "libvirt/capabilities.hpp"

namespace virtlight::libvirt {
namespace {

using domain::shown;
using domain::Word;
using domain::XmlElement;
using Policy = CpuDefinition::Policy;

/// Whether a guest gets all that the host's processor can.
constexpr Word<bool> modes[] = {
    {"custom", false}, {"host-model", true}, {"host-passthrough", true}, {"maximum", true}};
constexpr Word<bool> match_words[] = {{"minimum", false}, {"exact", false}, {"strict", true}};
constexpr Word<Policy> policies[] = {{"force", Policy::force},
                                     {"require", Policy::require},
                                     {"optional", Policy::optional},
                                     {"disable", Policy::disable},
                                     {"forbid", Policy::forbid}};

/// Where a processor is, how many there are of it and how large its pages are is not what it can.
constexpr std::string_view beside_the_point[] = {"cache", "counter", "features",  "maxphysaddr", "microcode",
                                                 "numa",  "pages",   "signature", "topology"};

/// A guest that relies on an invariant TSC cannot move.
constexpr std::string_view not_migratable = "invtsc";

void read_model(const XmlElement& model) {
    for (const auto* const attribute : {"fallback", "vendor_id"})
        static_cast<void>(model.attribute(attribute));
    const auto text = model.text();
    const auto name = domain::trimmed(text);
    if (!name.empty())
        model.unsupported(
            "model '{}' is not known: processors are compared here by their features, which "
            "`virsh capabilities` tells",
            shown(name));
}

void read_features(const XmlElement& cpu, CpuDefinition& definition) {
    for (const auto& feature : cpu.children("feature")) {
        const auto given = feature.attribute("name").value_or("");
        std::string name(domain::trimmed(given));
        const auto policy = attribute_choice(feature, "policy", policies, Policy::require);
        if (name.empty()) feature.invalid("<feature> has no attribute 'name'");
        // libvirt's capabilities schema allows no '.', so 'sse4.1' comes as 'sse4_1'.
        std::ranges::replace(name, '.', '_');
        if (!definition.features.try_emplace(name, policy).second)
            feature.invalid("CPU feature '{}' is there more than once", shown(name));
    }
}

CpuDefinition read_cpu(const XmlElement& cpu) {
    CpuDefinition definition;
    definition.of_the_host = attribute_choice(cpu, "mode", modes, false);
    definition.strict = attribute_choice(cpu, "match", match_words, false);
    for (const auto* const attribute : {"check", "migratable"})
        static_cast<void>(cpu.attribute(attribute));
    definition.arch = domain::trimmed(cpu.child("arch").text());
    definition.vendor = domain::trimmed(cpu.child("vendor").text());
    if (const auto model = cpu.child("model")) read_model(model);
    read_features(cpu, definition);
    for (const auto name : beside_the_point)
        for (const auto& child : cpu.children(name))
            static_cast<void>(child.outer_xml());
    return definition;
}

bool has(const CpuDefinition& cpu, const std::string& feature) {
    const auto found = cpu.features.find(feature);
    return found != cpu.features.end() &&
           (found->second == Policy::require || found->second == Policy::force);
}

std::vector<std::string_view> with_policy(const CpuDefinition& wanted, Policy policy,
                                          const CpuDefinition& host, bool there) {
    std::vector<std::string_view> found;
    for (const auto& [name, its] : wanted.features)
        if (its == policy && has(host, name) == there) found.push_back(name);
    return found;
}

CpuComparison incompatible(std::string_view why, const std::vector<std::string_view>& features) {
    return {CpuMatch::incompatible, fmt::format("{}: {}", why, fmt::join(features, ", "))};
}

/// The one that all those have that say it. operation_failed: not all have the same.
Result<std::string> same(const std::vector<CpuDefinition>& cpus, std::string CpuDefinition::* what,
                         std::string_view name) {
    std::string found;
    for (const auto& cpu : cpus) {
        if ((cpu.*what).empty()) continue;
        if (!found.empty() && found != cpu.*what)
            return fail(Reason::operation_failed, "the CPUs are of different {}: {} and {}", name,
                        shown(found), shown(cpu.*what));
        found = cpu.*what;
    }
    return found;
}

}  // namespace

Result<CpuDefinition> parse_cpu(std::string_view xml) {
    const auto document = domain::load_document(xml);
    if (!document) return std::unexpected(document.error());
    domain::XmlReading reading(**document);
    const auto root = reading.root();
    if (root.name() != "cpu" || !root.namespace_uri().empty())
        return fail(Reason::invalid_xml, "XML does not contain expected 'cpu' element, but '{}'",
                    shown(root.name()));
    auto definition = read_cpu(root);
    if (auto done = reading.finish(); !done) return std::unexpected(std::move(done.error()));
    return definition;
}

CpuDefinition cpu_of(const hypervisor::HostFacts& host) {
    CpuDefinition cpu{.arch = host.machine, .vendor = std::string(vendor_of(host.cpu_model))};
    for (const auto& feature : host.cpu_model.features)
        cpu.features.emplace(feature, Policy::require);
    return cpu;
}

CpuComparison compare(const CpuDefinition& host, const CpuDefinition& wanted) {
    if (!wanted.arch.empty() && wanted.arch != host.arch)
        return {CpuMatch::incompatible,
                fmt::format("host CPU is of architecture {}, and not of {}", host.arch, shown(wanted.arch))};
    if (!wanted.vendor.empty() && wanted.vendor != host.vendor)
        return {CpuMatch::incompatible,
                fmt::format("host CPU vendor does not match required CPU vendor {}", shown(wanted.vendor))};
    if (const auto forbidden = with_policy(wanted, Policy::forbid, host, true); !forbidden.empty())
        return incompatible("host CPU provides forbidden features", forbidden);
    if (const auto missing = with_policy(wanted, Policy::require, host, false); !missing.empty())
        return incompatible("host CPU does not provide required features", missing);
    std::vector<std::string_view> more;
    for (const auto& [name, policy] : host.features)
        if (!wanted.of_the_host && !wanted.features.contains(name)) more.push_back(name);
    if (more.empty()) return {CpuMatch::identical};
    if (wanted.strict) return incompatible("host CPU has more features than a strict match allows", more);
    return {CpuMatch::superset};
}

Result<std::string> common_cpu_xml(const std::vector<CpuDefinition>& cpus, bool migratable) {
    const auto arch = same(cpus, &CpuDefinition::arch, "architectures");
    if (!arch) return std::unexpected(arch.error());
    const auto vendor = same(cpus, &CpuDefinition::vendor, "vendors");
    if (!vendor) return std::unexpected(vendor.error());
    std::vector<std::string_view> common;
    for (const auto& [name, policy] : cpus.at(0).features)
        if (std::ranges::all_of(cpus, [&](const CpuDefinition& cpu) { return has(cpu, name); }) &&
            !(migratable && name == not_migratable))
            common.push_back(name);
    if (common.empty()) return fail(Reason::operation_failed, "the CPUs have no feature in common");

    domain::XmlWriter writer;
    {
        auto cpu = writer.element("cpu");
        cpu.attribute("mode", "custom").attribute("match", "exact");
        if (!vendor->empty()) writer.element("vendor").text(*vendor);
        for (const auto name : common)
            writer.element("feature").attribute("policy", "require").attribute("name", name);
    }
    return std::move(writer).take();
}

}  // namespace virtlight::libvirt
