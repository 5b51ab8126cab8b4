// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "async/scheduler.hpp"
#include "async/scope.hpp"
#include "async/task.hpp"
#include "base/uuid.hpp"
#include "hypervisor/port.hpp"
#include "xenlight/context_thread.hpp"

namespace virtlight::xenlight {

/// Guests that were asked to suspend themselves, for what has come to nothing, and may still do so: libxl
/// takes its request back only when nobody has answered for a minute, and what a guest has acknowledged
/// nobody can take back. Each is followed for a while, beside everything else, and let go on when it has
/// suspended itself, as long as it is known that nobody else asks it: another tool may be copying its memory.
///
/// Lives on the core thread.
class LateSuspends {
 public:
    using DomId = hypervisor::DomId;

    /// `went_on` is told of each that is let go on. What is given must outlive this.
    LateSuspends(async::Scheduler& core, ContextThread& asking, std::function<void(DomId)> went_on);
    LateSuspends(const LateSuspends&) = delete;
    LateSuspends& operator=(const LateSuspends&) = delete;

    /// Follows the guest with this uuid; without a uuid does nothing.
    void follow(DomId domid, std::optional<Uuid> uuid);
    /// Follows it no longer, as it is about to be asked anew: once this has ended, it suspends itself because
    /// of that.
    async::Task<> end(DomId domid);
    std::map<DomId, Uuid> followed() const;

    /// Follows none any longer, from now on.
    void drop() { following_.drop(); }

 private:
    struct Guest;

    async::Task<> let_go_on(DomId domid, std::shared_ptr<Guest> guest);
    async::Task<bool> look_at(DomId domid, std::shared_ptr<const Guest> guest);
    void ignore(DomId domid);

    async::Scheduler& core_;
    ContextThread& asking_;
    std::function<void(DomId)> went_on_;
    std::map<DomId, std::shared_ptr<Guest>> guests_;
    async::Scope following_;
};

}  // namespace virtlight::xenlight
