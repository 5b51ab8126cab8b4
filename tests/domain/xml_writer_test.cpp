// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/xml_writer.hpp"

#include <gtest/gtest.h>

namespace virtlight::domain::xml_writer_test {
namespace {

TEST(XmlWriter, NestsElementsAsTheirScopesNest) {
    XmlWriter writer;
    {
        auto a = writer.element("a");
        writer.element("b").attribute("c", "d").attribute("n", 7U).text("e");
        {
            auto f = writer.element("f");
            writer.element("g");
            writer.raw("<raw/>");
        }
        writer.element("h").text(12U);
    }
    EXPECT_EQ(std::move(writer).take(),
              "<a>\n"
              "  <b c='d' n='7'>e</b>\n"
              "  <f>\n"
              "    <g/>\n"
              "    <raw/>\n"
              "  </f>\n"
              "  <h>12</h>\n"
              "</a>\n");
}

TEST(XmlWriter, EscapesWhatWouldBeReadAsSomethingElse) {
    XmlWriter writer;
    writer.element("a").attribute("b", "<&>'\"\n\t\r").text("<&>'\"\n\t\r");
    EXPECT_EQ(std::move(writer).take(),
              "<a b='&lt;&amp;&gt;&apos;&quot;&#10;&#9;&#13;'>&lt;&amp;&gt;'\"\n\t&#13;</a>\n");
}

TEST(XmlWriter, ReplacesWhatXmlCannotCarry) {
    XmlWriter writer;
    writer.element("a").text("x\x01y\xffz\xef\xbf\xbe\xc3\xa9");
    EXPECT_EQ(std::move(writer).take(), "<a>x\xef\xbf\xbdy\xef\xbf\xbdz\xef\xbf\xbd\xc3\xa9</a>\n");
}

}  // namespace
}  // namespace virtlight::domain::xml_writer_test
