// SPDX-License-Identifier: LGPL-2.1-or-later
#include "console/channel.hpp"

#include <algorithm>
#include <utility>

#include "base/limits.hpp"

namespace virtlight::console {

std::string_view Channel::read(std::size_t max) {
    output_.erase(0, given_);
    given_ = std::min(max, output_.size());
    return std::string_view(output_).substr(0, given_);
}

std::size_t Channel::write(std::string_view bytes) {
    const auto taken = std::min(bytes.size(), limits::console_input_bytes - input_.size());
    input_ += bytes.substr(0, taken);
    tty_.input_ready();
    return taken;
}

void Channel::finish() {
    tty_.finish();
    end_with({});
}

void Channel::close(const Error& why) {
    tty_.close();
    end_with(std::unexpected(why));
}

/// A gap would make nonsense of what an agent says.
void Channel::output(std::string_view bytes) {
    if (output_.size() - given_ + bytes.size() > limits::channel_output) {
        close({Reason::too_many, fmt::format("channel {}: {} bytes wait for its user, who does not read them",
                                             label_, output_.size() - given_)});
        return;
    }
    output_ += bytes;
    wake_();
}

void Channel::input_written(std::size_t bytes) {
    input_.erase(0, bytes);
    wake_();
}

void Channel::gone(const Error&) {
    end_with({});
}

void Channel::end_with(Result<> how) {
    if (end_) return;
    end_ = std::move(how);
    wake_();
}

}  // namespace virtlight::console
