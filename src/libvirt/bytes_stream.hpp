// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <algorithm>
#include <string>
#include <utility>

#include "libvirt/streams.hpp"

namespace virtlight::libvirt {

/// So many bytes, and then the end.
class BytesStream final : public StreamEnd {
 public:
    explicit BytesStream(std::string bytes) : bytes_(std::move(bytes)) {}

    Result<Portion> read(std::size_t max) override {
        const auto rest =
            View(reinterpret_cast<const std::uint8_t*>(bytes_.data()), bytes_.size()).subspan(at_);
        const auto portion = rest.first(std::min(max, rest.size()));
        at_ += portion.size();
        return Portion{.bytes = portion, .end = portion.empty()};
    }
    /// Nobody is there to take it.
    Result<std::size_t> write(View bytes) override { return bytes.size(); }

 private:
    std::string bytes_;
    std::size_t at_ = 0;
};

}  // namespace virtlight::libvirt
