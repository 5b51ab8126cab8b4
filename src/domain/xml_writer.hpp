// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace virtlight::domain {

/// Writes XML the way libvirt does: two blanks a level, single quotes. What XML cannot carry (bytes that are
/// no UTF-8, control characters) becomes U+FFFD.
///
///     auto os = writer.element("os");
///     writer.element("type").attribute("arch", "x86_64").text("hvm");
class XmlWriter {
 public:
    /// An open element; it is closed when this goes out of scope. What is written meanwhile is inside it.
    class Element {
     public:
        Element(XmlWriter& writer, std::string_view name);
        ~Element();
        Element(const Element&) = delete;
        Element& operator=(const Element&) = delete;

        /// Attributes come before text and children.
        Element& attribute(std::string_view name, std::string_view value);
        Element& attribute(std::string_view name, std::uint64_t value);
        /// Of an element without children.
        Element& text(std::string_view text);
        Element& text(std::uint64_t number);

     private:
        XmlWriter& writer_;
        std::string_view name_;
        bool has_text_ = false;
    };

    /// What is written stands so many levels deep in something else.
    explicit XmlWriter(std::size_t depth = 0) : depth_(depth) {}

    Element element(std::string_view name) { return Element(*this, name); }
    /// An element that is XML already.
    void raw(std::string_view xml);

    std::string take() && { return std::move(out_); }

 private:
    void begin_line();

    std::string out_;
    std::size_t depth_;
    bool in_start_tag_ = false;
};

}  // namespace virtlight::domain
