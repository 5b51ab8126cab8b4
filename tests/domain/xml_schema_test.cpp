// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "domain/arbitrary.hpp"
#include "domain/sample.hpp"
#include "domain/schema.hpp"

namespace virtlight::domain::xml_schema_test {
namespace {

class Schema : public testing::Test {
 protected:
    void SetUp() override {
        if (!has_schema()) GTEST_SKIP() << "libvirt's schemas are not installed";
    }
};

TEST_F(Schema, RefusesWhatLibvirtDoesNotKnow) {
    EXPECT_EQ(schema_complaint(Sample{}.xml()), "");
    EXPECT_NE(schema_complaint(Sample{.more = "<on_reboot>explode</on_reboot>"}.xml()), "");
}

TEST_F(Schema, HoldsForAnyDefinition) {
    EXPECT_TRUE(rc::check(
        [](const Definition& definition) { RC_ASSERT(schema_complaint(format_xml(definition)) == ""); }));
}

TEST_F(Schema, HoldsForAnyRunningDomain) {
    EXPECT_TRUE(rc::check([](Definition definition) {
        for (auto& console : definition.consoles)
            console.tty = "/dev/pts/1";
        RC_ASSERT(schema_complaint(format_xml(definition, 1U)) == "");
    }));
}

}  // namespace
}  // namespace virtlight::domain::xml_schema_test
