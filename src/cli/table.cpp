// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/table.hpp"

#include <algorithm>
#include <cstddef>

#include <fmt/format.h>

namespace virtlight::cli {
namespace {

constexpr std::string_view gap = "  ";

/// On a terminal, as fmt counts it: a character of several bytes is one wide, or two.
std::size_t width_of(std::string_view text) {
    const auto more_than_enough = 2 * text.size();
    const auto blanks = fmt::formatted_size("{:<{}}", text, more_than_enough) - text.size();
    return more_than_enough - blanks;
}

}  // namespace

Table::Table(std::initializer_list<Column> columns) {
    std::vector<Cell> titles;
    for (const auto& [title, side] : columns) {
        titles.emplace_back(std::string(title));
        sides_.push_back(side);
    }
    add(std::move(titles));
}

std::string Table::text() const {
    std::vector<std::size_t> widths(sides_.size());
    for (const auto& line : lines_)
        for (std::size_t i = 0; i < widths.size(); ++i)
            widths[i] = std::max(widths[i], width_of(line[i].text));
    std::string text;
    for (const auto& line : lines_) {
        for (std::size_t i = 0; i < widths.size(); ++i) {
            const auto& [word, colour] = line[i];
            const std::string blanks(widths[i] - width_of(word), ' ');
            const bool last = i + 1 == widths.size();
            if (i > 0) text += gap;
            if (sides_[i] == Side::right) text += blanks;
            text += colour ? painted(word, *colour) : word;
            if (sides_[i] == Side::left && !last) text += blanks;
        }
        text += '\n';
    }
    return text;
}

}  // namespace virtlight::cli
