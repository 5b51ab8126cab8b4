// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>

namespace virtlight {

/// Makes lines for reading out of bytes for a terminal: colours, cursor movements, titles and other control
/// sequences go, also those that begin with a control character of Unicode's further ones, as U+009B; what a
/// carriage return would have overwritten becomes a line of its own. Other bytes over 0x7f stay as they are.
/// A stream may come in pieces of any size.
class LineCleaner {
 public:
    /// Appends what remains of `bytes` to `out`: never more than `bytes` is long, and two bytes.
    void clean(std::string_view bytes, std::string& out);

 private:
    enum class State {
        text,
        escape,   ///< behind ESC, up to the byte that ends the sequence or says that it is a longer one
        control,  ///< behind ESC [, up to its final byte
        string,   ///< a title or the like, up to BEL or ESC
    };

    void step(char c, std::string& out);
    bool step_behind_lead(char c, std::string& out);
    bool step_in_sequence(char c);
    void step_in_text(char c, std::string& out);
    void put(char c, std::string& out);

    State state_ = State::text;
    bool returned_ = false;   ///< a carriage return came, and nothing since
    bool line_empty_ = true;  ///< nothing stands on the line yet
    bool led_ = false;        ///< the first byte of what may be a control character came, and nothing since
};

}  // namespace virtlight
