// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/file.hpp"
#include "libxl/loop_thread.hpp"
#include "libxl/xenstore_service.hpp"

namespace virtlight::fake {

/// xenstored for libxenstore: the real protocol on a UNIX socket, served by a thread of its own. It can be
/// slow, and it can die. Members may be called on any thread.
class XenstoreServer {
 public:
    /// Listens where libxenstore looks. `look` is called on the server's thread.
    explicit XenstoreServer(std::function<DomainState(unsigned domid)> look);
    XenstoreServer(const XenstoreServer&) = delete;
    XenstoreServer& operator=(const XenstoreServer&) = delete;
    ~XenstoreServer();

    std::optional<std::string> read(const std::string& path);
    bool exists(const std::string& path) { return read(path).has_value(); }
    std::vector<std::string> children(const std::string& path);
    void write(const std::string& path, const std::string& value);
    void remove(const std::string& path);
    void fire(const std::string& special);
    void introduce(unsigned domid);
    void resume(unsigned domid);

    /// Xen signals that something happened to a domain. Returns at once.
    void domains_changed();
    /// `changed` is told each path that changes, on the server's thread, after the change.
    void on_change(std::function<void(const std::string& path)> changed);

    /// Leaves requests like this one unanswered, and what follows them on the same connection.
    void hold(std::function<bool(const Message& request)> which);
    void hold_all();
    /// Answers what was held, and holds nothing more.
    void release();
    /// Requests that wait for release().
    std::size_t held();

    /// Closes all connections and stops listening. What is stored stays.
    void die();
    void restart();

    std::size_t connections();
    std::size_t watches();

    /// Runs a step on the server's thread, later.
    void post(async::Work step) { thread_.loop().post(std::move(step)); }
    /// Runs a step on the server's thread and waits for it.
    template <class Step>
    auto run(Step step) {
        return thread_.run(std::move(step));
    }

 private:
    using ConnectionId = XenstoreService::ConnectionId;
    struct Client {
        Fd socket;
        async::WatchId watch;
        Decoder decoder{};
        std::string output{};
        std::deque<Message> waiting{};
    };

    void listen();
    void accept();
    void ready(ConnectionId id, short revents);
    bool receive(Client& client);
    void serve(ConnectionId id, Client& client);
    void send(const XenstoreService::Deliveries& deliveries);
    bool flush(Client& client);
    void drop(ConnectionId id);

    XenstoreService service_;
    Fd listener_;
    async::WatchId listening_;
    std::map<ConnectionId, Client> clients_;
    std::function<bool(const Message&)> held_;
    LoopThread thread_{"xenstored"};
};

}  // namespace virtlight::fake
