// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/xml_element.hpp"

#include <functional>

#include <gtest/gtest.h>

#include "domain/xml_document.hpp"

namespace virtlight::domain::xml_element_test {
namespace {

/// What comes of a document that `read` has asked in this way: "ok", or reason and message.
std::string reading(std::string_view xml, const std::function<void(XmlElement)>& read) {
    const auto document = load_document(xml);
    if (!document) return document.error().message;
    XmlReading all(**document);
    read(all.root());
    const auto done = all.finish();
    if (done) return "ok";
    return std::string(to_string(done.error().reason)) + ": " + done.error().message;
}

TEST(XmlReading, IsFineWhenAllWasAskedFor) {
    EXPECT_EQ(reading("<a b='1'>\n  <c>text</c><!-- comment -->\n</a>",
                      [](XmlElement a) {
                          EXPECT_EQ(a.name(), "a");
                          EXPECT_EQ(a.attribute("b"), "1");
                          EXPECT_EQ(a.attribute("missing"), std::nullopt);
                          EXPECT_EQ(a.child("c").text(), "text");
                          EXPECT_FALSE(a.child("missing"));
                      }),
              "ok");
}

TEST(XmlReading, RefusesAnElementThatNobodyAskedFor) {
    const std::string_view xml = "<a>\n<b/>\n<d/>\n</a>";
    EXPECT_EQ(reading(xml,
                      [](XmlElement a) {
                          a.child("b");
                          a.child("c");
                      }),
              "unsupported configuration: line 3: element <d> is not supported in <a>; allowed here: b, c");
    EXPECT_EQ(
        reading(xml, [](XmlElement) {}),
        "unsupported configuration: line 2: element <b> is not supported in <a>; allowed here: nothing");
}

TEST(XmlReading, CountsLinesBeyond65535) {
    EXPECT_EQ(
        reading("<a>" + std::string(70000, '\n') + "<b>x</b></a>", [](XmlElement) {}),
        "unsupported configuration: line 70001: element <b> is not supported in <a>; allowed here: nothing");
}

TEST(XmlReading, RefusesAnElementInsideOneThatWasRead) {
    EXPECT_EQ(reading("<a><b>\n<c/></b></a>", [](XmlElement a) { a.child("b").child("d"); }),
              "unsupported configuration: line 2: element <c> is not supported in <b>; allowed here: d");
}

TEST(XmlReading, RefusesAnAttributeThatNobodyAskedFor) {
    EXPECT_EQ(
        reading("<a>\n<b c='' d=''/></a>", [](XmlElement a) { a.child("b").attribute("c"); }),
        "unsupported configuration: line 2: attribute 'd' of element <b> is not supported; allowed here: c");
}

TEST(XmlReading, RefusesTextThatNobodyAskedFor) {
    EXPECT_EQ(reading("<a>\n<b> stray </b></a>", [](XmlElement a) { a.child("b"); }),
              "invalid XML: line 2: element <b> cannot hold the text 'stray'");
    EXPECT_EQ(reading("<a><![CDATA[stray]]></a>", [](XmlElement) {}),
              "invalid XML: line 1: element <a> cannot hold the text 'stray'");
}

TEST(XmlReading, RefusesASecondElementWhereOneIsAllowed) {
    EXPECT_EQ(
        reading("<a>\n<b>1</b>\n<b>2</b></a>", [](XmlElement a) { EXPECT_EQ(a.child("b").text(), "1"); }),
        "invalid XML: line 3: element <b> may appear only once in <a>; it is in line 2 already");
    EXPECT_EQ(reading("<a><b/><b/></a>", [](XmlElement a) { EXPECT_EQ(a.children("b").size(), 2U); }), "ok");
}

TEST(XmlReading, DoesNotTakeElementsAndAttributesOfAForeignNamespace) {
    EXPECT_EQ(reading("<a xmlns:n='urn:n'>\n<n:b/></a>", [](XmlElement a) { EXPECT_FALSE(a.child("b")); }),
              "unsupported configuration: line 2: element <n:b> is not supported in <a>; allowed here: b");
    EXPECT_EQ(reading("<a xmlns:n='urn:n'\n n:b='1'/>",
                      [](XmlElement a) { EXPECT_EQ(a.attribute("b"), std::nullopt); }),
              "unsupported configuration: line 2: attribute 'n:b' of element <a> is not supported; allowed "
              "here: b");
}

TEST(XmlReading, GivesTheFirstProblemNotedBeforeAllThatIsLeftOver) {
    EXPECT_EQ(reading("<a>\n<left/>\n<b/></a>",
                      [](XmlElement a) {
                          a.child("b").unsupported("not {}", "this");
                          a.invalid("nor that");
                      }),
              "unsupported configuration: line 3: <b>: not this");
}

TEST(XmlReading, ReadsNothingFromAMissingElement) {
    EXPECT_EQ(reading("<a/>",
                      [](XmlElement a) {
                          const auto none = a.child("b").child("c");
                          EXPECT_FALSE(none);
                          EXPECT_EQ(none.text(), "");
                          EXPECT_EQ(none.name(), "");
                          EXPECT_EQ(none.outer_xml(), "");
                          EXPECT_EQ(none.attribute("d"), std::nullopt);
                          EXPECT_TRUE(none.children().empty());
                      }),
              "ok");
}

TEST(XmlReading, JoinsTextAndCdata) {
    EXPECT_EQ(reading("<a b='&lt;&#10;&amp;'> x<!-- c --><![CDATA[<y>]]>&amp; </a>",
                      [](XmlElement a) {
                          EXPECT_EQ(a.text(), " x<y>& ");
                          EXPECT_EQ(a.attribute("b"), "<\n&");
                      }),
              "ok");
}

TEST(XmlReading, DeclaresInASubtreeTheNamespacesThatItUses) {
    const std::string inner =
        "<m>\n  <n:x o:y=\"'é'\"><![CDATA[<]]><!-- c --></n:x><z xmlns=\"urn:z\">&lt;</z></m>";
    std::string alone;
    EXPECT_EQ(reading("<a xmlns:n='urn:n' xmlns:o='urn:o'>" + inner + "</a>",
                      [&](XmlElement a) { alone = a.child("m").outer_xml(); }),
              "ok");
    EXPECT_EQ(alone,
              "<m xmlns:n=\"urn:n\" xmlns:o=\"urn:o\">\n  <n:x o:y=\"'é'\"><![CDATA[<]]><!-- c --></n:x>"
              "<z xmlns=\"urn:z\">&lt;</z></m>");
    EXPECT_EQ(reading(alone, [&](XmlElement m) { EXPECT_EQ(m.outer_xml(), alone); }), "ok");
}

TEST(XmlReading, TakesASubtreeThatDeclaresItsNamespacesAsItIs) {
    const std::string inner =
        "<m xmlns:n=\"urn:n\"><n:x y=\"é\" n:z=\"1\" xml:lang=\"fr\">é</n:x><n xmlns=\"urn:n\"/></m>";
    for (const auto* const head : {"", "<?xml version='1.0' encoding='ISO-8859-1'?>"})
        EXPECT_EQ(reading(head + ("<a>" + inner + "</a>"),
                          [&](XmlElement a) { EXPECT_EQ(a.child("m").outer_xml(), inner); }),
                  "ok")
            << head;
}

TEST(XmlReading, DeclaresAgainWhatIsDeclaredBesideItsUse) {
    EXPECT_EQ(reading("<a xmlns:n='urn:n'><m><b xmlns:n='urn:other'/><n:c/></m></a>",
                      [&](XmlElement a) {
                          EXPECT_EQ(a.child("m").outer_xml(),
                                    "<m xmlns:n=\"urn:n\"><b xmlns:n=\"urn:other\"/><n:c/></m>");
                      }),
              "ok");
}

}  // namespace
}  // namespace virtlight::domain::xml_element_test
