// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>

#include "base/ids.hpp"
#include "domain/event.hpp"

namespace virtlight::manager {

/// Tells events to whoever listens, before publish() returns. A listener may subscribe, unsubscribe (itself
/// too) and cause further events: those are told to everybody after the one that is being told, so that all
/// hear the same order. Who subscribes hears what happens from then on.
class EventBus {
 public:
    using Listener = std::function<void(const domain::Event&)>;
    using ListenerId = Id<struct ListenerTag>;

    ListenerId subscribe(Listener listener);
    /// The listener is not called again; one that is being called may end.
    void unsubscribe(ListenerId id) { listeners_.erase(id); }
    void publish(domain::Event event);

 private:
    struct Pending {
        domain::Event event;
        ListenerId last;  ///< who subscribed later does not hear it
    };

    void deliver(const Pending& pending);

    IdSource<ListenerTag> ids_;
    ListenerId last_{};
    std::map<ListenerId, std::shared_ptr<const Listener>> listeners_;
    std::deque<Pending> pending_;
    bool delivering_ = false;
};

}  // namespace virtlight::manager
