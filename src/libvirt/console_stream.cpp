// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/console_stream.hpp"

#include <utility>

namespace virtlight::libvirt {
namespace {

View as_bytes(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string_view as_text(View bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
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
    if (piece.missed.empty()) return Portion{as_bytes(piece.bytes), end};
    text_ = fmt::format("\r\n--- {} bytes of the console are missing here ---\r\n", piece.missed.size());
    text_ += piece.bytes;
    return Portion{as_bytes(text_), end};
}

Result<std::size_t> ConsoleStream::write(View bytes) {
    if (closed_) return std::unexpected(*closed_);
    return console_->broker().write(id_, as_text(bytes));
}

void ConsoleStream::closed(const Error& why) {
    closed_ = why;
    wake_();
}

}  // namespace virtlight::libvirt
