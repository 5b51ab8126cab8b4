// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

namespace virtlight::manager {

/// Whether a domain has a managed image, from which its next start goes on, and whether that is still true: a
/// guest that has run since has changed its disks. Only what is known of the file; nothing here touches it.
class ManagedImage {
 public:
    /// Whether the file is there under the name that a start looks for: also an outdated one, until it is set
    /// aside.
    explicit operator bool() const { return state_ != State::none; }
    bool is_outdated() const { return state_ == State::outdated; }

    /// The file is whole and has its name.
    void stands() { state_ = State::good; }
    /// A guest of its domain has run. Without effect if it is not there.
    void outdate() {
        if (state_ == State::good) state_ = State::outdated;
    }
    /// The file is used up, removed or set aside.
    void goes() { state_ = State::none; }

 private:
    enum class State { none, good, outdated };

    State state_ = State::none;
};

}  // namespace virtlight::manager
