// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <deque>

#include "libvirt/packet.hpp"

namespace virtlight::libvirt {

/// What a client is to be sent and has not read. Answers, which it has asked for, have a bound of their own:
/// long ones must not cost it the events behind them.
class Outbox {
 public:
    /// False, and nothing is put: limits::answer_bytes of answers would be unread then, or
    /// limits::output_bytes of all else.
    [[nodiscard]] bool put(const Header& header, View payload);

    /// What was not sent yet; valid until the next put() or sent().
    View bytes() const { return View(bytes_).subspan(sent_); }
    /// So many of bytes() have gone.
    void sent(std::size_t bytes);

 private:
    /// Bytes one behind the other, all of answers or none.
    struct Run {
        std::size_t bytes;
        bool answers;
    };

    void count_put(std::size_t bytes, bool answers);
    void count_sent(std::size_t bytes);
    void forget_sent();

    Bytes bytes_;
    std::size_t sent_ = 0;            ///< of bytes_, already gone
    std::deque<Run> runs_;            ///< what bytes() is made of
    std::size_t unread_answers_ = 0;  ///< bytes of answers in bytes()
};

}  // namespace virtlight::libvirt
