// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <limits>

#include "domain/name.hpp"
#include "domain/nic_connection.hpp"
#include "domain/xl_cfg_options.hpp"
#include "domain/xl_cfg_specs.hpp"
#include "domain/xml_values.hpp"

// The network interfaces of a guest: xl-network-configuration(5).

namespace virtlight::domain {
namespace {

constexpr std::string_view paravirtual = "netfront";
constexpr std::uint64_t bytes_per_kib = 1024;

/// How often a guest's credit is renewed: xl's default, which is what each gets.
constexpr std::uint64_t renewal_us = 50'000;

/// "20ms", "1s", "500us": microseconds. Empty: it is no interval.
std::optional<std::uint64_t> parse_interval(std::string_view text) {
    constexpr std::pair<std::string_view, std::uint64_t> units[] = {
        {"us", 1}, {"ms", 1000}, {"s", 1'000'000}};
    for (const auto& [unit, scale] : units) {
        if (!text.ends_with(unit)) continue;
        text.remove_suffix(unit.size());
        const auto number = whole_number<std::uint32_t>(text);
        return number ? std::optional(*number * scale) : std::nullopt;
    }
    return std::nullopt;
}

/// "10Mb/s", "250KB/s": bytes per second. Empty: it is no rate.
std::optional<std::uint64_t> parse_rate(std::string_view text) {
    if (!text.ends_with("/s")) return std::nullopt;
    text.remove_suffix(2);
    const bool bits = text.ends_with('b');
    if (!bits && !text.ends_with('B')) return std::nullopt;
    text.remove_suffix(1);
    std::uint64_t scale = 1;
    for (const char unit : {'K', 'M', 'G'}) {
        scale *= 1000;
        if (!text.ends_with(unit)) continue;
        text.remove_suffix(1);
        const auto number = parse_number<std::uint32_t>(text);
        return number ? std::optional(*number * scale / (bits ? 8 : 1)) : std::nullopt;
    }
    const auto number = parse_number<std::uint64_t>(text);
    return number ? std::optional(bits ? *number / 8 : *number) : std::nullopt;
}

/// xl takes any character between the numbers of a MAC address, and Windows writes dashes.
std::string with_colons(std::string_view mac) {
    std::string text(mac);
    std::ranges::replace(text, '-', ':');
    return text;
}

/// One interface in the making. What is wrong with it is noted, and the rest of it does not matter then.
class NicReading {
 public:
    explicit NicReading(const XlAt& at) : at_(at) {}

    Nic read(const Definition& definition) {
        nic_.mac = MacAddress::random();
        nic_.devid = free_devid(definition.nics);
        for (const auto& parameter : at_.parameters())
            read_parameter(parameter.key, trimmed(parameter.value.text));
        connect();
        choose_model(definition.type);
        return std::move(nic_);
    }

 private:
    void read_parameter(std::string_view name, std::string_view value) {
        if (name == "trusted" && value.empty()) return;
        if (!set_text(name, value) && !set_number(name, value) && !set_other(name, value))
            at_.unsupported("'{}{}{}' of a network interface is not supported", shown(name),
                            value.empty() ? "" : "=", shown(value));
    }

    bool set_text(std::string_view name, std::string_view value) {
        const std::pair<std::string_view, std::string*> texts[] = {
            {"bridge", &connection_.bridge}, {"script", &connection_.script}, {"ip", &connection_.addresses},
            {"model", &nic_.model},          {"vifname", &nic_.target},
        };
        const auto* const found =
            std::ranges::find(texts, name, &std::pair<std::string_view, std::string*>::first);
        if (found == std::end(texts)) return false;
        *found->second = value;
        return true;
    }

    bool set_number(std::string_view name, std::string_view value) {
        if (name != "devid" && name != "mtu") return false;
        const auto number = parse_number<unsigned>(value);
        if (!number)
            at_.invalid("'{}' of a network interface is no number: '{}'", name, shown(value));
        else if (name == "devid" && *number >= limits::nics)
            at_.invalid("'devid' of a network interface must be below {}, not {}", limits::nics, *number);
        (name == "mtu" ? nic_.mtu : nic_.devid) = number.value_or(0);
        return true;
    }

    bool set_other(std::string_view name, std::string_view value) {
        if (name == "mac") {
            const auto mac = MacAddress::parse(with_colons(value));
            if (!mac) at_.invalid("'{}' is no MAC address", shown(value));
            nic_.mac = mac.value_or(nic_.mac);
        } else if (name == "rate") {
            set_rate(value);
        } else if (name == "backend") {
            nic_.backend_domain = other_domain(value);
        } else if (name == "type" && (value == "vif" || value == "ioemu")) {
            type_ = value == "vif" ? "vif" : "ioemu";
        } else {
            return false;
        }
        return true;
    }

    void set_rate(std::string_view value) {
        const auto end = std::min(value.find('@'), value.size());
        if (end < value.size() && parse_interval(value.substr(end + 1)) != renewal_us)
            at_.unsupported("the interval of a rate can be 50ms, as it is without one, and not '{}'",
                            shown(value.substr(end + 1)));
        const auto bytes = parse_rate(value.substr(0, end));
        const auto whole = bytes ? (*bytes + bytes_per_kib - 1) / bytes_per_kib : 0;
        if (whole == 0 || whole > std::numeric_limits<unsigned>::max())
            return at_.invalid("'{}' is no rate of a network interface, as 10Mb/s and 250KB/s are",
                               shown(value));
        nic_.rate_kib = static_cast<unsigned>(whole);
    }

    void connect() {
        domain::connect(nic_, connection_);
        const auto is_none = [](unsigned id) { return id == 0 || id > last_vlan; };
        const auto& port = nic_.openvswitch;
        if (port && (is_none(port->tag.value_or(last_vlan)) || std::ranges::any_of(port->trunk, is_none)))
            at_.invalid("the VLANs of bridge '{}' must be numbers from 1 to {}, as in BRIDGE.TAG:TRUNK:TRUNK",
                        shown(connection_.bridge), last_vlan);
    }

    /// xl takes no notice of the model of a guest's that gets a vif alone.
    void choose_model(GuestType guest) {
        if (type_ == "vif" && !nic_.model.empty() && nic_.model != paravirtual)
            at_.invalid("'type=vif' of a network interface has no model, and 'model={}' is one",
                        shown(nic_.model));
        if (type_ == "ioemu" && (guest != GuestType::hvm || nic_.model == paravirtual))
            at_.invalid("'type=ioemu' is of an HVM guest's network interface that is emulated");
        if (type_ == "vif") nic_.model = paravirtual;
    }

    const XlAt& at_;
    Nic nic_;
    NicConnection connection_;
    std::string_view type_;  ///< "vif", "ioemu", or empty where it is not said
};

std::string spec_of(const Nic& nic, bool devid_told) {
    const auto connection = connection_of(nic);
    auto spec = fmt::format("mac={}", to_string(nic.mac));
    const auto add = [&](std::string_view name, std::string_view value) {
        if (!value.empty()) spec += fmt::format(",{}={}", name, value);
    };
    add("bridge", connection.bridge);
    add("script", connection.script);
    add("ip", connection.addresses);
    if (nic.model == paravirtual)
        add("type", "vif");
    else
        add("model", nic.model);
    add("vifname", nic.target);
    add("backend", nic.backend_domain);
    if (nic.rate_kib > 0) add("rate", fmt::format("{}B/s", nic.rate_kib * bytes_per_kib));
    if (nic.mtu > 0) add("mtu", std::to_string(nic.mtu));
    if (devid_told) add("devid", std::to_string(nic.devid));
    return spec;
}

}  // namespace

void read_xl_nics(const XlAt& at, Definition& definition) {
    for (const auto& item : at.items()) {
        auto nic = NicReading(item).read(definition);
        for (const auto& good : {check_nic(nic, definition.type), check_beside(nic, definition.nics)})
            if (!good) return item.unsupported("{}", good.error().message);
        definition.nics.push_back(std::move(nic));
    }
}

void write_xl_nics(const Definition& definition, XlWriter& writer) {
    std::vector<std::string> specs;
    std::vector<Nic> before;
    for (const auto& nic : definition.nics) {
        specs.push_back(spec_of(nic, nic.devid != free_devid(before)));
        before.push_back(nic);
    }
    writer.texts("vif", specs);
}

}  // namespace virtlight::domain
