// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/links.hpp"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/file.hpp"
#include "xenlight/qmp.hpp"

namespace virtlight::xenlight {
namespace {

namespace json = boost::json;
using domain::GuestType;
using domain::Nic;
using hypervisor::DomId;

/// The interfaces of Domain-0.
class Interfaces {
 public:
    /// Empty: there is no such one.
    std::optional<bool> is_up(const std::string& name) const {
        auto request = about(name);
        if (::ioctl(socket_.get(), SIOCGIFFLAGS, &request) != 0) return std::nullopt;
        return (request.ifr_flags & IFF_UP) != 0;
    }

    Result<> set_up(const std::string& name, bool up) const {
        auto request = about(name);
        if (::ioctl(socket_.get(), SIOCGIFFLAGS, &request) != 0) return failure(name, up);
        constexpr short is_up = IFF_UP;
        request.ifr_flags = static_cast<short>(up ? request.ifr_flags | is_up : request.ifr_flags & ~is_up);
        if (::ioctl(socket_.get(), SIOCSIFFLAGS, &request) != 0) return failure(name, up);
        return {};
    }

 private:
    static ifreq about(const std::string& name) {
        ifreq request{};
        name.copy(request.ifr_name, sizeof request.ifr_name - 1);
        return request;
    }
    static std::unexpected<Error> failure(const std::string& name, bool up) {
        return fail_errno(errno, "cannot set interface '{}' of Domain-0 {}", name, up ? "up" : "down");
    }

    Fd socket_{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
};

/// Of the card that the device model emulates beside the vif, as libxl has named it.
std::string twin_of(const Nic& nic, DomId domid) {
    return vif_name(nic, domid) + "-emu";
}

Result<> set_interfaces(const Interfaces& interfaces, const Nic& nic, DomId domid, GuestType type, bool up) {
    if (auto set = interfaces.set_up(vif_name(nic, domid), up); !set) return set;
    return is_emulated(nic, type) ? interfaces.set_up(twin_of(nic, domid), up) : Result<>();
}

/// Whether it is to be changed, and can be.
Result<bool> is_to_change(const Interfaces& interfaces, const Nic& nic, DomId domid, GuestType type) {
    const auto vif = vif_name(nic, domid);
    const auto up = interfaces.is_up(vif);
    if (!up && nic.link_down)
        return fail(Reason::no_device, "network interface {}: Domain-0 has no interface '{}' to be set down",
                    to_string(nic.mac), vif);
    if (!up || *up != nic.link_down) return false;
    if (is_emulated(nic, type) && !interfaces.is_up(twin_of(nic, domid)))
        return fail(
            Reason::unsupported_operation,
            "network interface {}: its link cannot be changed, as Domain-0 has no interface '{}' of its "
            "emulated card, as where the device model runs in a domain of its own",
            to_string(nic.mac), twin_of(nic, domid));
    return true;
}

/// It tells the guest. A guest that has given up its emulated cards for Xen's own does not mind.
Result<> tell_model(const std::vector<Nic>& nics, const std::filesystem::path& socket) {
    if (nics.empty()) return {};
    auto qmp = Qmp::open(socket);
    if (!qmp) return std::unexpected(std::move(qmp.error()));
    for (const auto& nic : nics) {
        const json::object arguments{{"name", fmt::format("net{}", nic.devid)}, {"up", !nic.link_down}};
        const auto told = qmp->execute("set_link", json::serialize(arguments));
        if (!told) return std::unexpected(told.error());
    }
    return {};
}

}  // namespace

bool is_link_down(const Nic& nic, DomId domid) {
    return !Interfaces().is_up(vif_name(nic, domid)).value_or(true);
}

Result<> set_links(DomId domid, GuestType type, std::span<const Nic> nics,
                   const std::filesystem::path& folder) {
    const Interfaces interfaces;
    std::vector<Nic> changing;
    for (const auto& nic : nics) {
        const auto change = is_to_change(interfaces, nic, domid, type);
        if (!change) return std::unexpected(change.error());
        if (*change) changing.push_back(nic);
    }
    Result<> set;
    for (const auto& nic : changing)
        if (set) set = set_interfaces(interfaces, nic, domid, type, !nic.link_down);
    auto emulated = changing;
    std::erase_if(emulated, [type](const Nic& nic) { return !is_emulated(nic, type); });
    if (set) set = tell_model(emulated, measuring_socket(domid, folder));
    if (set) return set;
    for (const auto& nic : changing)
        std::ignore = set_interfaces(interfaces, nic, domid, type, nic.link_down);
    return set;
}

}  // namespace virtlight::xenlight
