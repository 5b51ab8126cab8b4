// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>

#include "console/channel.hpp"
#include "libvirt/streams.hpp"

namespace virtlight::libvirt {

/// The user of a guest's channel at the end of a stream.
class ChannelStream final : public StreamEnd {
 public:
    /// `wake` has the connection served.
    ChannelStream(std::shared_ptr<console::Channel> channel, std::function<void()> wake);
    ~ChannelStream() override;
    ChannelStream(const ChannelStream&) = delete;
    ChannelStream& operator=(const ChannelStream&) = delete;

    Result<Portion> read(std::size_t max) override;
    Result<std::size_t> write(View bytes) override;
    Result<bool> finish() override { return channel_->all_written(); }

 private:
    std::shared_ptr<console::Channel> channel_;
};

}  // namespace virtlight::libvirt
