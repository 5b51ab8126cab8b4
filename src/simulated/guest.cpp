// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simulated/guest.hpp"

#include <algorithm>

namespace virtlight::simulated {

void Guest::run(Time now) {
    if (stopped_ || running_since_) return;
    running_since_ = now;
    has_run_here_ = true;
}

void Guest::hold(Time now) {
    ran_ = ran(now);
    running_since_.reset();
}

Duration Guest::ran(Time now) const {
    return running_since_ ? ran_ + (now - *running_since_) : ran_;
}

Duration Guest::cpu_time(Time now) const {
    return std::max(ran(now) - ran_elsewhere_, Duration(has_run_here_ ? 1 : 0));
}

void Guest::ask(hypervisor::StopReason wish, Time now) {
    if (!behaviour_.frozen && !stopped_) wish_ = {ran(now) + pace_.acknowledge, wish};
}

bool Guest::withdraw(hypervisor::StopReason wish) {
    if (!wish_) return behaviour_.frozen || stopped_;  // who never takes note of a request
    if (wish_->reason == wish) wish_.reset();
    return true;
}

void Guest::stop(hypervisor::StopReason reason, Time now) {
    if (stopped_) return;
    hold(now);
    stopped_ = reason;
}

void Guest::resume() {
    using hypervisor::StopReason;
    if (wish_ && wish_->reason == StopReason::suspend) wish_.reset();
    if (stop_ && stop_->reason == StopReason::suspend) stop_ = behaviour_.stop;
    if (stopped_ == StopReason::suspend) stopped_.reset();
}

void Guest::begin_anew() {
    const auto elsewhere = ran_elsewhere_ - ran_;
    *this = Guest(behaviour_, pace_);
    ran_elsewhere_ = elsewhere;
    has_run_here_ = true;
}

std::optional<Time> Guest::next() const {
    if (!running_since_ || (!wish_ && !stop_)) return std::nullopt;
    const auto at = std::min(wish_ ? wish_->at : Duration::max(), stop_ ? stop_->at : Duration::max());
    return *running_since_ + (at - ran_);
}

Guest::Did Guest::advance(Time now) {
    Did did;
    const auto clock = ran(now);
    if (wish_ && wish_->at <= clock && !(stop_ && stop_->at < wish_->at)) {
        did.acknowledge = true;
        const auto off = wish_->at + pace_.power_off;
        if (!behaviour_.deaf && !(stop_ && stop_->at < off)) stop_ = {off, wish_->reason};
        wish_.reset();
    }
    if (stop_ && stop_->at <= clock && !stopped_) {
        did.stop = true;
        stop(stop_->reason, now);
    }
    return did;
}

}  // namespace virtlight::simulated
