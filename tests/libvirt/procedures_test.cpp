// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <set>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libvirt/procedure.hpp"

namespace virtlight::libvirt {
namespace {

using testing::StartsWith;

constexpr std::uint32_t last_procedure = 453;  // of libvirt 11.3

TEST(Procedures, HaveANumberOfTheirOwnAndAFunction) {
    std::set<std::uint32_t> numbers;
    for (const auto& procedure : procedures()) {
        EXPECT_TRUE(numbers.insert(procedure.number).second) << procedure.number;
        EXPECT_THAT(procedure.function, StartsWith("vir")) << procedure.number;
        EXPECT_NE(procedure.perform, nullptr) << procedure.function;
        EXPECT_EQ(find_procedure(procedure.number), &procedure);
    }
}

TEST(Procedures, AreEitherServedOrNot) {
    for (std::uint32_t number = 0; number <= last_procedure; ++number) {
        EXPECT_FALSE(find_procedure(number) && unserved_function(number)) << number;
    }
}

TEST(Procedures, ThatClientsMayCallAreAllKnown) {
    // What is neither served nor unserved are messages that the daemon sends, and ways of authentication.
    const std::set<std::uint32_t> not_called = {
        0,   67,  68,  69,  70,  107, 169, 170, 171, 172, 173, 195, 224, 241, 248, 268, 269, 270, 276, 292,
        311, 315, 318, 319, 320, 321, 322, 323, 324, 325, 326, 327, 328, 329, 330, 331, 332, 333, 339, 346,
        348, 354, 359, 362, 363, 367, 370, 373, 376, 377, 379, 382, 383, 385, 423, 438, 446, 453};
    for (std::uint32_t number = 0; number <= last_procedure; ++number) {
        const bool known = find_procedure(number) || unserved_function(number);
        EXPECT_EQ(known, !not_called.contains(number)) << number;
    }
    EXPECT_EQ(find_procedure(last_procedure + 1), nullptr);
    EXPECT_FALSE(unserved_function(last_procedure + 1));
}

TEST(Procedures, ThatAreNotServedSayWhy) {
    EXPECT_EQ(unserved_function(185)->why, "use those of the guest's storage");
    EXPECT_EQ(unserved_function(123)->name, "virNodeDeviceCreateXML");
    EXPECT_EQ(unserved_function(123)->why, "devices of the host are found, and not made");
    EXPECT_EQ(unserved_function(104)->why, "");
}

TEST(Procedures, SayWhyTheyDoNotTakeAFlagOfLibvirts) {
    const auto function = [](std::uint32_t number) { return find_procedure(number)->function; };
    EXPECT_EQ(why_not_taken(function(258), 1 << 1), "no agent in the guest is asked");
    EXPECT_EQ(why_not_taken(function(258), 1 << 1 | 1 << 30), "no agent in the guest is asked");
    EXPECT_EQ(why_not_taken(function(258), 1 << 30), "");
    EXPECT_EQ(why_not_taken(function(24), 1 << 1), "");
    EXPECT_EQ(why_not_taken(function(114), 1 << 0), "a device that is found has no other definition");
    EXPECT_EQ(why_not_taken(function(209), 1 << 0), "holes go through as zeros here");
    for (const auto& procedure : procedures())
        EXPECT_EQ(why_not_taken(procedure.function, procedure.flags), "") << procedure.function;
}

/// Of what libvirt's own daemons serve, which decide this, too.
bool is_forwarded(std::string_view function) {
    constexpr std::string_view beginnings[] = {"virNetwork",  "virInterface", "virSecret",
                                               "virNWFilter", "virStorage",   "virConnectFindStorage"};
    return std::ranges::any_of(beginnings, [&](const auto& begin) { return function.starts_with(begin); });
}

TEST(Procedures, ThatTellASecretAreClosedToReadOnlyConnections) {
    EXPECT_EQ(find_procedure(145)->function, "virSecretGetValue");
    EXPECT_EQ(find_procedure(145)->needs, Needs::write);
}

TEST(Procedures, ThatChangeWhatLibvirtsDaemonsServeAreClosedToReadOnlyConnections) {
    for (const auto& procedure : procedures()) {
        if (!is_forwarded(procedure.function)) continue;
        const bool looks = testing::Matches(testing::ContainsRegex("Get[A-Z]|Lookup|List|Is[A-Z]|NumOf"))(
            std::string(procedure.function));
        const bool may_look = looks && procedure.number != 145;
        EXPECT_EQ(procedure.needs, may_look ? Needs::open : Needs::write) << procedure.function;
    }
}

TEST(Procedures, ThatChangeADomainAreClosedToReadOnlyConnections) {
    std::set<std::string_view> writing;
    for (const auto& procedure : procedures()) {
        if (procedure.needs == Needs::write && !is_forwarded(procedure.function))
            writing.insert(procedure.function);
    }
    EXPECT_EQ(writing, (std::set<std::string_view>{"virConnectBaselineHypervisorCPU",
                                                   "virConnectCompareHypervisorCPU",
                                                   "virConnectDomainXMLFromNative",
                                                   "virConnectDomainXMLToNative",
                                                   "virConnectGetDomainCapabilities",
                                                   "virDomainAbortJob",
                                                   "virDomainAbortJobFlags",
                                                   "virDomainAttachDevice",
                                                   "virDomainAttachDeviceFlags",
                                                   "virDomainBlockPeek",
                                                   "virDomainBlockResize",
                                                   "virDomainCoreDump",
                                                   "virDomainCoreDumpWithFormat",
                                                   "virDomainCreate",
                                                   "virDomainCreateWithFlags",
                                                   "virDomainCreateXML",
                                                   "virDomainDefineXML",
                                                   "virDomainDefineXMLFlags",
                                                   "virDomainDestroy",
                                                   "virDomainDestroyFlags",
                                                   "virDomainDetachDevice",
                                                   "virDomainDetachDeviceAlias",
                                                   "virDomainDetachDeviceFlags",
                                                   "virDomainInjectNMI",
                                                   "virDomainManagedSave",
                                                   "virDomainManagedSaveDefineXML",
                                                   "virDomainManagedSaveGetXMLDesc",
                                                   "virDomainManagedSaveRemove",
                                                   "virDomainOpenChannel",
                                                   "virDomainOpenConsole",
                                                   "virDomainPMSuspendForDuration",
                                                   "virDomainPMWakeup",
                                                   "virDomainPinVcpu",
                                                   "virDomainPinVcpuFlags",
                                                   "virDomainReboot",
                                                   "virDomainRename",
                                                   "virDomainReset",
                                                   "virDomainRestore",
                                                   "virDomainRestoreFlags",
                                                   "virDomainRestoreParams",
                                                   "virDomainResume",
                                                   "virDomainSave",
                                                   "virDomainSaveFlags",
                                                   "virDomainSaveImageDefineXML",
                                                   "virDomainSaveImageGetXMLDesc",
                                                   "virDomainSaveParams",
                                                   "virDomainScreenshot",
                                                   "virDomainSendKey",
                                                   "virDomainSetAutostart",
                                                   "virDomainSetAutostartOnce",
                                                   "virDomainSetInterfaceParameters",
                                                   "virDomainSetLifecycleAction",
                                                   "virDomainSetMaxMemory",
                                                   "virDomainSetMetadata",
                                                   "virDomainSetMemory",
                                                   "virDomainSetMemoryFlags",
                                                   "virDomainSetNumaParameters",
                                                   "virDomainSetSchedulerParameters",
                                                   "virDomainSetSchedulerParametersFlags",
                                                   "virDomainSetVcpu",
                                                   "virDomainSetVcpus",
                                                   "virDomainSetVcpusFlags",
                                                   "virDomainShutdown",
                                                   "virDomainShutdownFlags",
                                                   "virDomainSuspend",
                                                   "virDomainUndefine",
                                                   "virDomainUndefineFlags",
                                                   "virDomainUpdateDeviceFlags",
                                                   "virNodeDeviceDetachFlags",
                                                   "virNodeDeviceDettach",
                                                   "virNodeDeviceReAttach",
                                                   "virNodeDeviceReset"}));
}

}  // namespace
}  // namespace virtlight::libvirt
