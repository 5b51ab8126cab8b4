// SPDX-License-Identifier: LGPL-2.1-or-later
#include "daemon/daemon.hpp"

#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>

#include <sys/stat.h>
#include <systemd/sd-daemon.h>

#include "async/blocking.hpp"
#include "async/event_loop.hpp"
#include "async/scope.hpp"
#include "base/limits.hpp"
#include "console/consoles.hpp"
#include "daemon/descriptor_limit.hpp"
#include "daemon/heap.hpp"
#include "daemon/host.hpp"
#include "daemon/listening.hpp"
#include "daemon/signals.hpp"
#include "libvirt/modular_daemons.hpp"
#include "libvirt/network_bridges.hpp"
#include "libvirt/server.hpp"
#include "manager/file_store.hpp"
#include "manager/manager.hpp"

namespace virtlight::daemon {
namespace {

/// The parts of a running daemon. The members stand in the order of their use: what is below uses what is
/// above.
class Daemon {
 public:
    Daemon(async::EventLoop& core, async::Blocking& files, async::Blocking& logs, Host& host,
           const Settings& settings)
        : core_(core),
          boot_(host.boot()),
          modular_(core, [&](libvirt::Served served) { return settings.socket_of(served); }),
          store_(settings.places.state(), boot_, files, core),
          networks_(core,
                    [this](std::int32_t procedure, libvirt::Bytes payload) {
                        return modular_.of(libvirt::Served::networks).call({}, procedure, std::move(payload));
                    }),
          manager_(core, host.hypervisor(), store_),
          consoles_(core, logs, host.hypervisor(), manager_,
                    {.histories = settings.places.histories(),
                     .logs = settings.places.console_logs(),
                     .locks = host.console_locks()},
                    settings.consoles),
          server_(core, manager_, {.consoles = &consoles_, .daemons = &modular_}) {
        manager_.keep_timelines(logs, settings.places.timelines());
        manager_.use_networks(networks_);
    }

    /// Runs until end() is called.
    Result<> serve(std::vector<Fd> sockets) {
        scope_.spawn(start(std::move(sockets)));
        core_.run();
        scope_.drop();  // a start that the end did not wait for
        return std::move(failure_);
    }

    /// Lets operations come to an end, then serve() return. Further calls do nothing.
    void end() {
        if (!std::exchange(ending_, true)) scope_.spawn(stop());
    }

 private:
    async::Task<> start(std::vector<Fd> sockets) {
        co_await consoles_.start_up();
        if (ending_) co_return;
        auto started = co_await manager_.start_up();
        if (ending_) co_return;
        if (started) consoles_.take_up_histories();
        for (auto& socket : sockets)
            if (started) started = server_.listen(std::move(socket), false);
        if (!started) {
            failure_ = std::move(started);
            end();
            co_return;
        }
        manager_.autostart(boot_);
        ::sd_notify(0, "READY=1");
        const auto domains = manager_.list().size();
        log::info("ready, with {} {}", domains, domains == 1 ? "domain" : "domains");
    }

    async::Task<> stop() {
        ::sd_notify(0, "STOPPING=1");
        co_await manager_.shut_down();
        co_await server_.shut_down();
        co_await consoles_.shut_down();
        core_.stop();
    }

    async::EventLoop& core_;
    std::string boot_;
    libvirt::ModularDaemons modular_;
    manager::FileStore store_;
    libvirt::NetworkBridges networks_;
    manager::Manager manager_;
    console::Consoles consoles_;
    libvirt::Server server_;
    Result<> failure_;
    bool ending_ = false;
    async::Scope scope_;
};

Result<std::vector<Fd>> listening_sockets(const Settings& settings) {
    auto sockets = sockets_from_systemd();
    if (!sockets || !sockets->empty()) return sockets;
    auto socket = listen_at(settings.places.socket(), settings.socket_mode);
    if (!socket) return std::unexpected(socket.error());
    sockets->push_back(*std::move(socket));
    return sockets;
}

/// At which addresses: those that systemd hands over are elsewhere than the settings say.
void tell_addresses(const std::vector<Fd>& sockets, const Settings& settings) {
    for (const auto& socket : sockets) {
        const auto path = path_of(socket).string();
        log::info("virtlightd " VIRTLIGHT_VERSION " at {}", path);
        if (lets_everybody_in(socket) && (settings.socket_mode & S_IWOTH) == 0)
            log::warning(
                "everybody on this host may connect to the socket '{}' that systemd hands over, and so "
                "control every guest: its unit decides that (SocketMode=0700), and not socket_mode",
                path);
    }
}

}  // namespace

Result<> run(const Settings& settings) {
    prepare_signals();
    // First of all: who has no Xen is told so, with or without rights, and finds no folders made.
    if (auto checked = check_host(settings); !checked) return checked;
    raise_descriptor_limit();
    keep_heaps_small();
    if (auto made = make_folder(settings.places.run(), 0755); !made) return made;
    if (auto made = make_folder(settings.places.state()); !made) return made;
    const auto lock = lock_instance(settings.places.lock());
    if (!lock) return std::unexpected(lock.error());

    async::EventLoop core("core");
    core.detect_stalls(limits::core_step);
    // One thread: changes reach the disk in the order in which they were made.
    async::BlockingThreads files(1);
    // Of their own: a full disk under a log must not hold up a definition.
    async::BlockingThreads logs(1);
    const auto host = open_host(settings, core, files);
    if (!host) return std::unexpected(host.error());
    std::optional<Daemon> daemon;
    const auto signals = EndSignals::watch(core, [&] { daemon->end(); });
    if (!signals) return std::unexpected(signals.error());
    auto sockets = listening_sockets(settings);
    if (!sockets) return std::unexpected(sockets.error());

    daemon.emplace(core, files, logs, **host, settings);
    tell_addresses(*sockets, settings);
    const auto served = daemon->serve(*std::move(sockets));
    log::info("ended; the longest step of the core took {:.1f} ms",
              std::chrono::duration<double, std::milli>(core.stalls()->longest()).count());
    if (files.idle_within(limits::storage_goodbye) && logs.idle_within(limits::storage_goodbye))
        return served;
    // Storage holds a thread, which would be waited for as long as it likes.
    log::warning("a thread is left behind, held by storage that does not answer");
    if (!served) log::error("{}", served.error().message);
    std::quick_exit(served ? EXIT_SUCCESS : EXIT_FAILURE);
}

}  // namespace virtlight::daemon
