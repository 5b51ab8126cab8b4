// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>

#include "async/completion.hpp"
#include "async/task.hpp"

namespace virtlight::async {

/// Owns tasks that nobody awaits. Whoever starts such tasks keeps a scope and closes it before what the tasks
/// use goes away: a scope that is destroyed with tasks in flight is a bug and stops the program.
class Scope {
 public:
    Scope() = default;
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
    ~Scope();

    /// Starts the task at once; it runs here until it first suspends.
    void spawn(Task<> task);

    /// Ends when every task has ended. Tasks may still spawn others until then.
    Task<> drained();

    std::size_t in_flight() const { return in_flight_; }

 private:
    struct Detached;
    Detached run(Task<> task);
    void ended();

    std::size_t in_flight_ = 0;
    std::optional<Completion<bool>> idle_;
};

}  // namespace virtlight::async
