// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace virtlight::cli {

/// Takes what a guest writes apart into lines, in whatever chunks it comes. A line that does not end comes in
/// pieces of limits::json_line bytes, so that no more of it is kept.
class Lines {
 public:
    struct Piece {
        std::string text;        ///< without the end of the line, CR LF or LF
        bool continues = false;  ///< the line goes on in the next piece

        bool operator==(const Piece&) const = default;
    };

    std::vector<Piece> add(std::string_view bytes);
    /// What is there of a line that has no end; once nothing more comes.
    std::optional<Piece> rest();

 private:
    Piece take_line();
    Piece take_piece();

    std::string line_;
};

}  // namespace virtlight::cli
