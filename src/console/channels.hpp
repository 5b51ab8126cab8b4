// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/scheduler.hpp"
#include "base/result.hpp"
#include "console/channel.hpp"
#include "domain/definition.hpp"

namespace virtlight::console {

/// The channels that one life of a domain has: where each is, and who has it open. Lives on the core thread.
class Channels {
 public:
    /// Takes the channels among these consoles, with where they are now. What is open stays so: if its tty
    /// has moved, it ends with the old one.
    void follow(const std::vector<domain::Console>& consoles);

    /// The one of this name, without a name the first. It is open as long as somebody keeps it, for one at a
    /// time: `force` takes it from another one. `domain` names the guest in errors. invalid_argument: there
    /// is none, or it is a socket; operation_failed: another one has it, or its tty is not there yet or
    /// cannot be opened, and then who has had it keeps it. `loop` must outlive what is returned.
    Result<std::shared_ptr<Channel>> open(async::FdScheduler& loop, const std::string& domain,
                                          const std::optional<std::string>& name, bool force);

    /// The life has ended: who has one open gets its last words, and its end. None is left.
    void finish();

 private:
    struct Named {
        std::string name;
        std::string tty;     ///< empty: it is not there yet, or a socket
        std::string socket;  ///< empty: a tty
        std::weak_ptr<Channel> user;
    };

    std::vector<Named> all_;
};

}  // namespace virtlight::console
