// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libxl/calls.hpp"

#include <atomic>

#include "libxl/schedule.hpp"

namespace virtlight::fake {

bool Calls::Hold::has_caller() const {
    const std::scoped_lock lock(gate_->mutex);
    return gate_->callers > 0;
}

void Calls::Hold::release() const {
    const std::scoped_lock lock(gate_->mutex);
    gate_->open = true;
    gate_->changed.notify_all();
}

void Calls::on(const std::string& name, std::function<int()> behaviour) {
    const std::scoped_lock lock(mutex_);
    behaviours_[name] = std::move(behaviour);
}

void Calls::fail_once(const std::string& name, int error) {
    on(name, [left = std::make_shared<std::atomic<int>>(error)] { return left->exchange(0); });
}

Calls::Hold Calls::hold(const std::string& name) {
    Hold hold;
    on(name, [gate = hold.gate_] {
        std::unique_lock lock(gate->mutex);
        ++gate->callers;
        gate->changed.notify_all();
        gate->changed.wait(lock, [&] { return gate->open; });
        --gate->callers;
        return 0;
    });
    return hold;
}

void Calls::forget(const std::string& name) {
    const std::scoped_lock lock(mutex_);
    behaviours_.erase(name);
}

unsigned Calls::count(const std::string& name) const {
    const std::scoped_lock lock(mutex_);
    const auto found = counts_.find(name);
    return found == counts_.end() ? 0 : found->second;
}

int Calls::enter(const std::string& name) {
    perturb();
    std::function<int()> behaviour;
    {
        const std::scoped_lock lock(mutex_);
        ++counts_[name];
        if (const auto found = behaviours_.find(name); found != behaviours_.end()) behaviour = found->second;
    }
    return behaviour ? behaviour() : 0;
}

}  // namespace virtlight::fake
