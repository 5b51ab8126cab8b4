// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "async/completion.hpp"
#include "async/scheduler.hpp"
#include "async/task.hpp"
#include "base/result.hpp"
#include "libvirt/connection_id.hpp"
#include "libvirt/modular_stream.hpp"
#include "libvirt/procedure.hpp"
#include "libvirt/relay.hpp"
#include "libvirt/served.hpp"
#include "libvirt/subscriptions.hpp"

namespace virtlight::libvirt {

/// One of libvirt's own daemons, if the host runs it: what clients ask of what it serves is asked of it as it
/// stands. Each client has a connection of its own there, as without us: it is read from no further while a
/// few calls of it are under way, and that may be for long. Each stream has one, too, and so have we. They
/// are made when they are first needed, and anew when they have ended. Lives on the core thread and never
/// blocks.
class ModularDaemon {
 public:
    using Tell = std::function<void(const ObjectEvent&)>;

    /// `socket`: where it listens; empty: it is not wanted. `scheduler` must outlive this.
    ModularDaemon(async::FdScheduler& scheduler, Served served, std::filesystem::path socket);
    ModularDaemon(const ModularDaemon&) = delete;
    ModularDaemon& operator=(const ModularDaemon&) = delete;
    /// After stop(), or with nothing asked.
    ~ModularDaemon();

    /// Whether anybody may listen there.
    bool is_there() const;

    struct Asker {
        ConnectionId client{};  ///< none: this daemon itself
        bool read_only = true;  ///< always the same of a client
    };

    /// Asks a procedure of the remote program. What it refuses is told in its own words. no_support: it does
    /// not run; io: nobody listens there, or it goes away before it answers; timed_out: it has not within
    /// limits::modular_answer; too_many: limits::modular_calls, or limits::modular_unsent bytes, of this
    /// asker wait already; cancelled: that has left.
    async::Task<Result<LateAnswer>> call(Asker asker, std::int32_t procedure, Bytes payload);

    /// The client has gone: nobody waits any more for what it has asked for.
    void leave(ConnectionId client);

    /// Asks a procedure that opens a stream, for one who may change something. `wake` has the client's
    /// connection served. too_many: limits::modular_streams are open already; timed_out: it has not answered
    /// within limits::modular_stream_idle; other errors as of call().
    async::Task<Result<LateAnswer>> open_stream(std::int32_t procedure, Bytes payload,
                                                std::function<void()> wake);

    /// Who is told of its events.
    void on_event(Tell tell) { tell_ = std::move(tell); }
    /// Has it tell of an event of its, from now on and whenever it is there; only of a kind that has a
    /// registration. Answered, with nothing, when it has agreed; at once where it does not run, and within
    /// limits::modular_agreement where it hangs: then later. Errors as of call().
    async::Task<Result<LateAnswer>> watch(std::int32_t event);

    /// Whoever waits or has a stream is told that the daemon stops; so is who asks from now on.
    void stop();

 private:
    using Waiting = async::Completion<Result<LateAnswer>>;
    using Answered = std::vector<std::pair<Waiting, LateAnswer>>;
    struct Registration;
    struct Connection;
    static constexpr ConnectionId ours{};  ///< over which it tells of events

    Result<Fd> new_socket() const;
    Result<Connection*> connected(Asker asker);
    void ready(ConnectionId of, short revents);
    bool take_answers(ConnectionId of);
    bool send(ConnectionId of);
    bool drop(ConnectionId of, const Error& why);

    Registration& registered(Connection& connection, std::int32_t event);
    void registration_answered(Connection& connection, const Relay::Told& told, Answered& answered);
    std::vector<ObjectEvent> events(Connection& connection) const;
    void keep_watching();
    void look_for_it_soon();

    async::FdScheduler& scheduler_;
    Served served_;
    std::filesystem::path socket_;
    std::map<ConnectionId, std::unique_ptr<Connection>> connections_;
    std::shared_ptr<ModularStream::Connected> streams_ = std::make_shared<ModularStream::Connected>();
    Tell tell_;
    std::set<std::int32_t> watched_;  ///< events that somebody wanted to be told of
    int tries_ = 0;                   ///< to find it again, since it has last agreed
    async::TimerId next_try_{};
    bool stopping_ = false;
};

}  // namespace virtlight::libvirt
