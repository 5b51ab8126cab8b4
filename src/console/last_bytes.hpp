// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace virtlight::console {

/// The last `limit` bytes of all that was appended. The memory grows with what is held, never over the limit.
class LastBytes {
 public:
    explicit LastBytes(std::size_t limit) : limit_(limit) {}

    void append(std::string_view bytes);
    /// What is held from place `at` on, as far as it stands in one piece. Empty at size() and beyond. Valid
    /// until the next change.
    std::string_view view(std::size_t at) const;

    void clear();
    /// Gives back the memory that nothing stands in.
    void settle() { move_to(size_); }

    std::size_t size() const { return size_; }
    std::size_t room() const { return limit_ - size_; }
    std::size_t memory() const { return storage_.size(); }

 private:
    void make_room_for(std::size_t size);
    void move_to(std::size_t capacity);

    std::size_t limit_;
    std::vector<char> storage_;  ///< a circle once it is full
    std::size_t start_ = 0;      ///< where in it the oldest byte stands
    std::size_t size_ = 0;
};

}  // namespace virtlight::console
