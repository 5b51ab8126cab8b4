// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "console/console.hpp"
#include "libvirt/streams.hpp"

namespace virtlight::libvirt {

/// A viewer of a console at the end of a stream. What it missed because it was slow is said in its stream.
class ConsoleStream final : public StreamEnd, private console::Viewer {
 public:
    /// `wake` has the connection served. Fails as console::Broker::attach() does.
    static Result<std::unique_ptr<StreamEnd>> open(std::shared_ptr<console::Console> console,
                                                   console::Attachment how, std::function<void()> wake);
    ~ConsoleStream() override;
    ConsoleStream(const ConsoleStream&) = delete;
    ConsoleStream& operator=(const ConsoleStream&) = delete;

    Result<Portion> read(std::size_t max) override;
    Result<std::size_t> write(View bytes) override;

 private:
    ConsoleStream(std::shared_ptr<console::Console> console, std::function<void()> wake)
        : console_(std::move(console)), wake_(std::move(wake)) {}

    void readable() override { wake_(); }
    void writable() override { wake_(); }
    void writing_taken(const std::string&) override {}  // it goes on as a viewer
    void closed(const Error& why) override;

    std::shared_ptr<console::Console> console_;
    std::function<void()> wake_;
    console::ViewerId id_;
    std::optional<Error> closed_;
    std::string text_;  ///< what read() has given
};

}  // namespace virtlight::libvirt
