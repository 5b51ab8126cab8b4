// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>

#include "async/scheduler.hpp"
#include "base/file.hpp"
#include "base/result.hpp"

namespace virtlight::hypervisor {

/// A socket to which the kernel of dom0 writes a message about each device that comes, goes or changes: it
/// asks for no rights, and for no udev. io: the kernel gives none.
Result<Fd> open_device_messages();

/// That devices of the host may have come, gone or changed, as the kernel tells it. Where it does not, they
/// may have every limits::device_news_rest, and the log says so once.
class DeviceNews {
 public:
    using Open = std::function<Result<Fd>()>;

    /// `loop` must outlive this.
    explicit DeviceNews(async::FdScheduler& loop, Open open = open_device_messages);
    DeviceNews(const DeviceNews&) = delete;
    DeviceNews& operator=(const DeviceNews&) = delete;
    ~DeviceNews();

    /// `again` is called on the loop's thread, once for all messages that are there together. It must not
    /// call back. Empty: nobody wants to know any more, and the kernel need not tell.
    void on_news(std::function<void()> again);

 private:
    Result<> listen();
    void take_messages();
    void tell_regularly();
    void stop();

    async::FdScheduler& loop_;
    Open open_;
    std::function<void()> again_;
    Fd messages_;
    async::WatchId watch_;
    async::TimerId timer_;
    bool said_ = false;
};

}  // namespace virtlight::hypervisor
