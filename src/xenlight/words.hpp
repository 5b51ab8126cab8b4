// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>

#include "xenlight/libxl.hpp"

/// Between the values of a definition and those of libxl's structs, whose memory belongs to malloc.
namespace virtlight::xenlight {

/// The other side of a pair in a table that names every value of ours.
template <class Table, class Ours>
auto xens(const Table& table, Ours value) {
    return std::ranges::find(table, value, &Table::value_type::first)->second;
}
template <class Table, class Theirs, class Ours>
Ours ours(const Table& table, Theirs value, Ours otherwise) {
    const auto found = std::ranges::find(table, value, &Table::value_type::second);
    return found == table.end() ? otherwise : found->first;
}

/// An empty string is none.
inline char* copy(const std::string& text) {
    return text.empty() ? nullptr : ::strdup(text.c_str());
}
inline std::string text_of(const char* text) {
    return text ? text : "";
}

inline bool is_on(libxl_defbool value, bool otherwise) {
    return libxl_defbool_is_default(value) ? otherwise : libxl_defbool_val(value);
}

template <class T>
T* allocate(std::size_t count) {
    return static_cast<T*>(std::calloc(count, sizeof(T)));
}

/// A list of strings, ended by a null pointer; null if there are none.
template <class Texts>
char** copy_list(const Texts& texts) {
    if (texts.empty()) return nullptr;
    auto** list = allocate<char*>(texts.size() + 1);
    std::ranges::transform(texts, list, [](const auto& text) { return ::strdup(std::string(text).c_str()); });
    return list;
}

}  // namespace virtlight::xenlight
