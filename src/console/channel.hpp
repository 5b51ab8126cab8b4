// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "console/tty.hpp"

namespace virtlight::console {

/// A guest's channel while somebody has it open: the bytes between its tty and that one user, as they are.
/// Unlike of a console, nothing is read while nobody has it open, so that a program in dom0 can have the tty
/// instead, and nothing is kept.
class Channel final : private TtyPeer {
 public:
    /// `label` names it in errors ("web/org.example.agent").
    Channel(async::FdScheduler& loop, std::string label) : label_(std::move(label)), tty_(loop, *this) {}

    Result<> open(const std::string& tty) { return tty_.open(tty); }

    /// Called when there is something to read after read() gave nothing, when there is room after write()
    /// took less than it was given, when all_written() has come true, and when it has ended.
    void on_change(std::function<void()> wake) { wake_ = std::move(wake); }

    /// What the guest wrote, up to `max` bytes, valid until the next call; empty: nothing now.
    std::string_view read(std::size_t max);
    /// Takes what fits and says how much.
    std::size_t write(std::string_view bytes);
    /// Whether nothing waits of what write() took; what is meant for a guest that has ended waits no more.
    bool all_written() const { return input_.empty() || end_.has_value(); }
    /// Why nothing more will come behind what read() still gives; empty: more may come. The end of the guest
    /// is no failure.
    const std::optional<Result<>>& end() const { return end_; }

    /// The guest has ended: what it has written can still be read.
    void finish();
    /// Another one has it now.
    void close(const Error& why);

 private:
    void output(std::string_view bytes) override;
    std::string_view input() override { return input_; }
    void input_written(std::size_t bytes) override;
    void gone(const Error& why) override;
    void end_with(Result<> how);

    std::string label_;
    Tty tty_;
    std::function<void()> wake_ = [] {};
    std::string output_;     ///< what has come and was not taken, and before it `given_` bytes
    std::size_t given_ = 0;  ///< by the last read()
    std::string input_;
    std::optional<Result<>> end_;
};

}  // namespace virtlight::console
