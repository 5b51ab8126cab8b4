// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace virtlight::domain {

/// A set of processors of the host, by number, each below limits::cpus.
class CpuSet {
 public:
    /// The first `count`.
    static CpuSet first(unsigned count);
    /// Numbers, ranges and, behind what they are taken from, exclusions: "0-3,^2,8". invalid_argument: it is
    /// none, or names no processor.
    static Result<CpuSet> parse(std::string_view text);
    /// The same in xl's words, where "all" stands for each that there can be: "all,^0".
    static Result<CpuSet> parse_xls(std::string_view text);
    /// A bit for each, from the lowest of the first byte on. Bits that are no processors do not count.
    static CpuSet from_bits(std::string_view bytes);

    void insert(unsigned cpu);
    void erase(unsigned cpu);
    bool contains(unsigned cpu) const { return cpu < has_.size() && has_[cpu]; }
    bool empty() const { return has_.empty(); }
    /// One more than the highest; 0: there is none.
    unsigned end() const { return static_cast<unsigned>(has_.size()); }

    /// As parse() reads it; empty for an empty set.
    std::string format() const;
    /// As from_bits() reads it, in so many bytes; what does not fit is left out.
    std::string bits(std::size_t bytes) const;

    bool operator==(const CpuSet&) const = default;

 private:
    static Result<CpuSet> read(std::string_view text, std::string_view everything);
    void put(unsigned first, unsigned last, bool there);
    void shrink();

    std::vector<bool> has_;  ///< up to the highest that is there
};

}  // namespace virtlight::domain
