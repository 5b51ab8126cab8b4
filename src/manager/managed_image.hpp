// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

namespace virtlight::manager {

/// Whether what was saved of a domain is there by the name that its next start looks for, and is still true:
/// a guest that has run since has changed its disks.
class ManagedImage {
 public:
    /// It is there; also if it is outdated, until it is set aside.
    explicit operator bool() const { return state_ != State::none; }
    bool is_outdated() const { return state_ == State::outdated; }

    /// It is whole and has its name.
    void stands() { state_ = State::good; }
    /// A guest of its domain has run. Without effect if it is not there.
    void outdate() {
        if (state_ == State::good) state_ = State::outdated;
    }
    /// It is used up, removed or set aside.
    void goes() { state_ = State::none; }

 private:
    enum class State { none, good, outdated };

    State state_ = State::none;
};

}  // namespace virtlight::manager
