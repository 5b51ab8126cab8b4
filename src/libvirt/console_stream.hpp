// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "console/console.hpp"
#include "libvirt/console_marks.hpp"
#include "libvirt/streams.hpp"

namespace virtlight::libvirt {

/// A viewer of a console at the end of a stream. What it missed because it was slow is said in its stream,
/// and so is that another one writes now. What one sends who only watches is dropped.
class ConsoleStream final : public StreamEnd, private console::Viewer {
 public:
    /// `wake` has the connection served; with `marks` it is told what happened to the guest. Fails as
    /// console::Broker::attach() does.
    static Result<std::unique_ptr<StreamEnd>> open(std::shared_ptr<console::Console> console,
                                                   console::Attachment how, std::function<void()> wake,
                                                   bool marks = false);
    ~ConsoleStream() override;
    ConsoleStream(const ConsoleStream&) = delete;
    ConsoleStream& operator=(const ConsoleStream&) = delete;

    Result<Portion> read(std::size_t max) override;
    Result<std::size_t> write(View bytes) override;

 private:
    ConsoleStream(std::shared_ptr<console::Console> console, std::function<void()> wake)
        : console_(std::move(console)), wake_(std::move(wake)) {}

    void put(console::Offset at, std::string_view bytes);

    void readable() override { wake_(); }
    void writable() override { wake_(); }
    void writing_taken(const std::string& by) override;
    void closed(const Error& why) override;

    std::shared_ptr<console::Console> console_;
    std::function<void()> wake_;
    console::ViewerId id_;
    std::optional<Error> closed_;
    std::string note_;  ///< to be said in the stream
    std::optional<ConsoleMarks> marks_;
    std::string text_;  ///< what read() has given
};

/// What is held of a console's history in a range, and then the end.
class HistoryStream final : public StreamEnd {
 public:
    HistoryStream(std::shared_ptr<console::Console> console, console::Range range,
                  std::optional<ConsoleMarks> marks)
        : console_(std::move(console)), left_(range), marks_(std::move(marks)) {}

    Result<Portion> read(std::size_t max) override;
    /// Nobody is there to take it.
    Result<std::size_t> write(View bytes) override { return bytes.size(); }

 private:
    std::shared_ptr<console::Console> console_;
    console::Range left_;
    std::optional<ConsoleMarks> marks_;
    std::string text_;  ///< what read() has given
};

}  // namespace virtlight::libvirt
