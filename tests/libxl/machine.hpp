// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>

#include "libxl/child_calls.hpp"
#include "libxl/fake_xen.hpp"
#include "libxl/guests.hpp"
#include "libxl/xenstore_server.hpp"

namespace virtlight::fake {

/// A Xen host as libxl finds it: the hypervisor, xenstored, xenconsoled and the guests. There is one at a
/// time.
class Machine {
 public:
    Machine();

    Xen xen;
    XenstoreServer xenstore;
    Guests guests{xen, xenstore};

    /// A guest that another tool has started, without libxl. It runs.
    unsigned add(const std::string& name, const Uuid& uuid = Uuid::random());
    /// Another tool destroys a domain.
    void remove(unsigned domid);

    /// A file that passes for a kernel.
    std::string kernel() const;

 private:
    int answer_child(ChildCalls::Call call, unsigned domid);

    ChildCalls children_;
};

}  // namespace virtlight::fake
