// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/settings.hpp"

#include <cstdint>
#include <limits>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "domain/sample.hpp"
#include "domain/setting_rules.hpp"
#include "domain/xl_cfg_sample.hpp"

namespace virtlight::domain::settings_test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using namespace std::string_literals;

Sample with(const std::string& settings, const std::string& others = "") {
    return {.more = "<metadata>" + others + "<v:settings xmlns:v='urn:virtlight:settings:1'>" + settings +
                    "</v:settings></metadata>"};
}
std::string setting(const std::string& name, const std::string& value) {
    return "<setting name='" + name + "' value='" + value + "'/>";
}

TEST(Settings, HaveOneRuleEachThatIsWhole) {
    std::set<std::string_view> names;
    for (const auto& rule : setting_rules) {
        EXPECT_TRUE(names.insert(rule.name).second) << rule.name;
        EXPECT_THAT(rule.meaning, Not(IsEmpty())) << rule.name;
        EXPECT_EQ(rule.fits != nullptr, !rule.form.empty()) << rule.name;
        EXPECT_EQ(rule.kind == SettingRule::Kind::number, rule.most > 0) << rule.name;
        EXPECT_EQ(find_setting(rule.name), &rule);
    }
}

TEST(Settings, AreReadFromMetadataAndLeaveTheRestOfItAsItWas) {
    const auto note = "<n:note xmlns:n='urn:note'>a<b/></n:note>"s;
    const auto definition =
        parse_xml(with(setting("pool", "fast") + setting("nomigrate", "yes") + setting("irqs", "5") +
                           setting("period", "10") + setting("irqs", "7"),
                       note)
                      .xml());
    ASSERT_TRUE(definition) << definition.error().message;
    EXPECT_EQ(definition->settings, (Settings{{"pool", "fast"s},
                                              {"nomigrate", true},
                                              {"irqs", std::vector{"5"s, "7"s}},
                                              {"period", std::uint64_t{10}}}));
    EXPECT_EQ(definition->metadata, "<metadata><n:note xmlns:n=\"urn:note\">a<b/></n:note></metadata>");
    EXPECT_EQ(parse_xml(with(setting("pool", "fast")).xml())->metadata, "");
}

TEST(Settings, AreReadFromElementsOfLibvirtsThatSayThem) {
    const auto groups = [](const std::string& features) {
        return definition_of({.os = hvm_os, .more = "<features>" + features + "</features>"}).settings;
    };
    const auto viridian = [](std::vector<std::string> words) {
        return Settings{{"viridian", std::move(words)}};
    };
    EXPECT_EQ(groups("<viridian/>"), viridian({"defaults"}));
    EXPECT_EQ(groups("<hyperv mode='custom'><relaxed state='on'/><vapic state='on'/><stimer state='on'/>"
                     "<synic state='on'/><ipi state='off'/></hyperv>"),
              viridian({"base", "apic_assist", "synic", "stimer"}));
    EXPECT_EQ(groups("<viridian/><hyperv><tlbflush state='on'/><frequencies/></hyperv>"),
              viridian({"defaults", "base", "freq", "hcall_remote_tlb_flush"}));
    EXPECT_EQ(groups("<hyperv><ipi state='off'/></hyperv>"), Settings());
    EXPECT_EQ(groups("<hyperv mode='passthrough'/>"), viridian({"all"}));
    const auto with_table = definition_of(
        {.os = "<os><type>hvm</type><acpi><table type='slic'>/srv/slic.bin</table></acpi></os>"});
    EXPECT_EQ(with_table.settings, (Settings{{"acpi_firmware", "/srv/slic.bin"s}}));
    EXPECT_EQ(parse_xml(format_xml(with_table)), with_table);
}

TEST(Settings, OfElementsOfLibvirtsAreRefusedWhereTheyCannotBe) {
    const auto refusal = [](const std::string& more, const std::string& inside = "") {
        return verdict(Sample{.os = "<os><type>hvm</type>" + inside + "</os>", .more = more}.xml());
    };
    EXPECT_THAT(refusal("<features><hyperv mode='some'/></features>"),
                HasSubstr("'some'; allowed here: custom, passthrough"));
    EXPECT_THAT(refusal("<features><hyperv><spinlocks state='on' retries='8191'/></hyperv></features>"),
                HasSubstr("element <spinlocks> is not supported in <hyperv>; allowed here: relaxed"));
    EXPECT_THAT(refusal("", "<acpi><table type='msdm'>/t</table></acpi>"),
                HasSubstr("'msdm'; allowed here: slic, rawset"));
    EXPECT_THAT(refusal("", "<acpi><table>/t</table></acpi>"), HasSubstr("has no attribute 'type'"));
    EXPECT_THAT(refusal("", "<acpi><table type='slic'>t</table></acpi>"), HasSubstr("absolute path"));
    EXPECT_THAT(refusal("", "<acpi><table type='slic'/></acpi>"), HasSubstr("must be the path of a file"));
    EXPECT_THAT(verdict(Sample{.more = "<features><hyperv/></features>"}.xml()),
                HasSubstr("element <hyperv> is not supported in <features>"));
    const auto metadata = with(setting("viridian", "all")).more;
    EXPECT_THAT(refusal(metadata + "<features><viridian/></features>"),
                HasSubstr("<viridian> says otherwise of the setting 'viridian' than <metadata>"));
    EXPECT_EQ(refusal(with(setting("viridian", "defaults")).more + "<features><viridian/></features>"), "ok");
}

TEST(Settings, AreWrittenBeforeTheRestOfMetadata) {
    auto definition = *parse_xml(Sample{}.xml());
    definition.settings = {{"nx", false}, {"irqs", std::vector{"5"s, "7"s}}};
    EXPECT_EQ(metadata_xml(definition),
              "<metadata>\n"
              "    <virtlight:settings xmlns:virtlight='urn:virtlight:settings:1'>\n"
              "      <setting name='irqs' value='5'/>\n"
              "      <setting name='irqs' value='7'/>\n"
              "      <setting name='nx' value='no'/>\n"
              "    </virtlight:settings>\n"
              "  </metadata>");
    definition.metadata = "<metadata>\n    <a xmlns=\"urn:a\"/>\n  </metadata>";
    EXPECT_THAT(metadata_xml(definition), HasSubstr("</virtlight:settings>\n    <a xmlns=\"urn:a\"/>\n"));
}

TEST(Settings, ThatCannotBeAreRefusedWithTheirLine) {
    const auto refusal = [](const std::string& settings, const std::string& os = "") {
        auto sample = with("\n" + settings);
        if (!os.empty()) sample.os = os;
        return verdict(sample.xml());
    };
    EXPECT_THAT(refusal(setting("colour", "red")),
                HasSubstr("line 6: <setting>: there is no setting 'colour'"));
    EXPECT_THAT(refusal(setting("nomigrate", "1")),
                HasSubstr("setting 'nomigrate' must be yes or no, not '1'"));
    EXPECT_THAT(refusal(setting("max_grant_version", "3")),
                HasSubstr("must be a number from 0 to 2, not '3'"));
    EXPECT_THAT(refusal(setting("period", "-1")), HasSubstr("'period' must be a number"));
    EXPECT_THAT(refusal(setting("nx", "no")), HasSubstr("setting 'nx' is of HVM guests"));
    EXPECT_THAT(refusal(setting("altp2m", "mixed")), HasSubstr("is of PVH and HVM guests"));
    EXPECT_THAT(refusal(setting("hdtype", "scsi"), hvm_os),
                HasSubstr("'hdtype' cannot be 'scsi'; it must be one of ide, ahci"));
    EXPECT_THAT(refusal(setting("pool", "a") + setting("pool", "b")),
                HasSubstr("'pool' is one value, not 2"));
    EXPECT_THAT(refusal(setting("pool", "")), HasSubstr("it must be some text"));
    EXPECT_THAT(refusal(setting("irqs", "x")), HasSubstr("'irqs' cannot be 'x'; it must be a number"));
    EXPECT_THAT(refusal(setting("ioports", "2ff-2f8")),
                HasSubstr("it must be hexadecimal numbers, as 2f8-2ff"));
    EXPECT_THAT(refusal(setting("ioports", "10000")), HasSubstr("it must be hexadecimal numbers"));
    EXPECT_THAT(refusal(setting("iomem", "fe000")), HasSubstr("as START,PAGES or START,PAGES@PAGE"));
    EXPECT_THAT(refusal(setting("iomem", "fe000,0")), HasSubstr("as START,PAGES or START,PAGES@PAGE"));
    EXPECT_THAT(refusal(setting("acpi_firmware", "slic"), hvm_os), HasSubstr("the absolute path of a file"));
    EXPECT_THAT(refusal(setting("vkb", "backend=0")), HasSubstr("with a backend-type"));
    EXPECT_THAT(refusal(setting("vkb", "backend-type=tcp")), HasSubstr("with a backend-type"));
    EXPECT_THAT(refusal(setting("vdispl", "backend=0,connectors=a:1")), HasSubstr("with connectors"));
    EXPECT_THAT(refusal(setting("vtpm", "uuid=x")), HasSubstr("backend=DOMAIN,uuid=UUID"));
    EXPECT_THAT(refusal(setting("pvcalls", "backend")), HasSubstr("it must be backend=DOMAIN"));
    EXPECT_THAT(refusal(setting("pvcalls", "backend=a,backend=b")), HasSubstr("it must be backend=DOMAIN"));
    EXPECT_THAT(refusal("<setting name='pool'/>"), HasSubstr("needs the attributes 'name' and 'value'"));
    EXPECT_THAT(refusal("<setting name='pool' value='a' more='b'/>"), HasSubstr("attribute 'more'"));
    EXPECT_THAT(refusal("<option name='pool' value='a'/>"), HasSubstr("element <option> is not supported"));
}

// As options of xl's

using xl::hvm;
using xl::pv;
using xl::refusal;

Settings read(const std::string& file) {
    return xl::read(file).settings;
}

TEST(XlCfgSettings, AreReadInXlsForms) {
    EXPECT_EQ(read(pv + "pool='fast'\nnomigrate=1\nperiod=0x10\nirqs=[5,'7']\ndriver_domain=0"),
              (Settings{{"pool", "fast"s},
                        {"nomigrate", true},
                        {"period", std::uint64_t{16}},
                        {"irqs", std::vector{"5"s, "7"s}},
                        {"driver_domain", false}}));
    EXPECT_EQ(read(hvm + "altp2m=2\ntimer_mode=0\ngfx_passthru=1"),
              (Settings{{"altp2m", "external"s},
                        {"timer_mode", "delay_for_missed_ticks"s},
                        {"gfx_passthru", "default"s}}));
    EXPECT_EQ(
        read(hvm + "altp2m='mixed'\ngfx_passthru='igd'\nviridian=['base','!freq']"),
        (Settings{
            {"altp2m", "mixed"s}, {"gfx_passthru", "igd"s}, {"viridian", std::vector{"base"s, "!freq"s}}}));
    EXPECT_EQ(read(hvm + "viridian=1"), (Settings{{"viridian", std::vector{"defaults"s}}}));
    EXPECT_EQ(read(hvm + "altp2mhvm=1"), (Settings{{"altp2m", "mixed"s}}));
    EXPECT_EQ(read(hvm + "altp2mhvm=1\naltp2m='limited'"), (Settings{{"altp2m", "limited"s}}));
    EXPECT_EQ(read(pv + "vcpus=2\ncpus_soft='0-1'"), (Settings{{"cpus_soft", std::vector{"0-1"s}}}));
    EXPECT_EQ(read(pv + "vcpus=2\ncpus_soft=['1']"), (Settings{{"cpus_soft", std::vector{"1"s, "all"s}}}));
    EXPECT_EQ(read(pv + "cpus_soft='all,^0'"), (Settings{{"cpus_soft", std::vector{"all,^0"s}}}));
    EXPECT_EQ(read(pv + "vcpus=2\ncpus_soft=['','all,^0']"),
              (Settings{{"cpus_soft", std::vector{"all"s, "all,^0"s}}}));
}

TEST(XlCfgSettings, MayBeNumbersOfEachKindThatXlTakes) {
    EXPECT_EQ(
        read(pv + "period='+0X10'\nmax_grant_version=02\nnomigrate='-1'"),
        (Settings{
            {"period", std::uint64_t{16}}, {"max_grant_version", std::uint64_t{2}}, {"nomigrate", true}}));
    EXPECT_EQ(read(hvm + "altp2m=0x2"), (Settings{{"altp2m", "external"s}}));
    EXPECT_EQ(
        read(pv + "ioports=['0x2f8-0x2ff']\niomem=['0xfe000,0x1@0Xf0000']"),
        (Settings{{"ioports", std::vector{"0x2f8-0x2ff"s}}, {"iomem", std::vector{"0xfe000,0x1@0Xf0000"s}}}));
    EXPECT_EQ(xl::read(pv + "tsc_mode=0x2").platform.tsc, TscMode::native);
    EXPECT_EQ(xl::read(pv + "vcpus='0x2'").vcpus, 2u);
}

TEST(XlCfgSettings, ThatSayWhatIsSoAnywayAreNone) {
    EXPECT_EQ(read(hvm + "gfx_passthru=0\nusbversion=0\nviridian=0\nirqs=[]\npool=''\ncpus_soft=''"),
              Settings());
    EXPECT_EQ(read(pv + "viridian=0\nspiceusbredirection=0\nstubdomain_kernel=''"), Settings());
}

TEST(XlCfgSettings, ThatCannotBeAreRefusedWithTheirLine) {
    EXPECT_THAT(refusal(pv + "nx=1"), HasSubstr("line 4: 'nx' is of HVM guests"));
    EXPECT_THAT(refusal(hvm + "altp2m=9"), HasSubstr("line 4: 'altp2m' cannot be '9'; it must be one of"));
    EXPECT_THAT(refusal(hvm + "altp2m='-1'"), HasSubstr("line 4: 'altp2m' cannot be '-1'"));
    EXPECT_THAT(refusal(pv + "nomigrate='yes'"),
                HasSubstr("line 4: 'nomigrate' must be 1, for yes, or 0, for no, not 'yes'"));
    EXPECT_THAT(refusal(pv + "period='-1'"), HasSubstr("line 4: 'period' must be a number from 0 to "));
    EXPECT_THAT(refusal(pv + "ioports=['0x']"), HasSubstr("line 4: 'ioports' cannot be '0x'"));
    EXPECT_THAT(refusal(hvm + "mmio_hole=16"), HasSubstr("'mmio_hole' must be a number from 256 to 3840"));
    EXPECT_THAT(refusal(hvm + "usbversion=4"), HasSubstr("'usbversion' must be a number from 0 to 3"));
    EXPECT_THAT(refusal(pv + "iomem=['x']"), HasSubstr("line 4: 'iomem' cannot be 'x'"));
}

TEST(XlCfgMachine, IsReadAsXlDoes) {
    const auto platform = [](const std::string& file) { return xl::read(file).platform; };
    EXPECT_EQ(platform(hvm + "cpuid='host,aes=0,sse3=1,avx=x'\nnestedhvm=1"),
              (Platform{.host_cpu = true,
                        .cpu_features = {{"aes", CpuPolicy::disable},
                                         {"pni", CpuPolicy::force},
                                         {"avx", CpuPolicy::optional}},
                        .nested = true}));
    EXPECT_EQ(platform(hvm + "tsc_mode=3\nhpet=0\nacpi_s3=0\nacpi_s4=1\npassthrough='share_pt'"),
              (Platform{.tsc = TscMode::paravirt,
                        .hpet = false,
                        .suspend_to_mem = false,
                        .suspend_to_disk = true,
                        .passthrough = Passthrough::share_pt}));
    EXPECT_EQ(
        platform(pv + "tsc_mode='native'\ne820_host=1\nmax_grant_frames=64\nmax_event_channels=2047"),
        (Platform{
            .tsc = TscMode::native, .e820_host = true, .max_grant_frames = 64, .max_event_channels = 2047}));
    EXPECT_EQ(platform(pv + "tsc_mode='default'\npassthrough='default'\nmax_event_channels=0\nhpet=0"),
              Platform());
    EXPECT_EQ(xl::read(pv + "rtc_timeoffset='-3600'\nlocaltime=1").clock_adjustment, -3600);
}

TEST(XlCfgMachine, HasItsClockAheadByNumbersOfEachKindThatXlTakes) {
    const auto seconds = [](const std::string& number) {
        return xl::read(pv + "rtc_timeoffset=" + number).clock_adjustment;
    };
    EXPECT_EQ(seconds("3600"), 3600);
    EXPECT_EQ(seconds("0xe10"), 3600);
    EXPECT_EQ(seconds("07020"), 3600);
    EXPECT_EQ(seconds("'+3600'"), 3600);
    EXPECT_EQ(seconds("' -0XE10'"), -3600);
    EXPECT_EQ(seconds("'-2147483648'"), std::numeric_limits<std::int32_t>::min());
}

TEST(XlCfgMachine, ThatCannotBeIsRefusedWithItsLine) {
    EXPECT_THAT(refusal(pv + "hpet=1"), HasSubstr("line 4: 'hpet' is of HVM guests"));
    EXPECT_THAT(refusal(pv + "nestedhvm=1"), HasSubstr("'nestedhvm' is of PVH and HVM guests"));
    EXPECT_THAT(refusal(hvm + "e820_host=1"), HasSubstr("'e820_host' is of PV guests"));
    EXPECT_THAT(refusal(pv + "tsc_mode='fast'"), HasSubstr("'tsc_mode' cannot be 'fast' here"));
    EXPECT_THAT(
        refusal(pv + "rtc_timeoffset='soon'"),
        HasSubstr("line 4: 'rtc_timeoffset' must be a number from -2147483648 to 2147483647, not 'soon'"));
    EXPECT_THAT(refusal(pv + "rtc_timeoffset='0x80000000'"),
                HasSubstr("'rtc_timeoffset' must be a number from -2147483648 to 2147483647"));
    EXPECT_THAT(refusal(pv + "tsc_mode=4"),
                HasSubstr("'tsc_mode' cannot be '4' here; allowed are default, always_emulate, native, "));
    EXPECT_THAT(refusal(pv + "cpuid='aes=0'"), HasSubstr("'cpuid' must begin with 'host'"));
    EXPECT_THAT(refusal(pv + "cpuid='host,aes=k'"), HasSubstr("'aes' cannot be 'k' here"));
    EXPECT_THAT(refusal(hvm + "cpuid='host,vmx=1'"), HasSubstr("say 'nestedhvm'"));
    EXPECT_THAT(refusal(pv + "cpuid=['1:ecx=x']"), HasSubstr("as bits of registers is not supported"));
}

}  // namespace
}  // namespace virtlight::domain::settings_test
