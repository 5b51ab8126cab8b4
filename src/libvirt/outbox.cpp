// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/outbox.hpp"

#include <algorithm>

#include "base/limits.hpp"

namespace virtlight::libvirt {

bool Outbox::put(const Header& header, View payload) {
    const auto size = length_bytes + header_bytes + payload.size();
    const bool answer = header.type == MessageType::reply;
    const auto unread = answer ? unread_answers_ : bytes().size() - unread_answers_;
    if (unread + size > (answer ? limits::answer_bytes : limits::output_bytes)) return false;
    append_packet(bytes_, header, payload);
    count_put(size, answer);
    return true;
}

void Outbox::sent(std::size_t bytes) {
    sent_ += bytes;
    count_sent(bytes);
    forget_sent();
}

void Outbox::count_put(std::size_t bytes, bool answers) {
    if (runs_.empty() || runs_.back().answers != answers) runs_.push_back({.bytes = 0, .answers = answers});
    runs_.back().bytes += bytes;
    if (answers) unread_answers_ += bytes;
}

void Outbox::count_sent(std::size_t bytes) {
    while (bytes > 0 && !runs_.empty()) {
        auto& run = runs_.front();
        const auto part = std::min(bytes, run.bytes);
        bytes -= part;
        run.bytes -= part;
        if (run.answers) unread_answers_ -= part;
        if (run.bytes == 0) runs_.pop_front();
    }
}

/// Not for each few bytes, as the rest has to be moved.
void Outbox::forget_sent() {
    if (!bytes().empty() && sent_ < limits::output_pause) return;
    bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(sent_));
    sent_ = 0;
    if (bytes_.empty() && bytes_.capacity() > limits::output_pause) bytes_.shrink_to_fit();
}

}  // namespace virtlight::libvirt
