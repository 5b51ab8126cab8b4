// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <coroutine>
#include <cstddef>
#include <list>
#include <vector>

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

    /// Ends when every task has ended, for each who waits. Tasks may still spawn others until then.
    Task<> drained();

    /// Destroys every task where it is suspended, as the end of the process would. Not for a task of its own.
    void drop();

    std::size_t in_flight() const { return running_.size(); }

 private:
    struct Detached;
    using Running = std::list<std::coroutine_handle<>>;
    Detached run(Task<> task, Running::iterator place);
    void ended(Running::iterator place);

    Running running_;
    std::vector<Completion<bool>> idle_;  ///< one for each who waits
};

}  // namespace virtlight::async
