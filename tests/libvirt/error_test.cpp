// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/error.hpp"

#include <gtest/gtest.h>

namespace virtlight::libvirt {
namespace {

struct Expected {
    Reason reason;
    std::int32_t code;
    std::int32_t domain;
    std::string message;
};

TEST(WireErrors, HaveTheNumbersAndWordsThatClientsKnow) {
    const Expected all[] = {
        {Reason::internal, 1, 41, "internal error: why"},
        {Reason::invalid_argument, 8, 41, "invalid argument: why"},
        {Reason::invalid_xml, 27, 5, "XML error: why"},
        {Reason::unsupported_config, 67, 41, "unsupported configuration: why"},
        {Reason::unsupported_argument, 74, 41, "argument unsupported: why"},
        {Reason::unsupported_operation, 84, 41, "Operation not supported: why"},
        {Reason::no_support, 3, 41, "this function is not supported by the connection driver: why"},
        {Reason::no_domain, 42, 41, "Domain not found: why"},
        {Reason::no_device, 99, 41, "device not found: why"},
        {Reason::no_node_device, 53, 22, "Node device not found: why"},
        {Reason::no_network, 43, 19, "Network not found: why"},
        {Reason::no_storage_pool, 49, 18, "Storage pool not found: why"},
        {Reason::no_storage_volume, 50, 18, "Storage volume not found: why"},
        {Reason::no_interface, 57, 26, "Interface not found: why"},
        {Reason::no_network_filter, 62, 33, "Network filter not found: why"},
        {Reason::no_secret, 66, 30, "Secret not found: why"},
        {Reason::no_filter_binding, 101, 33, "Network filter binding not found: why"},
        {Reason::domain_exists, 9, 41, "operation failed: why"},
        {Reason::invalid_state, 55, 41, "Requested operation is not valid: why"},
        {Reason::operation_failed, 9, 41, "operation failed: why"},
        {Reason::timed_out, 68, 41, "Timed out during operation: why"},
        {Reason::cancelled, 78, 41, "operation aborted: why"},
        {Reason::too_many, 9, 41, "operation failed: why"},
        {Reason::incompatible_cpu, 91, 31, "the CPU is incompatible with host CPU: why"},
        {Reason::no_metadata, 80, 41, "metadata not found: why"},
        {Reason::access_denied, 29, 41, "operation forbidden: why"},
        {Reason::io, 38, 41, "why"},
        {Reason::protocol, 39, 7, "why"},
    };
    for (const auto& expected : all) {
        const auto error = to_wire({expected.reason, "why"});
        EXPECT_EQ(error.code, expected.code) << expected.message;
        EXPECT_EQ(error.domain, expected.domain) << expected.message;
        EXPECT_EQ(error.message, expected.message);
        EXPECT_EQ(error.level, 2);
        EXPECT_EQ(error.dom, std::nullopt);
    }
}

TEST(WireErrors, CarryTheLinesOfTheLayerBelow) {
    const auto error = to_wire(
        {Reason::operation_failed, "cannot start domain 'pv'", {"libxl: no memory", "libxl: gave up"}});
    EXPECT_EQ(error.message, "operation failed: cannot start domain 'pv'\nlibxl: no memory\nlibxl: gave up");
}

TEST(WireErrors, AreCutWhereTheWireEnds) {
    const auto error = to_wire({Reason::io, std::string(limits::wire_string + 1, 'x')});
    EXPECT_TRUE(encode(error));
}

TEST(WireErrors, AreCutBetweenCharacters) {
    const auto error = to_wire({Reason::io, std::string(limits::wire_string - 1, 'x') + "\u00e9"});
    EXPECT_EQ(error.message, std::string(limits::wire_string - 1, 'x'));
}

TEST(WireErrors, AreUtf8WhateverTheySpeakOf) {
    const auto error = to_wire({Reason::io, "cannot open '/images/\xe9'", {"libxl: \xff"}});
    EXPECT_EQ(error.message, "cannot open '/images/\ufffd'\nlibxl: \ufffd");
    EXPECT_TRUE(encode(to_wire({Reason::io, std::string(limits::wire_string, '\xff')})))
        << "what stands for a byte takes more than one";
}

TEST(WireErrors, ComeBackAsTheyWere) {
    for (const auto reason : {Reason::internal, Reason::no_support, Reason::invalid_xml, Reason::no_domain,
                              Reason::protocol, Reason::timed_out, Reason::io, Reason::access_denied}) {
        Error error{reason, "domain 'x': why"};
        EXPECT_EQ(from_wire(to_wire(error)), error);
        error.details = {"libxl: no memory", "", "libxl: gave up"};
        EXPECT_EQ(from_wire(to_wire(error)), error);
    }
}

TEST(WireErrors, OfUnknownNumbersAreFailures) {
    EXPECT_EQ(from_wire({.code = 4711, .message = "who knows"}),
              (Error{Reason::operation_failed, "who knows"}));
    EXPECT_EQ(from_wire({.code = 42}).reason, Reason::no_domain);
}

}  // namespace
}  // namespace virtlight::libvirt
