// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/error.hpp"

#include <gtest/gtest.h>

#include "xenlight/libxl.hpp"

namespace virtlight::xenlight {
namespace {

TEST(ErrorOf, SaysWhatANumberMeans) {
    EXPECT_EQ(error_of({.rc = ERROR_NOPARAVIRT}, "shut down domain 3"),
              (Error{Reason::unsupported_operation,
                     "cannot shut down domain 3: the guest has no Xen drivers that listen",
                     {}}));
    EXPECT_EQ(error_of({.rc = ERROR_DOMAIN_NOTFOUND}, "x").reason, Reason::no_domain);
    EXPECT_EQ(error_of({.rc = ERROR_TIMEDOUT}, "x").reason, Reason::timed_out);
    EXPECT_EQ(error_of({.rc = ERROR_ABORTED}, "x").reason, Reason::cancelled);
    EXPECT_EQ(error_of({.rc = ERROR_DEVICE_EXISTS}, "x").reason, Reason::invalid_argument);
}

TEST(ErrorOf, QuotesLibxlsFirstErrorWhereTheNumberSaysNothing) {
    const std::vector<std::string> lines = {
        "libxl: warning: libxl_x.c:1:f: odd",
        "libxl: error: libxl_dm.c:2909:libxl__spawn_local_dm: Domain 8:no such device model",
        "libxl: error: libxl_create.c:1896:g: Domain 8:device model did not start: -3",
    };
    const auto error = error_of({.rc = ERROR_FAIL, .lines = lines}, "start domain 'a'");
    EXPECT_EQ(error.reason, Reason::operation_failed);
    EXPECT_EQ(error.message, "cannot start domain 'a': no such device model");
    EXPECT_EQ(error.details, lines);
}

TEST(ErrorOf, QuotesALineOfAnyOtherShapeWhole) {
    EXPECT_EQ(error_of({.rc = ERROR_FAIL, .lines = {"xc: error: panic: x.c:5: f: bad"}}, "do it").message,
              "cannot do it: panic: x.c:5: f: bad");
    EXPECT_EQ(error_of({.rc = ERROR_FAIL, .lines = {"xc: warning: odd"}}, "do it").message,
              "cannot do it: odd");
}

TEST(ErrorOf, NamesTheNumberIfNothingElseIsKnown) {
    EXPECT_EQ(error_of({.rc = ERROR_FAIL}, "do it").message, "cannot do it: libxl failed with error -3");
}

}  // namespace
}  // namespace virtlight::xenlight
