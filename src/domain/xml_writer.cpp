// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/xml_writer.hpp"

#include "domain/text.hpp"

namespace virtlight::domain {
namespace {

enum class Place { attribute, text };

/// How a character is written where it cannot stand for itself; empty: it can.
std::string_view escape(char32_t character, Place place) {
    switch (character) {
        case '&': return "&amp;";
        case '<': return "&lt;";
        case '>': return "&gt;";
        case '\r': return "&#13;";  // else it would be read as the end of a line
    }
    if (place == Place::text) return {};
    switch (character) {
        case '\'': return "&apos;";
        case '"': return "&quot;";
        case '\n': return "&#10;";  // else these would be read as blanks
        case '\t': return "&#9;";
    }
    return {};
}

void append_escaped(std::string& out, std::string_view text, Place place) {
    while (!text.empty()) {
        const auto before = text;
        const auto character = take_char(text);
        if (!character || !is_xml_char(*character)) {
            out += "\xef\xbf\xbd";
        } else if (const auto escaped = escape(*character, place); !escaped.empty()) {
            out += escaped;
        } else {
            out += before.substr(0, before.size() - text.size());
        }
    }
}

}  // namespace

XmlWriter::Element::Element(XmlWriter& writer, std::string_view name) : writer_(writer), name_(name) {
    writer_.begin_line();
    writer_.out_ += '<';
    writer_.out_ += name;
    writer_.in_start_tag_ = true;
    ++writer_.depth_;
}

XmlWriter::Element::~Element() {
    --writer_.depth_;
    if (writer_.in_start_tag_) {
        writer_.out_ += "/>\n";
        writer_.in_start_tag_ = false;
        return;
    }
    if (!has_text_) writer_.begin_line();
    writer_.out_ += "</";
    writer_.out_ += name_;
    writer_.out_ += ">\n";
}

XmlWriter::Element& XmlWriter::Element::attribute(std::string_view name, std::string_view value) {
    writer_.out_ += ' ';
    writer_.out_ += name;
    writer_.out_ += "='";
    append_escaped(writer_.out_, value, Place::attribute);
    writer_.out_ += '\'';
    return *this;
}

XmlWriter::Element& XmlWriter::Element::attribute(std::string_view name, std::uint64_t value) {
    return attribute(name, std::to_string(value));
}

XmlWriter::Element& XmlWriter::Element::text(std::string_view text) {
    has_text_ = true;
    writer_.in_start_tag_ = false;
    writer_.out_ += '>';
    append_escaped(writer_.out_, text, Place::text);
    return *this;
}

XmlWriter::Element& XmlWriter::Element::text(std::uint64_t number) {
    return text(std::to_string(number));
}

void XmlWriter::raw(std::string_view xml) {
    begin_line();
    out_ += xml;
    out_ += '\n';
}

void XmlWriter::begin_line() {
    if (in_start_tag_) out_ += ">\n";
    in_start_tag_ = false;
    out_.append(2 * depth_, ' ');
}

}  // namespace virtlight::domain
