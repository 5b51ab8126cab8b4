// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "libxl/xenstore_store.hpp"
#include "libxl/xenstore_wire.hpp"

namespace virtlight::fake {

/// What xenstored asks Xen about a domain. Dying counts as gone.
enum class DomainState { alive, shut_down, gone };

/// What xenstored does with a request: answers, watches, and the special events of domains that come and go.
/// Everybody is Domain-0 here; permissions are kept and not enforced. Pure: messages in, messages out.
class XenstoreService {
 public:
    using ConnectionId = Id<struct XenstoreConnectionTag>;
    struct Delivery {
        ConnectionId to;
        Message message;
    };
    using Deliveries = std::vector<Delivery>;

    explicit XenstoreService(std::function<DomainState(unsigned domid)> look) : look_(std::move(look)) {}

    /// `changed` is told the path of each change, whoever made it.
    void on_change(std::function<void(const std::string& path)> changed) { changed_ = std::move(changed); }

    ConnectionId connect();
    void disconnect(ConnectionId id);
    Deliveries handle(ConnectionId id, const Message& request);

    /// A change made by somebody who is not connected here: a guest, a backend.
    Deliveries edit(Edit edit);
    Deliveries fire(const std::string& special);
    /// A toolstack that is not connected here introduces a domain.
    Deliveries introduce(unsigned domid);
    /// It says that a domain which had stopped goes on.
    void resume(unsigned domid) { introduced_[domid].shutdown_told = false; }
    /// Xen has signalled that something happened to a domain. It does not say to which.
    Deliveries look_at_domains();

    const XenstoreTree& tree() const { return store_.tree(); }
    std::size_t connections() const { return connections_.size(); }
    std::size_t watches() const;
    std::size_t transactions() const { return store_.transactions(); }

 private:
    struct Watch {
        std::string path;
        std::string token;

        bool operator==(const Watch&) const = default;
    };
    struct Connection {
        std::vector<Watch> watches;
        std::vector<TransactionId> transactions;
    };
    struct Introduced {
        bool shutdown_told = false;
    };

    Answer<std::string> answer(Connection& connection, const Message& request, Deliveries& events);
    Answer<std::string> transact(Connection& connection, const Message& request, Deliveries& events);
    Answer<std::string> about_domain(const Message& request, Deliveries& events);
    Answer<std::string> change(TransactionId transaction, Edit edit, Deliveries& events);
    static Answer<std::string> watch(Connection& connection, const Message& request);
    static Answer<std::string> unwatch(Connection& connection, const Message& request);
    void tell(const Change& change, Deliveries& events);

    std::function<DomainState(unsigned)> look_;
    std::function<void(const std::string&)> changed_ = [](const auto&) {};
    XenstoreStore store_;
    std::map<ConnectionId, Connection> connections_;
    std::map<unsigned, Introduced> introduced_;
    IdSource<struct XenstoreConnectionTag> ids_;
};

}  // namespace virtlight::fake
