// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <cstdint>
#include <iterator>
#include <limits>
#include <set>

#include "base/limits.hpp"
#include "domain/nic.hpp"
#include "domain/nic_connection.hpp"
#include "domain/xml_parts.hpp"
#include "domain/xml_settings.hpp"
#include "domain/xml_values.hpp"

namespace virtlight::domain {
namespace {

using NicKind = Nic::Kind;

constexpr Word<NicKind> nic_kinds[] = {
    {"bridge", NicKind::bridge}, {"ethernet", NicKind::ethernet}, {"network", NicKind::network}};
/// Of an interface that is a PCI device.
constexpr std::string_view card_type = "hostdev";
constexpr Word<bool> links[] = {{"up", false}, {"down", true}};  // whether it is down
constexpr std::string_view alias_prefix = "net";
/// Among what is ours in <metadata>, for one whose alias is the user's.
constexpr std::string_view devid_element = "nic";

/// 0: it is not there.
unsigned positive_number(const XmlElement& at, std::string_view attribute,
                         unsigned most = std::numeric_limits<unsigned>::max()) {
    return attribute_number(at, attribute, 1, most).value_or(0);
}

NicKind read_nic_kind(const XmlElement& interface) {
    const auto type = interface.attribute("type");
    if (!type) {
        interface.invalid("<interface> has no attribute 'type'; allowed here: {}, {}",
                          list_words<NicKind>(nic_kinds), card_type);
    } else {
        const auto kind = meaning_of<NicKind>(*type, nic_kinds);
        if (!kind)
            interface.unsupported(
                "Invalid value for attribute 'type' in element 'interface': '{}'; allowed here: {}, {}",
                shown(*type), list_words<NicKind>(nic_kinds), card_type);
        return kind.value_or(NicKind::bridge);
    }
    return NicKind::bridge;
}

/// libvirt makes up an id for each port and writes it down; Xen's script makes nothing of it.
void expect_port_id(const XmlElement& at, std::string_view attribute) {
    const auto id = at.attribute(attribute);
    if (id && !Uuid::parse(trimmed(*id)))
        at.invalid("attribute '{}' of <{}> must be a UUID, not '{}'", attribute, at.name(), shown(*id));
}

/// libvirt tells of a guest that runs both the network and its bridge, and calls it either.
void read_source(const XmlElement& interface, Nic& nic) {
    const auto source = interface.child("source");
    const auto bridge = source.attribute("bridge");
    const auto network = source.attribute("network");
    expect_port_id(source, "portid");
    if (nic.kind == NicKind::bridge) {
        if (!bridge)
            interface.invalid("No <source> 'bridge' attribute specified with <interface type='bridge'/>");
        nic.bridge = trimmed(bridge.value_or(""));
        return;
    }
    if (!network)
        interface.invalid(
            "No <source> 'network' attribute specified with <interface type='network'/>: it names one of "
            "libvirt's networks, which `virsh net-list` lists");
    nic.network = trimmed(network.value_or(""));
}

std::optional<OpenVswitch> read_openvswitch(const XmlElement& interface) {
    const auto port = interface.child("virtualport");
    const auto vlan = interface.child("vlan");
    if (!port) {
        if (vlan) vlan.unsupported("<vlan> is only supported with <virtualport type='openvswitch'/>");
        return std::nullopt;
    }
    if (!port.attribute("type"))
        port.invalid("<virtualport> has no attribute 'type'; allowed here: openvswitch");
    expect_attribute(port, "type", "openvswitch");
    expect_port_id(port.child("parameters"), "interfaceid");
    OpenVswitch openvswitch;
    if (!vlan) return openvswitch;
    const auto tags = vlan.children("tag");
    if (tags.empty()) vlan.invalid("<vlan> has no <tag>");
    const bool trunk = vlan.attribute("trunk").has_value() || tags.size() > 1;
    expect_attribute(vlan, "trunk", "yes");
    for (const auto& tag : tags) {
        if (!tag.attribute("id")) tag.invalid("<tag> has no attribute 'id'");
        const auto id = positive_number(tag, "id", last_vlan);
        const bool native = tag.attribute("nativeMode").has_value();
        expect_attribute(tag, "nativeMode", "untagged");
        if (trunk && !native) {
            openvswitch.trunk.push_back(id);
        } else if (openvswitch.tag) {
            tag.invalid("<vlan> can have one <tag> with nativeMode='untagged'");
        } else {
            openvswitch.tag = id;
        }
    }
    return openvswitch;
}

/// Xen limits what a guest sends, by an average alone.
unsigned read_rate(const XmlElement& interface) {
    const auto bandwidth = interface.child("bandwidth");
    const auto outbound = bandwidth.child("outbound");
    if (outbound && !outbound.attribute("average"))
        outbound.invalid("<outbound> has no attribute 'average', which is in KiB per second");
    return positive_number(outbound, "average");
}

std::vector<std::string> read_addresses(const XmlElement& interface) {
    std::vector<std::string> addresses;
    for (const auto& ip : interface.children("ip")) {
        auto& address = addresses.emplace_back(trimmed(ip.attribute("address").value_or("")));
        if (!is_ip_address(address))
            ip.invalid("attribute 'address' of <ip> must be an IP address, not '{}'", shown(address));
        expect_attribute(ip, "family", address.contains(':') ? "ipv6" : "ipv4");
        const auto prefix = ip.attribute("prefix");
        if (!prefix) continue;
        address += fmt::format("/{}", trimmed(*prefix));
        if (!is_ip_range(address))
            ip.invalid("<ip> with a 'prefix' must be a network, as 10.0.0.0/29 is, and not '{}'",
                       shown(address));
    }
    return addresses;
}

std::optional<unsigned> bounded_devid(std::string_view digits) {
    const auto devid = parse_number<unsigned>(digits);
    return devid && *devid < limits::nics ? devid : std::nullopt;
}

/// Those that <metadata> says, by MAC addresses. One of an interface that is there no more says nothing.
using HiddenDevids = std::vector<std::pair<MacAddress, unsigned>>;

HiddenDevids read_hidden_devids(const XmlElement& metadata) {
    HiddenDevids all;
    for (const auto& nic : settings_in(metadata).children(devid_element)) {
        const auto mac = MacAddress::parse(nic.attribute("mac").value_or(""));
        const auto devid = bounded_devid(nic.attribute("devid").value_or(""));
        if (mac && devid)
            all.emplace_back(*mac, *devid);
        else
            nic.invalid("<nic> needs the attributes 'mac', a MAC address, and 'devid', a number below {}",
                        limits::nics);
    }
    return all;
}

std::optional<unsigned> hidden_devid(const XmlElement& interface, const HiddenDevids& hidden) {
    const auto mac = MacAddress::parse(interface.child("mac").attribute("address").value_or(""));
    const auto found =
        std::ranges::find(hidden, mac.value_or(MacAddress()), &HiddenDevids::value_type::first);
    return found == hidden.end() ? std::nullopt : std::optional(found->second);
}

/// Of a NIC that was described with one: "net0".
std::optional<unsigned> devid_in(const XmlElement& interface, const HiddenDevids& hidden) {
    const auto alias = interface.child("alias").attribute("name").value_or("");
    if (is_users_alias(alias)) return hidden_devid(interface, hidden);
    if (!alias.starts_with(alias_prefix)) return std::nullopt;
    return bounded_devid(std::string_view(alias).substr(alias_prefix.size()));
}

/// What the aliases say, each devid once.
std::vector<std::optional<unsigned>> said_devids(const std::vector<XmlElement>& interfaces,
                                                 const HiddenDevids& hidden, std::set<unsigned>& taken) {
    std::vector<std::optional<unsigned>> said;
    for (const auto& interface : interfaces) {
        const auto devid = devid_in(interface, hidden);
        said.push_back(devid && taken.insert(*devid).second ? devid : std::nullopt);
    }
    return said;
}

/// The wanted one if nobody has it, else the lowest that is free.
unsigned take_devid(std::set<unsigned>& taken, unsigned wanted) {
    if (taken.insert(wanted).second) return wanted;
    unsigned devid = 0;
    while (!taken.insert(devid).second)
        ++devid;
    return devid;
}

/// Those that the aliases say; else the place in the order, or the lowest that is free.
std::vector<unsigned> read_devids(const std::vector<XmlElement>& interfaces, const HiddenDevids& hidden) {
    std::set<unsigned> taken;
    const auto said = said_devids(interfaces, hidden, taken);
    std::vector<unsigned> devids;
    for (const auto& devid : said) {
        const auto place = static_cast<unsigned>(devids.size());
        devids.push_back(devid ? *devid : take_devid(taken, place));
    }
    return devids;
}

void read_nics(const XmlElement& devices, Definition& definition) {
    auto interfaces = devices.children("interface");
    std::vector<XmlElement> cards;
    std::ranges::copy_if(interfaces, std::back_inserter(cards), is_network_card);
    std::erase_if(interfaces, is_network_card);
    const auto devids = read_devids(interfaces, read_hidden_devids(devices.parent().child("metadata")));
    for (const auto& interface : interfaces) {
        auto nic = read_nic(interface);
        nic.devid = devids[definition.nics.size()];
        auto good = check_nic(nic, definition.type);
        if (good) good = check_beside(nic, definition.nics);
        if (!good) {
            interface.unsupported("{}", good.error().message);
            return;
        }
        definition.nics.push_back(std::move(nic));
    }
    for (const auto& card : cards)
        add_network_card(card, definition);
}

void write_openvswitch(XmlWriter& writer, const OpenVswitch& openvswitch) {
    writer.element("virtualport").attribute("type", "openvswitch");
    const auto& [tag, trunk] = openvswitch;
    if (!tag && trunk.empty()) return;
    auto vlan = writer.element("vlan");
    if (!trunk.empty()) vlan.attribute("trunk", "yes");
    for (const auto id : trunk)
        writer.element("tag").attribute("id", id);
    if (!tag) return;
    auto element = writer.element("tag");
    element.attribute("id", *tag);
    if (!trunk.empty()) element.attribute("nativeMode", "untagged");
}

void write_address(XmlWriter& writer, std::string_view address) {
    const auto slash = address.find('/');
    auto ip = writer.element("ip");
    ip.attribute("address", address.substr(0, slash));
    ip.attribute("family", address.contains(':') ? "ipv6" : "ipv4");
    if (slash != address.npos) ip.attribute("prefix", address.substr(slash + 1));
}

/// The bridge of a network is that of a life.
void write_source(XmlWriter& writer, const Nic& nic, Shape shape) {
    if (nic.kind == NicKind::ethernet) return;
    auto source = writer.element("source");
    if (nic.kind == NicKind::network) source.attribute("network", nic.network);
    const bool found = shape == Shape::running && !nic.bridge.empty();
    if (nic.kind == NicKind::bridge || found) source.attribute("bridge", nic.bridge);
}

void write_text(XmlWriter& writer, std::string_view name, std::string_view attribute, std::string_view text) {
    if (!text.empty()) writer.element(name).attribute(attribute, text);
}

void write_nics(XmlWriter& writer, const Definition& definition, Shape shape) {
    for (unsigned place = 0; const auto& nic : definition.nics) {
        // Of what is stored only where reading would give another devid.
        write_nic(writer, nic, shape, shape == Shape::running || nic.devid != place);
        ++place;
    }
    for (const auto& device : definition.pci_devices)
        if (device.mac) write_network_card(writer, device, shape);
}

}  // namespace

MacAddress read_mac(const XmlElement& interface) {
    const auto element = interface.child("mac");
    const auto text = element.attribute("address");
    if (!text) return MacAddress::random();
    const auto mac = MacAddress::parse(*text);
    if (!mac)
        element.invalid(
            "unable to parse mac address '{}': attribute 'address' of <mac> must be six hexadecimal numbers, "
            "as in 00:16:3e:01:02:03",
            shown(*text));
    return mac.value_or(MacAddress::random());
}

bool is_network_card(const XmlElement& interface) {
    return trimmed(interface.attribute("type").value_or("")) == card_type;
}

Nic read_nic(const XmlElement& interface) {
    Nic nic;
    nic.kind = read_nic_kind(interface);
    nic.mac = read_mac(interface);
    if (nic.kind != NicKind::ethernet) {
        read_source(interface, nic);
        nic.openvswitch = read_openvswitch(interface);
    }
    nic.script = interface.child("script").attribute("path").value_or("");
    if (nic.openvswitch && is_openvswitch_script(nic.script))
        nic.script.clear();  // such a port has it anyway
    if (nic.kind == NicKind::ethernet && nic.script.empty()) {
        nic.kind = NicKind::bridge;  // as libxl has one of which libvirt's driver tells it nothing
        nic.bridge = default_bridge;
    }
    nic.addresses = read_addresses(interface);
    nic.model = trimmed(interface.child("model").attribute("type").value_or(""));
    nic.target = trimmed(interface.child("target").attribute("dev").value_or(""));
    if (is_given_by_xen(nic.target)) nic.target.clear();  // of the life that was described
    nic.backend_domain = read_backend_domain(interface);
    nic.rate_kib = read_rate(interface);
    nic.mtu = positive_number(interface.child("mtu"), "size", std::numeric_limits<std::uint16_t>::max());
    nic.link_down = attribute_choice<bool>(interface.child("link"), "state", links, false);
    nic.alias = read_alias(interface);
    return nic;
}

void write_nic(XmlWriter& writer, const Nic& nic, Shape shape, bool with_devid) {
    auto interface = writer.element("interface");
    interface.attribute("type", word_for(nic.kind, nic_kinds));
    writer.element("mac").attribute("address", to_string(nic.mac));
    write_source(writer, nic, shape);
    for (const auto& address : nic.addresses)
        write_address(writer, address);
    if (nic.openvswitch) write_openvswitch(writer, *nic.openvswitch);
    if (nic.rate_kib != 0) {
        const auto bandwidth = writer.element("bandwidth");
        writer.element("outbound").attribute("average", nic.rate_kib);
    }
    write_text(writer, "script", "path", nic.script);
    write_text(writer, "backenddomain", "name", nic.backend_domain);
    write_text(writer, "target", "dev", nic.target);
    write_text(writer, "model", "type", nic.model);
    if (nic.link_down) writer.element("link").attribute("state", "down");
    if (nic.mtu != 0) writer.element("mtu").attribute("size", nic.mtu);
    write_alias(writer, nic.alias, alias_of(nic), with_devid ? Shape::running : Shape::stored);
}

constinit const XmlPart nics_part{read_nics, write_nics};

std::vector<const Nic*> nics_with_hidden_devid(const Definition& definition) {
    std::vector<const Nic*> all;
    for (unsigned place = 0; const auto& nic : definition.nics)
        if (nic.devid != place++ && !nic.alias.empty()) all.push_back(&nic);
    return all;
}

void write_devid(XmlWriter& writer, const Nic& nic) {
    writer.element(devid_element).attribute("mac", to_string(nic.mac)).attribute("devid", nic.devid);
}

}  // namespace virtlight::domain
