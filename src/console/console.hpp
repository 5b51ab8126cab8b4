// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <utility>

#include "async/blocking.hpp"
#include "async/scheduler.hpp"
#include "console/broker.hpp"
#include "console/log_file.hpp"
#include "console/ring.hpp"
#include "console/tty.hpp"

namespace virtlight::console {

/// One console of a domain, from life to life: the tty of the life that runs, what was written in all of
/// them, who watches, and the log.
class Console final : private TtyPeer {
 public:
    struct Owner {
        std::function<void()> changed;  ///< something came into the history
        std::function<void()> lost;     ///< the tty has hung up: its path may be another one's soon
    };

    /// `label` names it in errors ("web/console0"). Both references must outlive it.
    Console(async::FdScheduler& loop, async::Blocking& disk, std::string label, Ring history, LogSettings log,
            Owner owner);

    Broker& broker() { return broker_; }
    const Ring& history() const { return broker_.ring(); }

    /// Serves the tty at this path from now on, anew if it is the one before: that may have hung up.
    Result<> attach(const std::string& path) { return tty_.open(path); }
    /// Lets go of the tty. The guest may write on, into the void as far as this one knows.
    void detach() { tty_.close(); }
    bool attached() const { return tty_.is_open(); }
    /// The guest has ended: reads what it has said, and lets go.
    void end_life() { tty_.finish(); }

    void mark(Mark::Kind kind);

    void log_to(std::filesystem::path path) { log_.go_on_in(std::move(path)); }
    /// To be awaited before this is destroyed; as LogFile::close().
    async::Task<bool> close_log(Duration patience) { return log_.close(patience); }

 private:
    void output(std::string_view bytes) override;
    std::string_view input() override { return broker_.input(); }
    void input_written(std::size_t bytes) override { broker_.input_written(bytes); }
    void gone(const Error& why) override;

    Owner owner_;
    Tty tty_;
    Broker broker_;
    LogFile log_;
};

}  // namespace virtlight::console
