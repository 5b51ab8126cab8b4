// SPDX-License-Identifier: LGPL-2.1-or-later
#include <set>
#include <string>

#include "domain/xml_parts.hpp"
#include "domain/xml_values.hpp"

// What Xen makes of the machine, where libvirt has elements for it: <pm>, <cpu> and <features><xen>.

namespace virtlight::domain {
namespace {

constexpr Word<Passthrough> modes[] = {{"sync_pt", Passthrough::sync_pt},
                                       {"share_pt", Passthrough::share_pt}};
constexpr Word<CpuPolicy> policies[] = {{"force", CpuPolicy::force},
                                        {"optional", CpuPolicy::optional},
                                        {"disable", CpuPolicy::disable},
                                        {"require", CpuPolicy::force},
                                        {"forbid", CpuPolicy::disable}};

std::optional<bool> read_sleep(const XmlElement& element, GuestType type) {
    if (!element) return std::nullopt;
    if (type != GuestType::hvm) element.unsupported("only HVM guests have <{}>", element.name());
    return attribute_choice(element, "enabled", yes_or_no, true);
}

void read_pm(const XmlElement& domain, Definition& definition) {
    const auto pm = domain.child("pm");
    definition.platform.suspend_to_mem = read_sleep(pm.child("suspend-to-mem"), definition.type);
    definition.platform.suspend_to_disk = read_sleep(pm.child("suspend-to-disk"), definition.type);
}

void write_sleep(XmlWriter& writer, std::string_view name, std::optional<bool> enabled) {
    if (enabled) writer.element(name).attribute("enabled", word_for(*enabled, yes_or_no));
}

void write_pm(XmlWriter& writer, const Definition& definition, Shape) {
    const auto& platform = definition.platform;
    if (!platform.suspend_to_mem && !platform.suspend_to_disk) return;
    const auto pm = writer.element("pm");
    write_sleep(writer, "suspend-to-mem", platform.suspend_to_mem);
    write_sleep(writer, "suspend-to-disk", platform.suspend_to_disk);
}

/// The processor's own virtualisation, by Intel's and by AMD's name.
bool is_nesting(std::string_view feature) {
    return feature == "vmx" || feature == "svm";
}

/// `seen` are the names of those before it.
void read_feature(const XmlElement& feature, Definition& definition, std::set<std::string>& seen) {
    auto& platform = definition.platform;
    const std::string name(trimmed(feature.attribute("name").value_or("")));
    const auto policy = attribute_choice(feature, "policy", policies, CpuPolicy::force);
    if (!is_cpu_feature(name))
        return feature.invalid("<feature> has no name, or a bad one: '{}'", shown(name));
    if (!seen.insert(name).second) feature.invalid("<cpu> has the feature '{}' twice", name);
    if (!is_nesting(name)) {
        if (const auto known = check_cpu_feature(name); !known)
            feature.unsupported("{}", known.error().message);
        platform.cpu_features.try_emplace(name, policy);
        return;
    }
    if (definition.type == GuestType::pv) feature.unsupported("a PV guest has no feature '{}'", name);
    if (policy == CpuPolicy::optional) feature.unsupported("feature '{}' cannot be optional here", name);
    const bool on = policy == CpuPolicy::force;
    if (platform.nested.value_or(on) != on)
        feature.invalid(
            "<cpu> says otherwise of '{}' than before: vmx and svm are Intel's and AMD's names of one", name);
    platform.nested = on;
}

void read_cpu(const XmlElement& domain, Definition& definition) {
    const auto cpu = domain.child("cpu");
    read_numa(domain, definition);
    const bool has_mode = cpu.attribute("mode").has_value();
    if (cpu && !has_mode && definition.numa.empty())
        cpu.unsupported("<cpu> has no mode; allowed here: host-passthrough");
    if (!has_mode) return;
    expect_attribute(cpu, "mode", "host-passthrough");
    expect_attribute(cpu, "check", "none");
    definition.platform.host_cpu = true;
    std::set<std::string> seen;
    for (const auto& feature : cpu.children("feature"))
        read_feature(feature, definition, seen);
}

void write_cpu_features(XmlWriter& writer, const Platform& platform) {
    const auto write_feature = [&](std::string_view name, CpuPolicy policy) {
        writer.element("feature").attribute("policy", word_for(policy, policies)).attribute("name", name);
    };
    if (platform.nested) write_feature("vmx", *platform.nested ? CpuPolicy::force : CpuPolicy::disable);
    for (const auto& [name, policy] : platform.cpu_features)
        write_feature(name, policy);
}

void write_cpu(XmlWriter& writer, const Definition& definition, Shape) {
    const auto& platform = definition.platform;
    write_numatune(writer, definition.numa);
    if (!platform.host_cpu && definition.numa.empty()) return;
    auto cpu = writer.element("cpu");
    if (platform.host_cpu) {
        cpu.attribute("mode", "host-passthrough").attribute("check", "none");
        write_cpu_features(writer, platform);
    }
    write_numa(writer, definition.numa);
}

}  // namespace

constinit const XmlPart pm_part{read_pm, write_pm};
constinit const XmlPart cpu_part{read_cpu, write_cpu};

void read_xen_features(const XmlElement& features, Definition& definition) {
    auto& platform = definition.platform;
    const auto xen = features.child("xen");
    if (const auto e820 = xen.child("e820_host")) {
        platform.e820_host = attribute_choice(e820, "state", switches, true);
        if (definition.type != GuestType::pv) e820.unsupported("only PV guests have <e820_host>");
    }
    if (const auto passthrough = xen.child("passthrough")) {
        const bool on = attribute_choice(passthrough, "state", switches, true);
        const auto mode = attribute_choice(passthrough, "mode", modes, Passthrough::enabled);
        platform.passthrough = on ? mode : Passthrough::disabled;
        if (!on && mode != Passthrough::enabled) passthrough.invalid("<passthrough> that is off has no mode");
    }
}

void write_xen_features(XmlWriter& writer, const Platform& platform) {
    if (!platform.e820_host && !platform.passthrough) return;
    const auto xen = writer.element("xen");
    if (platform.e820_host)
        writer.element("e820_host").attribute("state", word_for(*platform.e820_host, switches));
    if (!platform.passthrough) return;
    const auto mode = *platform.passthrough;
    auto passthrough = writer.element("passthrough");
    passthrough.attribute("state", word_for(mode != Passthrough::disabled, switches));
    if (mode == Passthrough::sync_pt || mode == Passthrough::share_pt)
        passthrough.attribute("mode", word_for(mode, modes));
}

}  // namespace virtlight::domain
