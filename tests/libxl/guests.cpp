// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libxl/guests.hpp"

#include <cstdlib>
#include <optional>

#include <fcntl.h>
#include <fmt/format.h>

namespace virtlight::fake {
namespace {

std::string node(unsigned domid, std::string_view name) {
    return fmt::format("/local/domain/{}/{}", domid, name);
}

/// The domid in "/local/domain/5/control/shutdown".
std::optional<unsigned> domid_in(const std::string& path) {
    constexpr std::string_view folder = "/local/domain/";
    if (!path.starts_with(folder)) return std::nullopt;
    return static_cast<unsigned>(std::strtoul(path.c_str() + folder.size(), nullptr, 10));
}

std::optional<Stop> stop_of(const std::string& request) {
    if (request == "poweroff" || request == "halt") return Stop::poweroff;
    if (request == "reboot") return Stop::reboot;
    if (request == "suspend") return Stop::suspend;
    return std::nullopt;
}

}  // namespace

Guests::Guests(Xen& xen, XenstoreServer& xenstore) : xen_(xen), xenstore_(xenstore) {
    xenstore_.on_change([this](const std::string& path) { changed(path); });
    xen_.on_change([this] { xenstore_.domains_changed(); });
    xen_.on_move([this](unsigned domid) { xenstore_.post([this, domid] { look_at(domid); }); });
}

Guests::~Guests() {
    xen_.on_change([] {});
    xen_.on_move([](unsigned) {});
    xenstore_.on_change([](const std::string&) {});
    xenstore_.run([] {});
}

void Guests::teach(const std::string& name, Habit habit) {
    const std::scoped_lock lock(mutex_);
    habits_[name] = habit;
}

std::string Guests::request(unsigned domid) {
    return xenstore_.read(node(domid, "control/shutdown")).value_or("");
}

void Guests::acknowledge(unsigned domid) {
    xenstore_.write(node(domid, "control/shutdown"), "");
}

void Guests::changed(const std::string& path) {
    if (path == "@releaseDomain")
        std::erase_if(consoles_, [this](const auto& console) { return !xen_.find(console.first); });
    const auto domid = domid_in(path);
    if (!domid) return;
    if (path.ends_with("/control/shutdown")) look_at(*domid);
    if (path.contains("/console")) give_console(*domid);
}

// Only a guest that runs can do anything.
void Guests::look_at(unsigned domid) {
    const auto domain = xen_.find(domid);
    if (!domain || !domain->runs()) return;
    std::optional<Habit> habit;
    {
        const std::scoped_lock lock(mutex_);
        const auto found = habits_.find(xenstore_.read(node(domid, "name")).value_or(""));
        if (found != habits_.end()) habit = found->second;
    }
    if (!habit) return;
    switch (*habit) {
        case Habit::powers_off: xen_.stop(domid, Stop::poweroff); return;
        case Habit::reboots: xen_.stop(domid, Stop::reboot); return;
        case Habit::crashes: xen_.stop(domid, Stop::crash); return;
        case Habit::obeys: break;
    }
    if (domain->button_pressed && domain->hvm) {
        xen_.stop(domid, Stop::poweroff);
        return;
    }
    const auto stop = stop_of(request(domid));
    if (!stop) return;
    acknowledge(domid);
    xen_.stop(domid, *stop);
}

/// As xenconsoled does when it finds the ring of a domain.
void Guests::give_console(unsigned domid) {
    if (consoles_stopped_ || consoles_.contains(domid) || !xenstore_.exists(node(domid, "console/ring-ref")))
        return;
    Fd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    char slave[64];
    if (!master || ::grantpt(master.get()) != 0 || ::unlockpt(master.get()) != 0 ||
        ::ptsname_r(master.get(), slave, sizeof slave) != 0)
        return;
    consoles_[domid] = std::move(master);
    xenstore_.write(node(domid, "console/tty"), slave);
}

}  // namespace virtlight::fake
