// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "async/completion.hpp"
#include "async/scheduler.hpp"
#include "async/scope.hpp"
#include "async/task.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "libvirt/node_device.hpp"
#include "libvirt/procedure.hpp"
#include "manager/manager.hpp"

namespace virtlight::libvirt {

/// The host's devices as clients list them, and now.
async::Task<Result<std::vector<NodeDevice>>> all_node_devices(manager::Manager& manager);

/// Tells what becomes of the host's devices, as long as anybody wants to know: a sign that some have changed
/// has them listed a little later, and compared with those of before. Lives on the core thread and never
/// blocks.
class NodeDeviceWatch {
 public:
    using Tell = std::function<void(const NodeDeviceEvent&)>;
    using Wanted = std::function<bool()>;

    /// `wanted`: whether anybody still wants to know. The references must outlive this.
    NodeDeviceWatch(async::Scheduler& scheduler, manager::Manager& manager, Tell tell, Wanted wanted);
    NodeDeviceWatch(const NodeDeviceWatch&) = delete;
    NodeDeviceWatch& operator=(const NodeDeviceWatch&) = delete;
    ~NodeDeviceWatch();

    /// For somebody who wants to know from now on: what changes after this has ended is told. Where the
    /// devices cannot be listed, the log says so, and it is tried again.
    async::Task<> begin();

    /// Nothing more is told. Whoever waits for begin() goes on.
    void stop();

 private:
    async::Task<> look();
    void look_in(Duration pause);
    void compare(Result<std::vector<NodeDevice>> all);
    void rest();
    void let_go_on();

    async::Scheduler& scheduler_;
    manager::Manager& manager_;
    Tell tell_;
    Wanted wanted_;
    std::optional<std::vector<NodeDevice>> known_;  ///< none: not looked at yet
    std::vector<async::Completion<bool>> waiting_;  ///< for the first look
    bool watching_ = false;
    bool looking_ = false;
    bool failing_ = false;
    async::TimerId next_look_;
    async::Scope scope_;
};

/// Registers the client for an event of one of the host's devices, or of all.
Answer watch_node_devices(const Procedure& procedure, Caller& caller, View payload);

}  // namespace virtlight::libvirt
