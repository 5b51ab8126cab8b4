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
}

TEST(ErrorOf, QuotesLibxlWhereTheNumberSaysNothing) {
    const auto error = error_of({.rc = ERROR_FAIL, .lines = {"libxl: error: first", "libxl: error: second"}},
                                "start domain 'a'");
    EXPECT_EQ(error.reason, Reason::operation_failed);
    EXPECT_EQ(error.message, "cannot start domain 'a': libxl: error: first");
    EXPECT_EQ(error.details.size(), 2);
}

TEST(ErrorOf, NamesTheNumberIfNothingElseIsKnown) {
    EXPECT_EQ(error_of({.rc = ERROR_FAIL}, "do it").message, "cannot do it: libxl failed with error -3");
}

}  // namespace
}  // namespace virtlight::xenlight
