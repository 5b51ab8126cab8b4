// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string_view>

#include <sys/types.h>

#include "async/scheduler.hpp"
#include "async/scope.hpp"
#include "async/task.hpp"
#include "base/file.hpp"
#include "base/ids.hpp"
#include "base/limits.hpp"
#include "base/result.hpp"
#include "libvirt/caller.hpp"
#include "libvirt/closing_threads.hpp"
#include "libvirt/connection_id.hpp"
#include "libvirt/listeners.hpp"
#include "libvirt/modular_daemons.hpp"
#include "libvirt/node_device_watch.hpp"
#include "manager/manager.hpp"

namespace virtlight::libvirt {

/// Serves libvirt's clients: the sockets around the sessions. Lives on the core thread and never blocks.
///
/// An operation that a client asked for goes on when the client is gone; only its answer is dropped.
class Server {
 public:
    struct Options {
        std::size_t max_clients = limits::clients;
        std::size_t max_of_process = limits::clients_of_process;
        console::Consoles* consoles = nullptr;  ///< null: there are none to be opened
        ModularDaemons* daemons = nullptr;      ///< null: none of libvirt's is asked
    };

    /// The references must outlive the server. The manager must have started up.
    Server(async::FdScheduler& scheduler, manager::Manager& manager, Options options);
    Server(async::FdScheduler& scheduler, manager::Manager& manager)
        : Server(scheduler, manager, Options()) {}
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    /// After shut_down(), or with no operation under way.
    ~Server();

    /// Accepts clients on a listening UNIX socket. Those of a read-only one may only look.
    Result<> listen(Fd socket, bool read_only);

    /// Takes no more clients, waits until the operations of all have ended, and closes the connections. To
    /// make them end soon, shut the manager down first: clients then get to know what became of theirs.
    async::Task<> shut_down();

    std::size_t clients() const { return connections_.size(); }

 private:
    struct Connection;

    void add_client(Fd socket, bool read_only);
    std::size_t clients_of(pid_t process) const;
    void turn_away(Fd socket, std::string_view why);
    void read_from(ConnectionId id, short revents);
    void serve_soon(ConnectionId id);
    void serve(ConnectionId id);
    void perform(ConnectionId id, Caller& caller, const Call& call);
    async::Task<> answer_later(ConnectionId id, CallId call, Header header,
                               async::Task<Result<LateAnswer>> task);
    bool write_to(Connection& connection);
    void tick(ConnectionId id);
    void rearm(ConnectionId id, Connection& connection);
    void drop_left(ConnectionId id);
    void drop(ConnectionId id, std::string_view reason);
    template <class Event>
    void tell(const Event& event);
    Connection* find(ConnectionId id);

    async::FdScheduler& scheduler_;
    manager::Manager& manager_;
    Options options_;
    ClosingThreads closing_;
    Listeners listeners_;
    IdSource<ConnectionTag> ids_;
    std::map<ConnectionId, std::unique_ptr<Connection>> connections_;
    manager::Manager::Subscription events_;
    NodeDeviceWatch node_devices_;
    async::Scope scope_;
    async::Scope waiters_;
    bool stopping_ = false;
    std::shared_ptr<Server*> self_;  ///< for posted work, which may come after the server
};

}  // namespace virtlight::libvirt
