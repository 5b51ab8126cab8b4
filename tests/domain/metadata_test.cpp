// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/metadata.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/limits.hpp"
#include "domain/definition.hpp"
#include "domain/memory.hpp"
#include "domain/xml.hpp"

namespace virtlight::domain::metadata_test {
namespace {

using testing::HasSubstr;

Definition guest(std::string metadata = {}) {
    return {.name = "web",
            .uuid = Uuid::random(),
            .metadata = std::move(metadata),
            .memory_max_kib = 64 * mib,
            .memory_kib = 64 * mib,
            .boot = {.kernel = "/vmlinuz"}};
}

Metadata element(std::optional<std::string> text, std::string uri = "urn:app", std::string prefix = "app") {
    return {.kind = MetadataKind::element,
            .text = std::move(text),
            .prefix = std::move(prefix),
            .uri = std::move(uri)};
}

Error refusal(const Metadata& metadata, Definition definition = guest()) {
    const auto before = definition;
    const auto set = set_metadata(definition, metadata);
    EXPECT_FALSE(set);
    EXPECT_EQ(definition, before);
    return set ? Error{} : set.error();
}

TEST(Metadata, OfWordsIsSetAndRemoved) {
    auto definition = guest();
    EXPECT_TRUE(set_metadata(definition, {.kind = MetadataKind::title, .text = "The web"}));
    EXPECT_TRUE(set_metadata(definition, {.kind = MetadataKind::description, .text = "Two\nlines"}));
    EXPECT_EQ(definition.title, "The web");
    EXPECT_EQ(definition.description, "Two\nlines");
    EXPECT_TRUE(set_metadata(definition, {.kind = MetadataKind::title}));
    EXPECT_EQ(definition.title, "");
    EXPECT_THAT(refusal({.kind = MetadataKind::title, .text = "Two\nlines"}).message, HasSubstr("newlines"));
    EXPECT_EQ(refusal({.kind = static_cast<MetadataKind>(7), .text = "x"}).reason, Reason::invalid_argument);
}

TEST(Metadata, OfAnElementIsInItsNamespaceAndReadWithoutIt) {
    auto definition = guest();
    ASSERT_TRUE(set_metadata(definition, element("<owner id='7'>me<mail/></owner>")));
    EXPECT_EQ(definition.metadata,
              "<metadata><app:owner xmlns:app=\"urn:app\" id=\"7\">me<app:mail/></app:owner></metadata>");
    EXPECT_EQ(metadata_element(definition, "urn:app"), "<owner id=\"7\">me<mail/></owner>");
    EXPECT_EQ(metadata_element(definition, "urn:other"), "");
}

TEST(Metadata, OfOneNamespaceIsReplacedAndThatOfOthersIsLeftAlone) {
    auto definition =
        guest("<metadata><o:note xmlns:o=\"urn:o\">keep</o:note><a xmlns=\"urn:app\"/></metadata>");
    ASSERT_TRUE(set_metadata(definition, element("<b/>")));
    EXPECT_EQ(metadata_element(definition, "urn:app"), "<b/>");
    EXPECT_EQ(metadata_element(definition, "urn:o"), "<note>keep</note>");
    ASSERT_TRUE(set_metadata(definition, element(std::nullopt)));
    EXPECT_EQ(definition.metadata, "<metadata><o:note xmlns:o=\"urn:o\">keep</o:note></metadata>");
    ASSERT_TRUE(set_metadata(definition, element(std::nullopt, "urn:o")));
    EXPECT_EQ(definition.metadata, "");
    EXPECT_TRUE(set_metadata(definition, element(std::nullopt))) << "there is nothing to remove";
}

TEST(Metadata, ThatWasReadIsWrittenBackAsItWas) {
    auto definition = guest("<metadata><p:a xmlns:p=\"urn:app\" p:x=\"1\"><p:b/></p:a></metadata>");
    const auto text = metadata_element(definition, "urn:app").value();
    EXPECT_EQ(text, "<a x=\"1\"><b/></a>");
    ASSERT_TRUE(set_metadata(definition, element(text, "urn:app", "p")));
    EXPECT_EQ(metadata_element(definition, "urn:app"), text);
}

TEST(Metadata, ThatCannotBeIsRefusedAndChangesNothing) {
    EXPECT_EQ(refusal(element("no element")).reason, Reason::invalid_xml);
    EXPECT_EQ(refusal(element("<a/><b/>")).reason, Reason::invalid_xml);
    EXPECT_THAT(refusal(element("<x:a xmlns:x='urn:x'/>")).message, HasSubstr("in namespace 'urn:x'"));
    EXPECT_THAT(refusal(element("<a xmlns:app='urn:x'/>")).message, HasSubstr("prefix 'app' of its own"));
    EXPECT_THAT(refusal(element("<a/>", "urn:app", "")).message, HasSubstr("prefix"));
    EXPECT_THAT(refusal(element("<a/>", "urn:app", "1:2")).message, HasSubstr("prefix"));
    for (const auto* const reserved : {"xml", "xmlns"})
        EXPECT_THAT(refusal(element("<a/>", "urn:app", reserved)).message, HasSubstr("prefix"));
    EXPECT_THAT(refusal(element("<a/>", "")).message, HasSubstr("needs a namespace"));
    EXPECT_THAT(refusal(element("<a/>", std::string("urn:a\0b", 7))).message, HasSubstr("no zero byte"));
    EXPECT_EQ(refusal(element("<s/>", "urn:virtlight:settings:1")).reason, Reason::unsupported_operation);
    EXPECT_THAT(refusal({.text = std::string(limits::xml_bytes, 'x')}).message, HasSubstr("too much"));
}

RC_GTEST_PROP(MetadataProperty, IsReadAgainFromTheDefinitionsXml, ()) {
    const auto word = rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::inRange('a', 'g')));
    auto definition = guest();
    for (const auto& name : *rc::gen::container<std::vector<std::string>>(word)) {
        const auto uri = "urn:" + *word;
        const auto text = fmt::format("<{0}><{1}>x</{1}></{0}>", name, *word);
        RC_ASSERT(set_metadata(definition, element(text, uri, *word)));
        RC_ASSERT(metadata_element(definition, uri).value() == text);
        const auto again = parse_xml(format_xml(definition));
        RC_ASSERT(again);
        RC_ASSERT(again->metadata == definition.metadata);
    }
}

}  // namespace
}  // namespace virtlight::domain::metadata_test
