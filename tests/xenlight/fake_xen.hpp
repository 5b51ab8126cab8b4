// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/uuid.hpp"
#include "hypervisor/port.hpp"

/// What is under the true libxl in these tests: the functions xc_* and xs_* that it calls are replaced in the
/// test program by ones that work on this, a Xen and a xenstored in memory. Thread-safe.
namespace virtlight::fake_xen {

/// Where the guest with domid 5 is asked to stop.
inline constexpr const char* shutdown_request = "/local/domain/5/control/shutdown";

struct Domain {
    hypervisor::DomId domid = 0;
    Uuid uuid{};
    unsigned pauses = 0;  ///< it runs at 0
    bool shutdown = false;
    bool dying = false;
    int reason = 0;
};

class Xen {
 public:
    static Xen& get();

    /// Empty again: a new host with nothing but Domain-0.
    void reset();

    /// A PV guest with what libxl looks for in xenstore.
    void add(Domain domain, const std::string& name);
    /// Changes a domain, without a word to anybody.
    void change(hypervisor::DomId domid, const std::function<void(Domain&)>& change);
    void remove(hypervisor::DomId domid);
    std::vector<Domain> domains() const;

    /// Writes as a guest or another tool would, and tells who watches.
    void write(const std::string& path, const std::string& value);
    /// As a guest does that removes what stands there and makes a node of its own.
    void replace(const std::string& path, const std::string& value, hypervisor::DomId by);
    std::string read(const std::string& path) const;
    /// Tells who watches, as xenstored does for "@releaseDomain".
    void fire(const std::string& path);
    /// Closes all connections, as a xenstored that dies.
    void kill_xenstored();
    /// Takes connections again, with what it knew.
    void revive_xenstored();

    /// Called in the middle of a dump, on libxl's thread.
    std::function<void()> in_dump = [] {};
    std::uint64_t dumped = 0;      ///< bytes that the last one wrote
    bool tells_of_domains = true;  ///< false: it fails when it is asked for them
    unsigned nmis = 0;
    unsigned lists = 0;  ///< of all domains

    // For the replaced functions.
    struct Connection;
    Connection* connect();
    void disconnect(Connection* connection);
    bool watch(Connection* connection, const std::string& path, const std::string& token);
    bool unwatch(Connection* connection, const std::string& path, const std::string& token);
    char** check_watch(Connection* connection);
    bool exists(const std::string& path) const;
    hypervisor::DomId owner(const std::string& path) const;
    bool remove_tree(const std::string& path);
    std::vector<std::string> list(const std::string& path) const;
    bool accepts_connections() const;
    bool is_cut(const Connection* connection) const;

 private:
    void fire_locked(const std::string& path);

    mutable std::mutex mutex_;
    std::map<hypervisor::DomId, Domain> domains_;
    std::map<std::string, std::string> nodes_;
    std::map<std::string, hypervisor::DomId> owners_;  ///< of those that are not Domain-0's
    std::vector<Connection*> connections_;
    bool alive_ = true;
};

/// A connection to xenstored with its watches.
struct Xen::Connection {
    int ends[2] = {-1, -1};
    std::vector<std::pair<std::string, std::string>> watches;  ///< path, token
    std::vector<std::pair<std::string, std::string>> events;   ///< path, token
};

}  // namespace virtlight::fake_xen
