// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hypervisor/keys.hpp"

#include <gtest/gtest.h>

namespace virtlight::hypervisor {
namespace {

/// As a keyboard numbers them.
namespace key {
constexpr std::uint8_t left_alt = 0x38;
constexpr std::uint8_t right_alt = 0xb8;
constexpr std::uint8_t sysrq = 0x54;
constexpr std::uint8_t print = 0xb7;
constexpr std::uint8_t zero = 11;
constexpr std::uint8_t s = 31;
constexpr std::uint8_t b = 48;
constexpr std::uint8_t space = 57;
}  // namespace key

TEST(SysRq, IsTheLetterOrDigitThatIsPressedWithAltAndSysRq) {
    EXPECT_EQ(sysrq_of({.keys = {key::left_alt, key::sysrq, key::b}}), 'b');
    EXPECT_EQ(sysrq_of({.keys = {key::right_alt, key::print, key::zero}}), '0');
}

TEST(SysRq, IsSoInWhateverOrderTheKeysAreNamed) {
    EXPECT_EQ(sysrq_of({.keys = {key::s, key::sysrq, key::left_alt}}), 's');
}

TEST(SysRq, IsNoneWithoutAltAndSysRq) {
    EXPECT_FALSE(sysrq_of({.keys = {key::b}}));
    EXPECT_FALSE(sysrq_of({.keys = {key::left_alt, key::b}}));
    EXPECT_FALSE(sysrq_of({.keys = {key::sysrq, key::b}}));
}

TEST(SysRq, IsNoneWithAnotherNumberOfLettersThanOne) {
    EXPECT_FALSE(sysrq_of({.keys = {}}));
    EXPECT_FALSE(sysrq_of({.keys = {key::left_alt, key::sysrq}}));
    EXPECT_FALSE(sysrq_of({.keys = {key::left_alt, key::sysrq, key::s, key::b}}));
}

TEST(SysRq, IsNoneWithAKeyThatIsNeitherLetterNorDigit) {
    EXPECT_FALSE(sysrq_of({.keys = {key::left_alt, key::sysrq, key::space}}));
    EXPECT_FALSE(sysrq_of({.keys = {key::left_alt, key::sysrq, key::space, key::b}}));
}

}  // namespace
}  // namespace virtlight::hypervisor
