// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/nics.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

#include "domain/name.hpp"
#include "domain/nic_connection.hpp"
#include "domain/text.hpp"
#include "xenlight/words.hpp"

namespace virtlight::xenlight {
namespace {

using domain::GuestType;
using domain::Nic;

/// Xen gives a vif its credit to send anew so often, as xl does.
constexpr std::uint32_t rate_interval_usecs = 50'000;
constexpr std::uint64_t second_usecs = 1'000'000;

std::uint64_t bytes_per_interval(unsigned rate_kib) {
    return std::uint64_t{rate_kib} * 1024 * rate_interval_usecs / second_usecs;
}

unsigned rate_kib(std::uint64_t bytes_per_interval, std::uint32_t interval_usecs) {
    if (interval_usecs == 0) return 0;
    const auto bytes = static_cast<double>(bytes_per_interval) * second_usecs / interval_usecs;
    const auto kib = std::clamp(bytes / 1024, 1.0, double{std::numeric_limits<unsigned>::max()});
    return static_cast<unsigned>(std::lround(kib));
}

}  // namespace

void write_nic(const Nic& nic, GuestType type, libxl_device_nic& written) {
    written.devid = static_cast<int>(nic.devid);
    std::ranges::copy(nic.mac.bytes, written.mac);
    const auto connection = domain::connection_of(nic);
    written.bridge = copy(connection.bridge);
    written.script = copy(connection.script);
    written.ip = copy(connection.addresses);
    written.model = copy(nic.model);
    written.nictype = is_emulated(nic, type) ? LIBXL_NIC_TYPE_VIF_IOEMU : LIBXL_NIC_TYPE_VIF;
    written.ifname = copy(nic.target);
    written.backend_domname = copy(nic.backend_domain);
    written.mtu = static_cast<int>(nic.mtu);
    if (nic.rate_kib == 0) return;
    written.rate_bytes_per_interval = bytes_per_interval(nic.rate_kib);
    written.rate_interval_usecs = rate_interval_usecs;
}

Nic read_nic(const libxl_device_nic& given, GuestType type) {
    Nic nic;
    std::ranges::copy(given.mac, nic.mac.bytes.begin());
    nic.devid = static_cast<unsigned>(std::max(given.devid, 0));
    // libxl keeps what it was told.
    domain::connect(nic, {text_of(given.bridge), text_of(given.script), text_of(given.ip)});
    nic.model = text_of(given.model);
    // xl says of an HVM guest's vif alone that it has no model.
    if (type == GuestType::hvm && given.nictype == LIBXL_NIC_TYPE_VIF) nic.model = domain::paravirtual_nic;
    nic.target = text_of(given.ifname);
    nic.backend_domain = domain::other_domain(text_of(given.backend_domname));
    nic.rate_kib = rate_kib(given.rate_bytes_per_interval, given.rate_interval_usecs);
    nic.mtu = static_cast<unsigned>(std::max(given.mtu, 0));
    return nic;
}

std::string rate_words(const Nic& nic) {
    if (nic.rate_kib == 0) return {};
    return fmt::format("{},{}", bytes_per_interval(nic.rate_kib), rate_interval_usecs);
}

unsigned rate_in(std::string_view words) {
    const auto comma = std::min(words.find(','), words.size());
    const auto bytes = domain::whole_number<std::uint64_t>(words.substr(0, comma));
    const auto interval =
        domain::whole_number<std::uint32_t>(words.substr(std::min(comma + 1, words.size())));
    return bytes && interval ? rate_kib(*bytes, *interval) : 0;
}

void write_nics(const domain::Definition& definition, libxl_domain_config& config) {
    config.nics = allocate<libxl_device_nic>(definition.nics.size());
    for (const auto& nic : definition.nics) {
        auto& written = config.nics[config.num_nics++];
        libxl_device_nic_init(&written);
        write_nic(nic, definition.type, written);
    }
}

std::vector<Nic> read_nics(const libxl_domain_config& config, GuestType type) {
    std::vector<Nic> nics;
    for (const auto& given : std::span(config.nics, static_cast<std::size_t>(config.num_nics))) {
        auto nic = read_nic(given, type);
        if (given.devid < 0) nic.devid = free_devid(nics);
        nics.push_back(std::move(nic));
    }
    return nics;
}

Result<> check_nics(const libxl_domain_config& config, GuestType type) {
    for (const auto& given : std::span(config.nics, static_cast<std::size_t>(config.num_nics))) {
        if (given.gatewaydev || !is_on(given.trusted, true))
            return fail(
                Reason::unsupported_config,
                "it has a network interface with a gateway device of its own, or one that is not trusted");
        if (auto good = check_nic(read_nic(given, type), type); !good) return good;
    }
    return {};
}

}  // namespace virtlight::xenlight
