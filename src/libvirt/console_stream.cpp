// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/console_stream.hpp"

#include <algorithm>
#include <utility>

namespace virtlight::libvirt {
namespace {

std::string told(std::uint64_t missed) {
    return fmt::format("\r\n--- {} bytes of the console are missing here ---\r\n", missed);
}

}  // namespace

Result<std::unique_ptr<StreamEnd>> ConsoleStream::open(std::shared_ptr<console::Console> console,
                                                       console::Attachment how, std::function<void()> wake) {
    std::unique_ptr<ConsoleStream> stream(new ConsoleStream(std::move(console), std::move(wake)));
    const auto id = stream->console_->broker().attach(*stream, std::move(how));
    if (!id) return std::unexpected(id.error());
    stream->id_ = *id;
    return stream;
}

ConsoleStream::~ConsoleStream() {
    console_->broker().detach(id_);
}

Result<StreamEnd::Portion> ConsoleStream::read(std::size_t max) {
    if (closed_) return std::unexpected(*closed_);
    const auto [piece, end] = console_->broker().read(id_, max);
    if (piece.missed.empty() && note_.empty()) return Portion{as_bytes(piece.bytes), end};
    text_ = std::exchange(note_, {});
    if (!piece.missed.empty()) text_ += told(piece.missed.size());
    text_ += piece.bytes;
    return Portion{as_bytes(text_), end};
}

Result<std::size_t> ConsoleStream::write(View bytes) {
    if (closed_) return std::unexpected(*closed_);
    auto& broker = console_->broker();
    return broker.writes(id_) ? broker.write(id_, as_text(bytes)) : bytes.size();
}

Result<StreamEnd::Portion> HistoryStream::read(std::size_t max) {
    const auto piece = console_->history().read(left_.from, std::min<std::uint64_t>(max, left_.size()));
    if (left_.empty() || piece.empty()) return Portion{.end = true};
    const auto missed = std::min(piece.missed.to, left_.to) - left_.from;
    const auto bytes = piece.missed.to < left_.to ? piece.bytes.substr(0, left_.to - piece.missed.to) : "";
    left_.from += missed + bytes.size();
    text_ = missed > 0 ? told(missed) : "";
    text_ += bytes;
    return Portion{as_bytes(text_)};
}

void ConsoleStream::writing_taken(const std::string& by) {
    note_ = fmt::format("\r\n--- {} writes to the console now ---\r\n", by);
    wake_();
}

void ConsoleStream::closed(const Error& why) {
    closed_ = why;
    wake_();
}

}  // namespace virtlight::libvirt
