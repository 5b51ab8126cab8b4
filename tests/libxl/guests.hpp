// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <map>
#include <mutex>
#include <set>
#include <string>

#include "libxl/fake_xen.hpp"
#include "libxl/xenstore_server.hpp"

namespace virtlight::fake {

/// What a guest does by itself. A guest that was given no habit does nothing until the test says so.
enum class Habit { obeys, powers_off, reboots, crashes };

/// The operating systems in the domains, and the backends in Domain-0 that serve them.
class Guests {
 public:
    /// Both must outlive this; it takes over what they call when something changes.
    Guests(Xen& xen, XenstoreServer& xenstore);
    Guests(const Guests&) = delete;
    Guests& operator=(const Guests&) = delete;
    ~Guests();

    /// What guests of this name do from now on.
    void teach(const std::string& name, Habit habit);

    /// What the guest was asked for and has not acknowledged: "poweroff", "reboot", "suspend", or nothing.
    std::string request(unsigned domid);
    /// The guest takes note of the request.
    void acknowledge(unsigned domid);

    /// From now on xenconsoled gives no domain a console.
    void stop_consoles() { consoles_stopped_ = true; }

 private:
    void changed(const std::string& path);
    void look_at(unsigned domid);
    void give_console(unsigned domid);

    Xen& xen_;
    XenstoreServer& xenstore_;
    std::mutex mutex_;
    std::map<std::string, Habit> habits_;
    std::map<unsigned, Fd> consoles_;  ///< the masters of their ptys; of the xenstore server's thread
    std::atomic<bool> consoles_stopped_ = false;
};

}  // namespace virtlight::fake
