// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/xml_document.hpp"

#include <ctime>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "base/limits.hpp"

namespace virtlight::domain::xml_document_test {
namespace {

std::string repeat(std::string_view text, std::size_t times) {
    std::string all;
    for (std::size_t i = 0; i < times; ++i)
        all += text;
    return all;
}

/// "read", or why not.
std::string outcome(std::string_view xml) {
    const auto document = load_document(xml);
    if (document) return "read";
    EXPECT_EQ(document.error().reason, Reason::invalid_xml);
    return document.error().message;
}

std::string attributes(std::size_t count) {
    std::string all;
    for (std::size_t i = 0; i < count; ++i)
        all += " a" + std::to_string(i) + "='\">'";
    return all;
}

TEST(XmlDocument, ReadsWhatIsWellFormed) {
    EXPECT_EQ(outcome("<a/>"), "read");
    EXPECT_EQ(
        outcome("\xef\xbb\xbf<?xml version='1.0'?>\n<!-- <b> -->\n<a b='>'><![CDATA[<c>]]>\xc3\xa9</a>"),
        "read");
}

TEST(XmlDocument, TakesNothingInCommentsAndCdataForTags) {
    EXPECT_EQ(outcome("<a><!-- <!DOCTYPE a> <?x > --></a>"), "read");
    EXPECT_EQ(outcome("<a><![CDATA[ <!DOCTYPE a> <?x > ]]></a>"), "read");
    EXPECT_EQ(outcome("<a><!---->" + repeat("<!--<a>-->", limits::xml_depth + 1) + "</a>"), "read");
}

TEST(XmlDocument, IsNotRefusedForAWarning) {
    EXPECT_EQ(outcome("<a xmlns:b='relative'/>"), "read");
}

TEST(XmlDocument, IsUtf8WhateverItDeclares) {
    EXPECT_EQ(outcome("<?xml version='1.0' encoding='UTF-16'?><a>\xc3\xa9</a>"), "read");
    EXPECT_EQ(outcome("<?xml version='1.0' encoding='none'?><a>\xc3\xa9</a>"), "read");
    EXPECT_EQ(outcome("<?xml version='1.0' encoding='ISO-8859-1'?>\n<a>\xe9</a>"),
              "line 2: the document is not UTF-8");
    EXPECT_EQ(outcome(std::string_view("\xff\xfe<\0a\0/\0>\0", 10)), "line 1: the document is not UTF-8");
    EXPECT_EQ(outcome(std::string_view("<\0a\0/\0>\0", 8)),
              "line 1: XML does not allow the character U+0000");
    EXPECT_EQ(outcome("<a>\n\x01</a>"), "line 2: XML does not allow the character U+0001");
}

TEST(XmlDocument, SaysWithTheLineWhatIsMalformed) {
    EXPECT_EQ(outcome(""), "the document is empty");
    EXPECT_EQ(outcome(" \n"), "the document is empty");
    EXPECT_EQ(outcome("<a>\n<b>\n</c></a>"), "line 3: Opening and ending tag mismatch: b line 2 and c");
    EXPECT_EQ(outcome("<a>\n<b:c/></a>"), "line 2: Namespace prefix b on c is not defined");
    EXPECT_EQ(outcome("<a>\n&b;</a>"), "line 2: Entity 'b' not defined");
    EXPECT_EQ(outcome("<a/>\n<a/>"), "line 2: Extra content at the end of the document");
    EXPECT_EQ(outcome("hello"), "line 1: Start tag expected, '<' not found");
}

TEST(XmlDocument, KeepsABoundedNumberOfTheFurtherErrors) {
    const auto document = load_document("<a>" + repeat("\n&b;", 100) + "</a>");
    ASSERT_FALSE(document);
    EXPECT_EQ(document.error().message, "line 2: Entity 'b' not defined");
    ASSERT_EQ(document.error().details.size(), limits::xml_errors - 1);
    EXPECT_EQ(document.error().details.front(), "line 3: Entity 'b' not defined");
}

TEST(XmlDocument, CountsLinesBeyond65535) {
    EXPECT_EQ(outcome("<a>" + repeat("\n", 70000) + "</b>"),
              "line 70001: Opening and ending tag mismatch: a line 1 and b");
}

TEST(XmlDocument, WritesNothingToStandardError) {
    testing::internal::CaptureStderr();
    for (const auto* bad :
         {"<a", "<a>&b;</a>", "<a></b>", "<b:c/>", "<?xml version='1.0' encoding='none'?><a/><"}) {
        std::ignore = outcome(bad);
    }
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(XmlDocument, KeepsTheErrorsOfThreadsApart) {
    std::vector<std::jthread> threads;
    for (const char name : {'b', 'c', 'd', 'e'}) {
        threads.emplace_back([name] {
            const std::string entity(1, name);
            for (int i = 0; i < 500; ++i) {
                EXPECT_EQ(outcome("<a>&" + entity + ";</a>"), "line 1: Entity '" + entity + "' not defined");
                EXPECT_EQ(outcome("<a/>"), "read");
            }
        });
    }
}

TEST(XmlDocument, RefusesADocumentTypeAndAllThatComesWithIt) {
    const std::string refusal = "a document type (DTD) is not allowed, nor are its entities";
    EXPECT_EQ(outcome("<!DOCTYPE a>\n<a/>"), "line 1: " + refusal);
    EXPECT_EQ(outcome("\n<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>"), "line 2: " + refusal);
    EXPECT_EQ(outcome("<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>"),
              "line 1: " + refusal);
    std::string laughs = "<!DOCTYPE a [<!ENTITY e0 'ha'>";
    for (int i = 1; i < 40; ++i) {
        laughs +=
            "<!ENTITY e" + std::to_string(i) + " '" + repeat("&e" + std::to_string(i - 1) + ";", 10) + "'>";
    }
    EXPECT_EQ(outcome(laughs + "]><a>&e39;</a>"), "line 1: " + refusal);
}

TEST(XmlDocument, IsBoundedInBytes) {
    const std::string frame = "<a></a>";
    EXPECT_EQ(outcome("<a>" + std::string(limits::xml_bytes - frame.size(), 'x') + "</a>"), "read");
    EXPECT_EQ(outcome("<a>" + std::string(limits::xml_bytes - frame.size() + 1, 'x') + "</a>"),
              "the document has 1048577 bytes; the limit is 1048576");
}

TEST(XmlDocument, IsBoundedInDepth) {
    const std::size_t most = limits::xml_depth;
    EXPECT_EQ(outcome(repeat("<a>", most) + repeat("</a>", most)), "read");
    EXPECT_EQ(outcome(repeat("<a>", most) + "\n<a/>" + repeat("</a>", most)),
              "line 2: elements are nested more than 64 deep");
    EXPECT_EQ(outcome("<a>" + repeat("<a><a/></a>", 2 * most) + "</a>"), "read") << "siblings are not nested";
}

TEST(XmlDocument, IsBoundedInAttributesOfAnElement) {
    EXPECT_EQ(outcome("<a" + attributes(limits::xml_attributes) + "/>"), "read");
    EXPECT_EQ(outcome("<a>\n<b" + attributes(limits::xml_attributes + 1) + "/></a>"),
              "line 2: an element has 65 attributes; the limit is 64");
}

TEST(XmlDocument, IsBoundedInTagsAndAttributes) {
    const std::size_t most = limits::xml_nodes;
    EXPECT_EQ(outcome("<a>" + repeat("<b/>", most - 2) + "</a>"), "read");
    EXPECT_EQ(outcome("<a>\n" + repeat("<b/>", most - 1) + "</a>"),
              "line 2: the document has more than 65536 tags and attributes");
    EXPECT_EQ(outcome("<a>\n" + repeat("<b c=''/>", most / 2) + "</a>"),
              "line 2: the document has more than 65536 tags and attributes");
    EXPECT_EQ(outcome("<a>\n" + repeat("<!---->", most) + "</a>"),
              "line 2: the document has more than 65536 tags and attributes");
}

TEST(XmlDocument, IsBoundedInNamespaces) {
    const std::size_t most = limits::xml_namespaces;
    EXPECT_EQ(outcome("<a>" + repeat("<b xmlns='urn:b'/>", most) + "</a>"), "read");
    EXPECT_EQ(outcome("<a>" + repeat("<b xmlns='urn:b'>xmlns</b>", most) + "</a>"), "read") << "only in tags";
    EXPECT_EQ(outcome("<a>\n" + repeat("<b xmlns='urn:b'/>", most + 1) + "</a>"),
              "line 2: the document declares more than 256 namespaces");
}

// libxml2 reads on behind an error. Whatever it makes of a malformed tag, the limits must hold for what
// follows: these attributes cost it many seconds where a look at the tags misses them.
TEST(XmlDocument, IsBoundedBehindErrorsToo) {
    const auto wide = "<b" + attributes(100000) + "/>";
    for (const auto* before :
         {"<a>", "<a x=c \">", "<a x=c '>", "<a 5='' ", "<a>< ", "<a></b>", "<a>]]>", "<?5 ",
          "<?xml version='1.0' >", "<a><?p <![CDATA[ ?>", "<a><?p <!-- ?>", "<a b='", "</"}) {
        const auto start = std::clock();
        EXPECT_NE(outcome(before + wide + "]]> --> ?></a>"), "read") << before;
        EXPECT_LT(std::clock() - start, 5 * CLOCKS_PER_SEC) << before << ": processor time";
    }
}

}  // namespace
}  // namespace virtlight::domain::xml_document_test
