// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "domain/xml.hpp"

namespace virtlight::domain {

/// What a domain's XML is made of in these tests, one element a line: a test replaces the parts it is about.
struct Sample {
    std::string name = "<name>one</name>";
    std::string memory = "<memory unit='MiB'>512</memory>";
    std::string os = "<os><type>linux</type><kernel>/boot/guest</kernel></os>";
    std::string more{};
    std::string devices{};

    /// The first element is in line 2.
    std::string xml() const {
        return "<domain type='xen'>\n" + name + "\n" + memory + "\n" + os + "\n" + more + "\n<devices>" +
               devices + "</devices>\n</domain>\n";
    }
};

inline const std::string hvm_os = "<os><type>hvm</type><kernel>/boot/guest</kernel></os>";

/// What a sample says that is good.
inline Definition definition_of(const Sample& sample) {
    auto definition = parse_xml(sample.xml());
    EXPECT_TRUE(definition) << definition.error().message;
    return definition.value_or(Definition());
}

/// "ok", or the reason and the message.
inline std::string verdict(std::string_view xml) {
    const auto definition = parse_xml(xml);
    if (definition) return "ok";
    return std::string(to_string(definition.error().reason)) + ": " + definition.error().message;
}

/// A file of tests/domain/data. An empty text where it is missing.
std::string read_data(std::string_view name);

}  // namespace virtlight::domain
