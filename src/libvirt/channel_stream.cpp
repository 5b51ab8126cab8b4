// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/channel_stream.hpp"

#include <utility>

namespace virtlight::libvirt {

ChannelStream::ChannelStream(std::shared_ptr<console::Channel> channel, std::function<void()> wake)
    : channel_(std::move(channel)) {
    channel_->on_change(std::move(wake));
}

ChannelStream::~ChannelStream() {
    channel_->on_change([] {});
}

Result<StreamEnd::Portion> ChannelStream::read(std::size_t max) {
    const auto text = channel_->read(max);
    if (!text.empty()) return Portion{.bytes = as_bytes(text)};
    const auto& end = channel_->end();
    if (end && !*end) return std::unexpected(end->error());
    return Portion{.end = end.has_value()};
}

/// What is written for a guest that has ended goes nowhere.
Result<std::size_t> ChannelStream::write(View bytes) {
    return channel_->end() ? bytes.size() : channel_->write(as_text(bytes));
}

}  // namespace virtlight::libvirt
