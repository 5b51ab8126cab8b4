// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "domain/arbitrary.hpp"
#include "domain/sample.hpp"

namespace virtlight::domain::xml_roundtrip_test {
namespace {

RC_GTEST_PROP(DomainXml, GivesAnyDefinitionBackAsItWas, (const Definition& definition)) {
    const auto read = parse_xml(format_xml(definition));
    if (!read) RC_FAIL(read.error().message);
    RC_ASSERT(*read == definition);
}

RC_GTEST_PROP(DomainXml, OfARunningDomainGivesTheDefinitionWithoutThatLife, (const Definition& definition)) {
    auto running = definition;
    for (auto& console : running.consoles)
        console.tty = "/dev/pts/" + *rc::gen::element<std::string>("0", "17");
    for (auto& nic : running.nics)
        if (nic.kind == Nic::Kind::network) nic.bridge = *rc::gen::element<std::string>("", "virbr0");
    if (running.graphics.vnc && running.graphics.vnc->autoport)
        running.graphics.vnc->port = *rc::gen::element(0U, 5901U);
    const auto read = parse_xml(format_xml(running, *rc::gen::inRange(0U, 32752U)));
    if (!read) RC_FAIL(read.error().message);
    RC_ASSERT(*read == definition);
}

/// Real documents, and words that domain XML is made of.
const std::vector<std::string>& documents() {
    static const std::vector<std::string> all{read_data("pv-virt-install.xml"), read_data("pvh-running.xml"),
                                              read_data("hvm-serial.xml"), read_data("hvm-disks.xml")};
    return all;
}

std::string mutated(std::string xml) {
    const auto edits = *rc::gen::inRange(1, 6);
    for (int i = 0; i < edits; ++i) {
        const auto at = *rc::gen::inRange<std::size_t>(0, xml.size());
        const auto length = *rc::gen::inRange<std::size_t>(0, 40);
        switch (*rc::gen::inRange(0, 4)) {
            case 0: xml.erase(at, length); break;
            case 1: xml.insert(at, xml.substr(*rc::gen::inRange<std::size_t>(0, xml.size()), length)); break;
            case 2: xml[at] = *rc::gen::arbitrary<char>(); break;
            case 3:
                xml.insert(at, *rc::gen::element<std::string>("<", ">", "'", "\"", "&amp;", "&#1;", "<!--",
                                                              "-->", "<os>", "</os>", "<![CDATA[", "]]>",
                                                              "<?x?>", "xmlns:a='b'", "18446744073709551615",
                                                              "-1", "unit='EB'", "\xff"));
        }
        if (xml.empty()) xml = " ";
    }
    return xml;
}

RC_GTEST_PROP(DomainXml, IsReadOrRefusedHoweverItIsMangled, ()) {
    const auto xml = mutated(*rc::gen::elementOf(documents()));
    const auto read = parse_xml(xml);
    RC_TAG(read ? std::string("read") : std::string(to_string(read.error().reason)));
    if (!read) {
        RC_ASSERT(read.error().reason == Reason::invalid_xml ||
                  read.error().reason == Reason::unsupported_config);
        RC_ASSERT(!read.error().message.empty());
        return;
    }
    const auto again = parse_xml(format_xml(*read));
    if (!again) RC_FAIL(again.error().message);
    RC_ASSERT(*again == *read);
}

}  // namespace
}  // namespace virtlight::domain::xml_roundtrip_test
