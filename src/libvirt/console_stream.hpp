// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "console/console.hpp"
#include "libvirt/console_marks.hpp"
#include "libvirt/streams.hpp"

namespace virtlight::libvirt {

/// A text that is given away in portions.
class PortionedText {
 public:
    /// The next text, once this is all given.
    void set(std::string text) {
        text_ = std::move(text);
        given_ = 0;
    }
    bool all_given() const { return given_ == text_.size(); }
    /// Up to `max` bytes, valid until the next set().
    View give(std::size_t max) {
        const auto portion = as_bytes(std::string_view(text_).substr(given_, max));
        given_ += portion.size();
        return portion;
    }

 private:
    std::string text_;
    std::size_t given_ = 0;
};

/// A viewer of a console at the end of a stream. What it missed because it was slow is said in its stream,
/// and so is that another one writes now, or did before it came to write, and why the guest's output does not
/// come. What one sends who only watches is dropped.
class ConsoleStream final : public StreamEnd, private console::Viewer {
 public:
    /// What clients of libvirt do not get.
    struct More {
        bool marks = false;          ///< it is told what happened to the guest
        bool passes_on_all = false;  ///< it is not finished before the guest's tty has what it wrote
    };
    /// `wake` has the connection served. Fails as console::Broker::attach() does.
    static Result<std::unique_ptr<StreamEnd>> open(std::shared_ptr<console::Console> console,
                                                   console::Attachment how, std::function<void()> wake,
                                                   More more);
    ~ConsoleStream() override;
    ConsoleStream(const ConsoleStream&) = delete;
    ConsoleStream& operator=(const ConsoleStream&) = delete;

    Result<Portion> read(std::size_t max) override;
    Result<std::size_t> write(View bytes) override;
    Result<bool> finish() override;

 private:
    ConsoleStream(std::shared_ptr<console::Console> console, std::function<void()> wake)
        : console_(std::move(console)), wake_(std::move(wake)) {}

    void put(console::Offset at, std::string_view bytes, std::string& text);

    void readable() override { wake_(); }
    void writable() override { wake_(); }
    void writing_taken(const std::string& by) override;
    void silenced(const std::string& why) override;
    void closed(const Error& why) override;

    std::shared_ptr<console::Console> console_;
    std::function<void()> wake_;
    console::ViewerId id_;
    bool passes_on_all_ = false;
    std::optional<Error> closed_;
    std::string note_;         ///< to be said in the stream
    std::string why_watches_;  ///< to be said when it has seen what was there, so that it stands at the end
    std::string silence_;      ///< the same; the last word about it
    std::optional<ConsoleMarks> marks_;
    PortionedText text_;  ///< what read() gives
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
    std::string next(std::size_t max);

    std::shared_ptr<console::Console> console_;
    console::Range left_;
    std::optional<ConsoleMarks> marks_;
    PortionedText text_;  ///< what read() gives
};

}  // namespace virtlight::libvirt
