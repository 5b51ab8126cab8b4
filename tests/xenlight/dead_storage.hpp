// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <deque>
#include <utility>

#include "async/blocking.hpp"

namespace virtlight::xenlight {

/// Takes looks, and comes to an end with one only when it is told to.
class DeadStorage final : public async::Blocking {
 public:
    void submit(async::Work work) override { begun_.push_back(std::move(work)); }
    std::size_t begun() const { return begun_.size(); }
    /// The one that was begun first.
    void end_one() {
        auto work = std::move(begun_.front());
        begun_.pop_front();
        work();
    }

 private:
    std::deque<async::Work> begun_;
};

}  // namespace virtlight::xenlight
