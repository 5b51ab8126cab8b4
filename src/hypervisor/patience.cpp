// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hypervisor/patience.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

#include <fmt/format.h>

namespace virtlight::hypervisor {

struct Patience::Watch : std::enable_shared_from_this<Watch> {
    Watch(async::Scheduler& scheduler_, Bounds bounds_, std::shared_ptr<const Progress> progress_,
          async::CancelSource source_)
        : scheduler(scheduler_),
          bounds(bounds_),
          progress(std::move(progress_)),
          source(std::move(source_)),
          due(scheduler.now() + bounds.whole),
          bytes(moved()) {}

    std::uint64_t moved() const { return progress ? progress->bytes.load() : 0; }

    /// At the time that it was set for: what is later is the loop's doing.
    void look(Time now) {
        if (const auto by_now = moved(); bounds.silence > Duration::zero() && by_now != bytes) {
            bytes = by_now;
            moves = true;
            due = now + bounds.silence;
        }
        if (now < due) return wait(now);
        passed = true;
        source.cancel();
    }
    void wait(Time now) {
        constexpr int looks = 8;
        const auto next =
            bounds.silence > Duration::zero() ? std::min(due, now + bounds.silence / looks) : due;
        timer = scheduler.call_at(next, [self = shared_from_this(), next] { self->look(next); });
    }

    async::Scheduler& scheduler;
    Bounds bounds;
    std::shared_ptr<const Progress> progress;
    async::CancelSource source;
    Time due;
    std::uint64_t bytes;
    bool moves = false;
    bool passed = false;
    async::TimerId timer{};
};

Patience::Patience(async::Scheduler& scheduler, Bounds bounds, std::shared_ptr<const Progress> progress,
                   async::CancelSource source)
    : watch_(std::make_shared<Watch>(scheduler, bounds, std::move(progress), std::move(source))) {
    watch_->wait(scheduler.now());
}

Patience::~Patience() {
    watch_->scheduler.cancel(watch_->timer);
}

bool Patience::passed() const {
    return watch_->passed;
}

std::shared_ptr<const Time> Patience::due() const {
    return {watch_, &watch_->due};
}

std::string Patience::in_words() const {
    const auto in_seconds = [](Duration bound) { return std::chrono::duration_cast<seconds>(bound).count(); };
    if (!watch_->moves) return fmt::format("not done within {} s", in_seconds(watch_->bounds.whole));
    return fmt::format("no byte has moved for {} s", in_seconds(watch_->bounds.silence));
}

}  // namespace virtlight::hypervisor
