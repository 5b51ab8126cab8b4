// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/console_stream.hpp"

#include <algorithm>
#include <utility>

namespace virtlight::libvirt {
namespace {

std::string told(std::uint64_t missed) {
    return fmt::format("\r\n--- {} bytes of the console are missing here ---\r\n", missed);
}

std::string said(const std::string& silence) {
    return fmt::format("\r\n--- {} ---\r\n", silence.empty() ? "the console is read again" : silence);
}

/// For one who came to write if nobody did.
std::string why_watches(const console::Broker& broker) {
    for (const auto& viewer : broker.viewers())
        if (viewer.writes)
            return fmt::format("\r\n--- {} writes to the console; you only watch ---\r\n", viewer.name);
    return {};
}

}  // namespace

Result<std::unique_ptr<StreamEnd>> ConsoleStream::open(std::shared_ptr<console::Console> console,
                                                       console::Attachment how, std::function<void()> wake,
                                                       More more) {
    std::unique_ptr<ConsoleStream> stream(new ConsoleStream(std::move(console), std::move(wake)));
    stream->passes_on_all_ = more.passes_on_all;
    if (more.marks) stream->marks_.emplace(std::min(how.from, stream->console_->history().end()));
    auto& broker = stream->console_->broker();
    const bool may_watch = how.access == console::Access::write_if_free;
    const auto id = broker.attach(*stream, std::move(how));
    if (!id) return std::unexpected(id.error());
    stream->id_ = *id;
    if (may_watch && !broker.writes(*id)) stream->why_watches_ = why_watches(broker);
    if (!broker.silence().empty()) stream->silence_ = said(broker.silence());
    return stream;
}

ConsoleStream::~ConsoleStream() {
    console_->broker().detach(id_);
}

Result<StreamEnd::Portion> ConsoleStream::read(std::size_t max) {
    // What the console said is longer by the words that are said about it.
    if (!text_.all_given()) return Portion{text_.give(max)};
    if (closed_) return std::unexpected(*closed_);
    const auto [piece, end] = console_->broker().read(id_, max);
    const bool seen_all = piece.next() == console_->history().end();
    const auto after =
        seen_all ? std::exchange(why_watches_, {}) + std::exchange(silence_, {}) : std::string();
    if (piece.missed.empty() && note_.empty() && after.empty() && !marks_)
        return Portion{as_bytes(piece.bytes), end};
    auto text = std::exchange(note_, {});
    if (!piece.missed.empty()) text += told(piece.missed.size());
    put(piece.missed.to, piece.bytes, text);
    text += after;
    text_.set(std::move(text));
    const auto bytes = text_.give(max);
    return Portion{bytes, end && text_.all_given()};
}

Result<std::size_t> ConsoleStream::write(View bytes) {
    if (closed_) return std::unexpected(*closed_);
    auto& broker = console_->broker();
    return broker.writes(id_) ? broker.write(id_, as_text(bytes)) : bytes.size();
}

/// A client of libvirt that leaves the console of a paused guest does not wait with the keys that were
/// pressed.
Result<bool> ConsoleStream::finish() {
    return !passes_on_all_ || console_->broker().all_taken(id_);
}

void ConsoleStream::put(console::Offset at, std::string_view bytes, std::string& text) {
    if (marks_)
        marks_->weave(console_->history(), at, bytes, text);
    else
        text += bytes;
}

Result<StreamEnd::Portion> HistoryStream::read(std::size_t max) {
    if (text_.all_given()) text_.set(next(max));
    const auto bytes = text_.give(max);
    return Portion{.bytes = bytes, .end = bytes.empty()};
}

/// Up to `max` bytes of the console, and what is said about them.
std::string HistoryStream::next(std::size_t max) {
    const auto piece = console_->history().read(left_.from, std::min<std::uint64_t>(max, left_.size()));
    const auto held = std::min(piece.missed.to, left_.to);
    const auto bytes = piece.bytes.substr(0, left_.to - held);
    auto text = held > left_.from ? told(held - left_.from) : "";
    if (marks_)
        marks_->weave(console_->history(), held, bytes, text);
    else
        text += bytes;
    left_.from = held + bytes.size();
    return text;
}

void ConsoleStream::writing_taken(const std::string& by) {
    note_ = fmt::format("\r\n--- {} writes to the console now ---\r\n", by);
    wake_();
}

void ConsoleStream::silenced(const std::string& why) {
    silence_ = said(why);
    wake_();
}

void ConsoleStream::closed(const Error& why) {
    closed_ = why;
    wake_();
}

}  // namespace virtlight::libvirt
