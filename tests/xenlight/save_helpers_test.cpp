// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/save_helpers.hpp"

#include <fstream>
#include <string_view>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/temporary_folder.hpp"

namespace virtlight::xenlight {
namespace {

using namespace std::string_view_literals;

class SaveHelpers : public testing::Test {
 protected:
    void process(int number, std::string_view name, int parent, std::string_view words) const {
        const auto process = folder.path() / std::to_string(number);
        std::filesystem::create_directory(process);
        std::ofstream(process / "stat") << fmt::format("{} ({}) S {} 1 1 0", number, name, parent);
        std::ofstream(process / "cmdline") << words;
    }
    bool saved(hypervisor::DomId domid) const { return is_saved_by_others(domid, folder.path()); }

    static constexpr auto saves_domain_7 =
        "/usr/lib/xen/bin/libxl-save-helper\0--save-domain\0009\000-1\0007\0000\0001\0000\0"sv;
    const test::TemporaryFolder folder;
};

TEST_F(SaveHelpers, OfAnotherToolTellThatItSavesAGuest) {
    EXPECT_FALSE(saved(7));
    process(1, "init", 0, "init\0"sv);
    process(300, "libxl-save-help", 299, saves_domain_7);
    EXPECT_TRUE(saved(7));
    EXPECT_FALSE(saved(9)) << "that is a descriptor";
}

TEST_F(SaveHelpers, ThatRestoreAGuestDoNotSaveIt) {
    process(300, "libxl-save-help", 299, "libxl-save-helper\0--restore-domain\0009\000-1\0007\0"sv);
    EXPECT_FALSE(saved(7));
}

TEST_F(SaveHelpers, OfThisProcessOrOfOneThatIsGoneAreNoOtherTools) {
    process(300, "libxl-save-help", ::getpid(), saves_domain_7);
    process(301, "libxl-save-help", 1, saves_domain_7);
    EXPECT_FALSE(saved(7));
}

TEST_F(SaveHelpers, AreKnownByTheNameOfTheirProgram) {
    process(300, "sh (libxl)", 299, saves_domain_7);
    EXPECT_FALSE(saved(7));
}

}  // namespace
}  // namespace virtlight::xenlight
