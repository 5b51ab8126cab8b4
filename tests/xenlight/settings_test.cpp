// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/settings.hpp"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "domain/arbitrary_platform.hpp"
#include "domain/setting_rules.hpp"
#include "xenlight/config_of.hpp"

namespace virtlight::xenlight {
namespace {

using domain::GuestType;
using domain::Settings;
using domain::SettingValue;
using Texts = std::vector<std::string>;

Settings after_a_round_trip(const Settings& settings, GuestType type) {
    DomainConfig config;
    init(type, config);
    config->b_info.max_vcpus = 4;
    libxl_defbool_set(&config->b_info.u.hvm.vkb_device, false);  // as write_screen() does
    write_settings(settings, *config);
    return read_settings(*config, type);
}

TEST(Settings, HaveAPlaceInLibxlEach) {
    std::set<std::string_view> rules;
    for (const auto& rule : domain::setting_rules)
        rules.insert(rule.name);
    const auto known = known_settings();
    EXPECT_EQ(std::set(known.begin(), known.end()), rules);
    EXPECT_EQ(known.size(), rules.size());
}

TEST(Settings, OfAFreshConfigAreNone) {
    for (const auto type : {GuestType::pv, GuestType::pvh, GuestType::hvm})
        EXPECT_EQ(after_a_round_trip({}, type), Settings());
}

/// Values that libxl has by default, or has in another form.
bool is_told_apart(const std::string& name, const SettingValue& value) {
    const std::set<std::string_view> defaults = {"disabled", "default", "none", "ide"};
    if (const auto* const word = std::get_if<std::string>(&value))
        return !defaults.contains(*word) && name != "init_seclabel";
    if (name == "pci_msitranslate" || name == "pci_power_mgmt")
        return false;  // of devices that are not there
    if (name == "vkb_device") return value != SettingValue(false);
    if (name == "vmtrace_buf_kb") return value != SettingValue(std::uint64_t{0});
    return name != "viridian" && name != "mca_caps" && name != "cpus_soft";
}

/// So that a failure can be read.
Texts in_words(const Settings& settings) {
    Texts all;
    for (const auto& [name, value] : settings)
        for (const auto& text : domain::format_setting(value))
            all.push_back(name + "=" + text);
    return all;
}

RC_GTEST_PROP(Settings, ComeBackFromLibxlsWordsAsTheyWere, ()) {
    const auto type = *rc::gen::element(GuestType::pv, GuestType::pvh, GuestType::hvm);
    auto settings = domain::arbitrary::settings(type);
    std::erase_if(settings, [](const auto& one) { return !is_told_apart(one.first, one.second); });
    RC_ASSERT(in_words(after_a_round_trip(settings, type)) == in_words(settings));
}

TEST(Settings, OfFormsOfTheirOwnComeBackToo) {
    const auto same = [](const Settings& settings, GuestType type) {
        EXPECT_EQ(after_a_round_trip(settings, type), settings);
    };
    same({{"cpus_soft", Texts{"0-3"}}}, GuestType::pv);
    same({{"cpus_soft", Texts{"0-3", "all"}}}, GuestType::pv);
    same({{"mca_caps", Texts{"lmce"}}}, GuestType::hvm);
    same({{"viridian", Texts{"defaults", "base", "synic", "!freq"}}}, GuestType::hvm);
    same({{"viridian", Texts{"all"}}}, GuestType::hvm);
}

TEST(Settings, MayTakeProcessorsFromAllThatThereAre) {
    EXPECT_EQ(after_a_round_trip({{"cpus_soft", Texts{"all,^0"}}}, GuestType::pv),
              (Settings{{"cpus_soft", Texts{"1-4095"}}}));
}

/// xl asks libxl how much memory a guest needs, unless dom0 has all that it ever gets.
TEST(Settings, OfXlMayHaveBeenFilledInByLibxl) {
    DomainConfig config;
    init(GuestType::hvm, config);
    libxl_defbool_set(&config->b_info.u.hvm.vkb_device, false);
    config->b_info.u.hvm.mmio_hole_memkb = 0;
    config->b_info.shadow_memkb = 4 * (256 * 1 + 300);
    EXPECT_EQ(read_settings(*config, GuestType::hvm), (Settings{{"shadow_memory", std::uint64_t{3}}}));
}

TEST(Settings, OfXlMayHaveItsDefaultKeyboard) {
    DomainConfig config;
    init(GuestType::hvm, config);
    EXPECT_EQ(read_settings(*config, GuestType::hvm), (Settings{{"vkb_device", true}}));
}

}  // namespace
}  // namespace virtlight::xenlight
