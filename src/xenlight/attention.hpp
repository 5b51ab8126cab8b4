// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

#include "xenlight/core_link.hpp"

namespace virtlight::xenlight {

/// The call to look again; calls that come before the core gets to it are one.
class Attention : public std::enable_shared_from_this<Attention> {
 public:
    explicit Attention(std::shared_ptr<CoreLink> core) : link_(std::move(core)) {}

    /// Any thread.
    void raise() {
        if (raised_.exchange(true)) return;
        link_->post([self = shared_from_this()] {
            self->raised_ = false;
            if (self->again_) self->again_();
        });
    }

    /// What a call runs, on the core; null: nothing. On the core itself.
    void on_raised(std::function<void()> again) { again_ = std::move(again); }

 private:
    std::shared_ptr<CoreLink> link_;
    std::atomic<bool> raised_ = false;
    std::function<void()> again_;  ///< the core's
};

}  // namespace virtlight::xenlight
