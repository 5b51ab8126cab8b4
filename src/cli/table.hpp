// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/terminal.hpp"

namespace virtlight::cli {

/// Lines of cells in columns that are as wide as what is in them, so that whatever fits on a terminal does.
class Table {
 public:
    enum class Side { left, right };

    struct Column {
        std::string_view title;
        Side side = Side::left;
    };

    struct Cell {
        Cell(std::string text_, std::optional<Colour> colour_ = std::nullopt)
            : text(std::move(text_)), colour(colour_) {}

        std::string text;
        std::optional<Colour> colour;  ///< on a terminal
    };

    explicit Table(std::initializer_list<Column> columns);

    /// A cell for each column.
    void add(std::vector<Cell> line) { lines_.push_back(std::move(line)); }
    std::string text() const;

 private:
    std::vector<Side> sides_;
    std::vector<std::vector<Cell>> lines_;
};

}  // namespace virtlight::cli
