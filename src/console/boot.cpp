// SPDX-License-Identifier: LGPL-2.1-or-later
#include "console/boot.hpp"

namespace virtlight::console {

void Boot::append(std::string_view bytes) {
    if (end_ == head_end()) {
        const auto first = bytes.substr(0, head_.room());
        head_.append(first);
        end_ += first.size();
        bytes.remove_prefix(first.size());
    }
    tail_.append(bytes);
    end_ += bytes.size();
}

void Boot::lose_up_to(Offset to) {
    if (to <= end_) return;
    tail_.clear();
    end_ = to;
}

void Boot::settle() {
    head_.settle();
    tail_.settle();
}

std::string_view Boot::view(Offset at) const {
    if (at < from_ || at >= end_) return {};
    if (at < head_end()) return head_.view(at - from_);
    const auto tail_from = gap().to;
    return at < tail_from ? std::string_view() : tail_.view(at - tail_from);
}

}  // namespace virtlight::console
