// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/cpu_set.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>
#include <ranges>

#include "base/limits.hpp"
#include "domain/text.hpp"

namespace virtlight::domain {
namespace {

std::optional<unsigned> read_cpu(std::string_view text) {
    const auto cpu = whole_number<unsigned>(trimmed(text));
    return cpu < limits::cpus ? cpu : std::nullopt;
}

struct Range {
    unsigned first = 0;
    unsigned last = 0;
};

/// "3" or "0-3"; or the word that stands for everything, if there is one.
std::optional<Range> read_range(std::string_view text, std::string_view everything) {
    if (!everything.empty() && text == everything) return Range{0, limits::cpus - 1};
    const auto dash = text.find('-');
    const auto first = read_cpu(text.substr(0, dash));
    const auto last = dash == text.npos ? first : read_cpu(text.substr(dash + 1));
    if (!first || !last || *first > *last) return std::nullopt;
    return Range{*first, *last};
}

}  // namespace

CpuSet CpuSet::first(unsigned count) {
    CpuSet set;
    set.has_.assign(count, true);
    return set;
}

Result<CpuSet> CpuSet::parse(std::string_view text) {
    return read(text, {});
}

Result<CpuSet> CpuSet::parse_xls(std::string_view text) {
    return read(text, "all");
}

Result<CpuSet> CpuSet::read(std::string_view text, std::string_view everything) {
    if (text.size() > limits::cpu_set_text)
        return fail(Reason::invalid_argument, "a set of processors has at most {} bytes, not {}",
                    limits::cpu_set_text, text.size());
    CpuSet set;
    for (const auto part : std::views::split(text, ',')) {
        auto words = trimmed(std::string_view(part.begin(), part.end()));
        const bool without = words.starts_with('^');
        if (without) words.remove_prefix(1);
        const auto range = read_range(words, without ? std::string_view() : everything);
        if (!range)
            return fail(Reason::invalid_argument,
                        "'{}' is no set of processors: '{}' is neither a number below {} nor a range",
                        shown(text), shown(words), limits::cpus);
        set.put(range->first, range->last, !without);
    }
    set.shrink();
    if (set.empty())
        return fail(Reason::invalid_argument, "'{}' is no set of processors: it names none", shown(text));
    return set;
}

CpuSet CpuSet::from_bits(std::string_view bytes) {
    CpuSet set;
    for (unsigned cpu = 0; cpu < limits::cpus && cpu / 8 < bytes.size(); ++cpu)
        if ((static_cast<unsigned char>(bytes[cpu / 8]) >> cpu % 8 & 1) != 0) set.insert(cpu);
    return set;
}

void CpuSet::insert(unsigned cpu) {
    if (cpu >= limits::cpus) return;
    if (cpu >= has_.size()) has_.resize(cpu + 1);
    has_[cpu] = true;
}

void CpuSet::erase(unsigned cpu) {
    if (cpu < has_.size()) has_[cpu] = false;
    shrink();
}

/// A text may name wide ranges again and again: they are not gone through one by one.
void CpuSet::put(unsigned first, unsigned last, bool there) {
    if (there && has_.size() <= last) has_.resize(last + 1);
    const auto at = [this](unsigned cpu) {
        return has_.begin() + std::min<std::ptrdiff_t>(cpu, std::ssize(has_));
    };
    std::fill(at(first), at(last + 1), there);
}

void CpuSet::shrink() {
    while (!has_.empty() && !has_.back())
        has_.pop_back();
}

std::string CpuSet::format() const {
    std::string text;
    for (unsigned cpu = 0; cpu < end(); ++cpu) {
        if (!contains(cpu)) continue;
        const auto first = cpu;
        while (contains(cpu + 1))
            ++cpu;
        if (!text.empty()) text += ',';
        text += std::to_string(first);
        if (cpu > first) text += '-' + std::to_string(cpu);
    }
    return text;
}

std::string CpuSet::bits(std::size_t bytes) const {
    std::string bits(bytes, '\0');
    for (unsigned cpu = 0; cpu < end() && cpu / 8 < bytes; ++cpu)
        if (contains(cpu)) bits[cpu / 8] = static_cast<char>(bits[cpu / 8] | 1 << cpu % 8);
    return bits;
}

}  // namespace virtlight::domain
