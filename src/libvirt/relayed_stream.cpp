// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/relayed_stream.hpp"

#include <algorithm>
#include <utility>

#include "base/limits.hpp"
#include "libvirt/error.hpp"

namespace virtlight::libvirt {

RelayedStream::RelayedStream(std::string uri, std::int32_t procedure, View payload)
    : relay_(std::move(uri), false), call_(relay_.ask_for_stream(procedure, payload)) {}

bool RelayedStream::wants_input() const {
    return !over_ && (finishing_ || unread() < limits::modular_stream_waiting);
}

Result<> RelayedStream::receive(View bytes) {
    forget_given();
    relay_.receive(bytes);
    auto told = relay_.next();
    for (; told && *told; told = relay_.next())
        answer(*std::move(*told));
    for (const auto& piece : relay_.take_pieces())
        take(piece);
    relay_.take_messages();  // nobody has registered for any
    if (!told) return std::unexpected(told.error());
    return {};
}

void RelayedStream::answer(Relay::Told told) {
    if (answered_ || told.serial != call_) return;
    answered_ = true;
    over_ = told.answer.refused;
    answer_.emplace(std::move(told.answer));
}

void RelayedStream::take(const Relay::Piece& piece) {
    if (over_) return;
    if (piece.status == MessageStatus::error) {
        const auto error = decode<WireError>(piece.bytes);
        fail(error ? from_wire(*error) : error.error());
    } else if (piece.status == MessageStatus::ok) {
        over_ = true;
    } else if (piece.bytes.empty()) {
        // Only then it tells whether all went well.
        ask_for_the_end();
    } else if (!finishing_) {
        data_.insert(data_.end(), piece.bytes.begin(), piece.bytes.end());
    }
}

void RelayedStream::ask_for_the_end() {
    if (!std::exchange(finishing_, true)) relay_.put(MessageStatus::ok, {});
}

void RelayedStream::fail(const Error& why) {
    if (std::exchange(over_, true)) return;
    failure_ = why;
    if (!std::exchange(answered_, true)) answer_.emplace(std::unexpected(why));
}

/// Not each time, as what is left moves with it.
void RelayedStream::forget_given() {
    if (given_ < unread()) return;
    data_.erase(data_.begin(), data_.begin() + static_cast<std::ptrdiff_t>(given_));
    given_ = 0;
}

Result<StreamEnd::Portion> RelayedStream::read(std::size_t max) {
    if (unread() > 0) {
        const auto bytes = View(data_).subspan(given_, std::min(max, unread()));
        given_ += bytes.size();
        return StreamEnd::Portion{.bytes = bytes};
    }
    if (failure_) return std::unexpected(*failure_);
    return StreamEnd::Portion{.end = over_};
}

Result<std::size_t> RelayedStream::write(View bytes) {
    if (failure_) return std::unexpected(*failure_);
    if (over_ || finishing_) return bytes.size();  // nobody is there to take it
    std::size_t taken = 0;
    while (taken < bytes.size() && relay_.unsent() < limits::modular_stream_waiting) {
        const auto chunk = bytes.subspan(taken, std::min(bytes.size() - taken, limits::modular_stream_chunk));
        relay_.put(MessageStatus::continued, chunk);
        taken += chunk.size();
    }
    return taken;
}

Result<bool> RelayedStream::finish() {
    if (failure_) return std::unexpected(*failure_);
    if (over_) return true;
    // Who asks for the end reads no further.
    data_ = {};
    given_ = 0;
    ask_for_the_end();
    return false;
}

}  // namespace virtlight::libvirt
