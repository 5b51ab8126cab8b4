// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

namespace virtlight::async {

/// Values under ids that are never reused, found without hashing: the low bits of an id are the place, which
/// is used again, and the high bits are a serial number, which is not, so that each id is greater than those
/// before it. Values keep their address while others come and go.
template <class IdType, class T>
class Slots {
 public:
    static constexpr unsigned place_bits = 20;
    static constexpr std::size_t capacity = std::size_t{1} << place_bits;

    /// Where a value stands: below the largest number of values that ever stood at once.
    static std::size_t place(IdType id) { return static_cast<std::size_t>(id.value & (capacity - 1)); }

    /// At most `capacity` values at a time.
    IdType insert(T value) {
        std::size_t at = slots_.size();
        if (!free_.empty()) {
            at = free_.back();
            free_.pop_back();
        } else {
            assert(at < capacity);
            slots_.emplace_back();
        }
        auto& slot = slots_[at];
        slot.id = IdType{++last_serial_ << place_bits | at};
        slot.value = std::move(value);
        ++size_;
        return slot.id;
    }

    /// Null for an id that is gone or never was.
    T* find(IdType id) {
        const auto at = place(id);
        if (!id || at >= slots_.size() || slots_[at].id != id) return nullptr;
        return &slots_[at].value;
    }
    const T* find(IdType id) const { return const_cast<Slots*>(this)->find(id); }

    /// Takes the value out; the id is unknown from here on.
    bool erase(IdType id) {
        T* const value = find(id);
        if (!value) return false;
        *value = T();
        slots_[place(id)].id = IdType{};
        free_.push_back(place(id));
        --size_;
        return true;
    }

    std::size_t size() const { return size_; }

    /// Equal ones also give the next values the same ids.
    bool operator==(const Slots&) const = default;

 private:
    struct Slot {
        IdType id{};
        T value{};

        bool operator==(const Slot&) const = default;
    };

    std::deque<Slot> slots_;
    std::vector<std::size_t> free_;
    std::uint64_t last_serial_ = 0;
    std::size_t size_ = 0;
};

/// Further values under ids that a Slots elsewhere has given. Not for ids that are gone: another one's value
/// may be in their place.
template <class IdType, class T>
class BySlot {
 public:
    T& operator[](IdType id) {
        const auto at = Slots<IdType, T>::place(id);
        if (values_.size() <= at) values_.resize(at + 1);
        return values_[at];
    }

 private:
    std::vector<T> values_;
};

}  // namespace virtlight::async
