// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libvirt/conversation.hpp"
#include "libvirt/schema.hpp"

namespace virtlight::libvirt {
namespace {

using testing::HasSubstr;

constexpr std::int32_t sysinfo = 203;

TEST(Sysinfo, IsWhatTheFirmwareSaysAndPassesLibvirtsSchema) {
    Conversation talk;
    talk.xen.facts.smbios = {{"bios", "vendor", "<HPE>"},
                             {"system", "manufacturer", "HPE"},
                             {"system", "uuid", "7ce92f0b-4a5b-4c8e-9d55-0f2b6a1c3d4e"},
                             {"chassis", "asset", "4711"}};
    const auto xml = talk.call<std::string>(sysinfo, Flags{}).value();
    EXPECT_THAT(xml, HasSubstr("<entry name='manufacturer'>HPE</entry>\n    <entry name='uuid'>"));
    // Only the schema of domains knows it.
    EXPECT_EQ(complaint("domain.rng",
                        "<domain type='xen'><name>a</name><memory>1024</memory><os>"
                        "<type>hvm</type></os>" +
                            xml + "</domain>"),
              "");
}

TEST(Sysinfo, IsRefusedWhereTheFirmwareSaysNothing) {
    Conversation talk;
    const auto answer = talk.call<std::string>(sysinfo, Flags{});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().reason, Reason::unsupported_config);
    EXPECT_THAT(answer.error().message, HasSubstr("Host SMBIOS information is not available"));
}

}  // namespace
}  // namespace virtlight::libvirt
