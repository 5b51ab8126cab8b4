// SPDX-License-Identifier: LGPL-2.1-or-later
#include "console/last_bytes.hpp"

#include <algorithm>

namespace virtlight::console {

void LastBytes::append(std::string_view bytes) {
    if (bytes.size() > limit_) bytes.remove_prefix(bytes.size() - limit_);
    if (bytes.empty()) return;
    make_room_for(size_ + bytes.size());
    const auto capacity = storage_.size();
    if (size_ + bytes.size() > capacity) {
        const auto dropped = size_ + bytes.size() - capacity;
        start_ = (start_ + dropped) % capacity;
        size_ -= dropped;
    }
    const auto place = (start_ + size_) % capacity;
    const auto up_to_the_edge = bytes.substr(0, capacity - place);
    std::ranges::copy(up_to_the_edge, storage_.data() + place);
    std::ranges::copy(bytes.substr(up_to_the_edge.size()), storage_.data());
    size_ += bytes.size();
}

std::string_view LastBytes::view(std::size_t at) const {
    if (at >= size_) return {};
    const auto place = (start_ + at) % storage_.size();
    return {storage_.data() + place, std::min(size_ - at, storage_.size() - place)};
}

void LastBytes::clear() {
    start_ = 0;
    size_ = 0;
}

void LastBytes::make_room_for(std::size_t size) {
    if (size <= storage_.size() || storage_.size() == limit_) return;
    move_to(std::min(limit_, std::max(size, 2 * storage_.size())));
}

void LastBytes::move_to(std::size_t capacity) {
    if (capacity == storage_.size()) return;
    std::vector<char> storage(capacity);
    for (std::size_t at = 0; at < size_;) {
        const auto piece = view(at);
        std::ranges::copy(piece, storage.data() + at);
        at += piece.size();
    }
    storage_ = std::move(storage);
    start_ = 0;
}

}  // namespace virtlight::console
