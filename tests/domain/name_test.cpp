// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/name.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"

namespace virtlight::domain::name_test {
namespace {

std::string complaint(std::string_view name) {
    const auto checked = check_name(name);
    if (checked) return "none";
    EXPECT_EQ(checked.error().reason, Reason::invalid_argument);
    return checked.error().message;
}

TEST(Name, CanBeAnyTextThatIsTheNameOfAFile) {
    for (const std::string_view name : {"a", "web-1", "old b\xc3\xbcro", "...", "7", "<&>", "a\\b"}) {
        EXPECT_EQ(complaint(name), "none") << name;
    }
    EXPECT_EQ(complaint(std::string(limits::name_bytes, 'x')), "none");
}

TEST(Name, SaysWhatIsWrongWithIt) {
    EXPECT_EQ(complaint(""), "name cannot be empty");
    EXPECT_EQ(complaint("a/b"), "name 'a/b' cannot contain '/'");
    EXPECT_EQ(complaint("."), "name '.' cannot be used: it means a folder");
    EXPECT_EQ(complaint(".."), "name '..' cannot be used: it means a folder");
    EXPECT_EQ(complaint("a\nb"), "name 'a\\x0ab' cannot contain control characters");
    EXPECT_EQ(complaint(std::string_view("a\0b", 3)), "name 'a\\x00b' cannot contain control characters");
    EXPECT_EQ(complaint("a\x7f"), "name 'a\\x7f' cannot contain control characters");
    EXPECT_EQ(complaint("a\xc2\x85"), "name 'a\\xc2\\x85' cannot contain control characters");
    EXPECT_EQ(complaint("a\xff"), "name 'a\\xff' is not UTF-8");
    EXPECT_EQ(complaint("a\xef\xbf\xbf"),
              "name 'a\xef\xbf\xbf' contains a character that XML does not allow");
    EXPECT_EQ(complaint(std::string(limits::name_bytes + 1, 'x')),
              "name '" + std::string(80, 'x') + "...' is 241 bytes long; the limit is 240");
}

TEST(OtherDomain, IsNotDomain0ByNameOrNumber) {
    EXPECT_EQ(other_domain("storage"), "storage");
    EXPECT_EQ(other_domain("Domain-0"), "");
    EXPECT_EQ(other_domain("0"), "");
}

}  // namespace
}  // namespace virtlight::domain::name_test
