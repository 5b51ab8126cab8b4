// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/calls.hpp"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libvirt/conversation.hpp"
#include "libvirt/flags.hpp"

namespace virtlight::libvirt {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

constexpr const char* guest_xml = R"(<domain type='xen'>
  <name>web</name><uuid>11111111-2222-3333-4444-555555555555</uuid>
  <title>The web</title>
  <metadata><app:a xmlns:app='http://app' port='80'/><b xmlns='http://b'/></metadata>
  <memory unit='MiB'>64</memory><vcpu current='1'>2</vcpu>
  <os><type>linux</type><kernel>/boot/guest</kernel></os>
</domain>)";

class CallsTest : public ConversationTest {
 protected:
    Domain define() { return talk.call<Domain>(11, std::string(guest_xml)).value(); }
    Domain defined_and_started() {
        const auto dom = define();
        EXPECT_TRUE(talk.call<void>(9, dom));
        return dom;
    }
    std::vector<std::string> names(std::uint32_t flags) {
        std::vector<std::string> all;
        const auto list = talk.call<DomainList>(273, ListAllArgs{1, flags}).value();
        EXPECT_EQ(list.count, list.domains.size());
        for (const auto& dom : list.domains)
            all.push_back(dom.name);
        return all;
    }
};

// The connection

TEST_F(CallsTest, AskForNoAuthentication) {
    EXPECT_THAT(*talk.call<std::vector<std::int32_t>>(66), ElementsAre(0));
}

TEST_F(CallsTest, OpenTheSystemsXenAndNothingElse) {
    for (const auto* uri : {"xen:///system", "xen:///", "", "xen:///system?socket=/run/x"}) {
        talk.session() = Session(false, talk.loop.now());
        EXPECT_TRUE(talk.call<void>(1, OpenArgs{.uri = uri})) << uri;
        EXPECT_TRUE(talk.session().opened());
    }
    for (const auto* uri : {"xen:///session", "qemu:///system", "xen:///systems"}) {
        talk.session() = Session(false, talk.loop.now());
        EXPECT_THAT(refusal<void>(1, OpenArgs{.uri = uri}).message, HasSubstr("try xen:///system")) << uri;
        EXPECT_FALSE(talk.session().opened());
    }
}

TEST_F(CallsTest, OpenAConnectionOnce) {
    EXPECT_EQ(refusal<void>(1, OpenArgs()).message, "the connection is open already");
}

TEST_F(CallsTest, OpenReadOnlyIfTheClientAsksForIt) {
    talk.session() = Session(false, talk.loop.now());
    ASSERT_TRUE(talk.call<void>(1, OpenArgs{.flags = flag::open_read_only}));
    EXPECT_TRUE(talk.session().read_only());
}

TEST_F(CallsTest, TellWhoIsThere) {
    EXPECT_EQ(talk.call<std::string>(3), "Xen");
    EXPECT_EQ(talk.call<std::uint64_t>(157), 9'000'000);
    EXPECT_EQ(talk.call<std::string>(110), "xen:///system");
    EXPECT_THAT(*talk.call<std::string>(59), Not(IsEmpty()));
    EXPECT_EQ(talk.call<bool>(149), true);
}

TEST_F(CallsTest, StartKeepaliveForAClientThatAsksWhetherItIsThere) {
    EXPECT_EQ(talk.session().deadline(), Time::max());
    EXPECT_EQ(talk.call<bool>(60, std::int32_t{1}), false);
    EXPECT_EQ(talk.session().deadline(), Time::max());
    EXPECT_EQ(talk.call<bool>(60, std::int32_t{10}), true);
    EXPECT_NE(talk.session().deadline(), Time::max());
    EXPECT_EQ(talk.call<bool>(60, std::int32_t{14}), true);
}

TEST_F(CallsTest, HaveClientsUpdateANetworkWithTheArgumentsInTheirOrder) {
    EXPECT_EQ(talk.call<bool>(60, std::int32_t{16}), true);
}

TEST_F(CallsTest, LetOnlyRootSpeakForOthers) {
    const IdentityArgs args{.params = {{"user-name", std::string("ann")}}};
    EXPECT_TRUE(talk.call<void>(419, args));
    talk.caller.uid = 1000;
    EXPECT_EQ(refusal<void>(419, args).reason, Reason::access_denied);
}

TEST_F(CallsTest, TellOfTheSameDomainsWithoutDeprecatedFeaturesOfWhichThereAreNone) {
    const auto all = talk.call<std::string>(342, DomainCapabilitiesArgs{});
    ASSERT_TRUE(all);
    EXPECT_EQ(talk.call<std::string>(342, DomainCapabilitiesArgs{.flags = flag::disable_deprecated}), *all);
    EXPECT_THAT(refusal<std::string>(342, DomainCapabilitiesArgs{.flags = 2}).message,
                HasSubstr("unsupported flags (0x2)"));
}

// Lists and look-ups

TEST_F(CallsTest, ListDomain0AmongTheActiveOnes) {
    define();
    EXPECT_EQ(talk.call<std::int32_t>(51), 1);
    EXPECT_THAT(*talk.call<std::vector<std::int32_t>>(37, std::int32_t{16}), ElementsAre(0));
    EXPECT_EQ(talk.call<std::int32_t>(25), 1);
    EXPECT_THAT(*talk.call<std::vector<std::string>>(21, std::int32_t{16}), ElementsAre("web"));
}

TEST_F(CallsTest, ListNoMoreThanThereIsRoomFor) {
    define();
    EXPECT_THAT(*talk.call<std::vector<std::int32_t>>(37, std::int32_t{0}), IsEmpty());
    EXPECT_THAT(*talk.call<std::vector<std::string>>(21, std::int32_t{0}), IsEmpty());
    EXPECT_EQ(refusal<std::vector<std::string>>(21, std::int32_t{-1}).reason, Reason::invalid_argument);
}

TEST_F(CallsTest, ListByWhatIsAskedFor) {
    using namespace flag::list;
    const auto dom = define();
    EXPECT_THAT(names(0), ElementsAre("Domain-0", "web"));
    EXPECT_THAT(names(active), ElementsAre("Domain-0"));
    EXPECT_THAT(names(inactive), ElementsAre("web"));
    EXPECT_THAT(names(active | inactive), ElementsAre("Domain-0", "web"));
    EXPECT_THAT(names(persistent | shutoff), ElementsAre("web"));
    EXPECT_THAT(names(running), ElementsAre("Domain-0"));
    EXPECT_THAT(names(running | shutoff), ElementsAre("Domain-0", "web"));
    EXPECT_THAT(names(paused | other), IsEmpty());
    EXPECT_THAT(names(inactive | transient), IsEmpty());
    EXPECT_THAT(names(managed_save), IsEmpty());
    EXPECT_THAT(names(no_managed_save | no_snapshot | no_checkpoint), ElementsAre("Domain-0", "web"));
    EXPECT_THAT(names(snapshot | no_snapshot), ElementsAre("Domain-0", "web"));
    EXPECT_THAT(names(autostart), IsEmpty());
    ASSERT_TRUE(talk.call<void>(29, DomainNumber{dom, 1}));
    EXPECT_THAT(names(autostart), ElementsAre("web"));
    EXPECT_THAT(names(no_autostart), ElementsAre("Domain-0"));
}

TEST_F(CallsTest, TellWhatIsStartedAtTheNextBootOfTheHostApartFromWhatAlwaysIs) {
    const auto dom = define();
    EXPECT_EQ(talk.call<std::int32_t>(449, dom), 0);
    ASSERT_TRUE(talk.call<void>(450, DomainNumber{dom, 1}));
    EXPECT_EQ(talk.call<std::int32_t>(449, dom), 1);
    EXPECT_EQ(talk.call<std::int32_t>(15, dom), 0);
    ASSERT_TRUE(talk.call<void>(29, DomainNumber{dom, 1}));
    ASSERT_TRUE(talk.call<void>(450, DomainNumber{dom, 0}));
    EXPECT_EQ(talk.call<std::int32_t>(449, dom), 0);
    EXPECT_EQ(talk.call<std::int32_t>(15, dom), 1);
}

TEST_F(CallsTest, CountWithoutListing) {
    define();
    const auto list = talk.call<DomainList>(273, ListAllArgs{.need_results = 0});
    EXPECT_EQ(list->count, 2);
    EXPECT_THAT(list->domains, IsEmpty());
}

TEST_F(CallsTest, FindADomainByEachOfItsNames) {
    const auto dom = define();
    EXPECT_EQ(talk.call<Domain>(23, std::string("web")), dom);
    EXPECT_EQ(talk.call<Domain>(24, dom.uuid), dom);
    EXPECT_EQ(talk.call<Domain>(22, std::int32_t{0})->name, "Domain-0");
    EXPECT_EQ(refusal<Domain>(23, std::string("none")).reason, Reason::no_domain);
    EXPECT_EQ(refusal<Domain>(24, Uuid{.bytes = {9}}).reason, Reason::no_domain);
    EXPECT_EQ(refusal<Domain>(22, std::int32_t{99}).reason, Reason::no_domain);
    EXPECT_EQ(refusal<Domain>(22, std::int32_t{-1}).reason, Reason::no_domain);
}

// Domains

TEST_F(CallsTest, GoThroughALife) {
    const auto dom = define();
    EXPECT_EQ(dom.id, -1);
    EXPECT_EQ(talk.call<std::string>(19, dom), "xen");
    EXPECT_EQ(talk.call<StateReply>(212, DomainFlags{dom}), (StateReply{5, 0}));

    const auto started = talk.call<Domain>(196, DomainFlags{dom, flag::start::paused});
    EXPECT_EQ(started->id, 1);
    EXPECT_EQ(talk.call<StateReply>(212, DomainFlags{dom})->state, 3);
    EXPECT_TRUE(talk.call<void>(28, dom));
    EXPECT_EQ(talk.call<StateReply>(212, DomainFlags{dom})->state, 1);
    EXPECT_EQ(talk.call<bool>(150, dom), true);
    EXPECT_EQ(talk.call<bool>(151, dom), true);
    EXPECT_TRUE(talk.call<void>(34, dom));
    EXPECT_EQ(talk.call<StateReply>(212, DomainFlags{dom}), (StateReply{3, 1}));
    EXPECT_EQ(talk.call<DomainInfoReply>(16, dom)->vcpus, 1);
    EXPECT_EQ(talk.call<std::uint64_t>(17, dom), 64 * 1024);
    EXPECT_EQ(talk.call<std::int32_t>(18, dom), 2);
    EXPECT_TRUE(talk.call<void>(12, dom));
    EXPECT_EQ(talk.call<StateReply>(212, DomainFlags{dom})->state, 5);
    EXPECT_TRUE(talk.call<void>(231, DomainFlags{dom, flag::undefine_all}));
    EXPECT_THAT(names(0), ElementsAre("Domain-0"));
}

TEST_F(CallsTest, MakeATransientDomain) {
    const auto dom = talk.call<Domain>(10, TextFlags{guest_xml, flag::none});
    ASSERT_TRUE(dom);
    EXPECT_EQ(dom->id, 1);
    EXPECT_EQ(talk.call<bool>(151, *dom), false);
}

TEST_F(CallsTest, AskAGuestToStopInTheWayThatIsWanted) {
    const auto dom = defined_and_started();
    EXPECT_TRUE(talk.call<void>(258, DomainFlags{dom, flag::stop::acpi}));
    EXPECT_EQ(talk.xen.count("acpi"), 1);
    EXPECT_EQ(talk.xen.count("shutdown"), 0);
    EXPECT_TRUE(talk.call<void>(258, DomainFlags{dom, flag::stop::paravirtual}));
    EXPECT_TRUE(talk.call<void>(33, dom));
    EXPECT_EQ(talk.xen.count("shutdown"), 2);
    EXPECT_EQ(talk.xen.count("acpi"), 1);
    EXPECT_TRUE(talk.call<void>(27, DomainFlags{dom, flag::none}));
    EXPECT_EQ(talk.xen.count("reboot"), 1);
}

TEST_F(CallsTest, RememberWhatIsToStartWithTheHost) {
    const auto dom = define();
    EXPECT_EQ(talk.call<bool>(15, dom), false);
    EXPECT_TRUE(talk.call<void>(29, DomainNumber{dom, 1}));
    EXPECT_EQ(talk.call<bool>(15, dom), true);
}

TEST_F(CallsTest, DescribeADomainAtRestAndAtWork) {
    const auto dom = define();
    EXPECT_THAT(*talk.call<std::string>(14, DomainFlags{dom}),
                AllOf(HasSubstr("<name>web</name>"), Not(HasSubstr(" id="))));
    ASSERT_TRUE(talk.call<void>(9, dom));
    EXPECT_THAT(*talk.call<std::string>(14, DomainFlags{dom}),
                AllOf(HasSubstr(" id='1'"), HasSubstr("/dev/pts/1")));
    EXPECT_THAT(*talk.call<std::string>(14, DomainFlags{dom, flag::xml::inactive}),
                AllOf(Not(HasSubstr(" id=")), Not(HasSubstr("/dev/pts"))));
}

TEST_F(CallsTest, DescribeATransientDomainAsIfAtRestWithoutWhatItOnlyHasAtWork) {
    const auto dom = talk.call<Domain>(10, TextFlags{guest_xml, flag::none});
    EXPECT_THAT(*talk.call<std::string>(14, DomainFlags{*dom, flag::xml::inactive}),
                AllOf(HasSubstr("<name>web</name>"), Not(HasSubstr(" id=")), Not(HasSubstr("/dev/pts"))));
}

TEST_F(CallsTest, KeepSecretsFromReadOnlyConnections) {
    const auto dom = define();
    EXPECT_TRUE(talk.call<std::string>(14, DomainFlags{dom, flag::xml::secure}));
    talk.session().open(true);
    EXPECT_TRUE(talk.call<std::string>(14, DomainFlags{dom}));
    for (const auto asked : {flag::xml::secure, flag::xml::migratable}) {
        EXPECT_EQ(refusal<std::string>(14, DomainFlags{dom, asked}).reason, Reason::access_denied);
    }
}

TEST_F(CallsTest, CountVcpusLiveAndStored) {
    const auto dom = define();
    const auto vcpus = [&](std::uint32_t flags) {
        return talk.call<std::int32_t>(200, DomainFlags{dom, flags});
    };
    EXPECT_EQ(vcpus(flag::config), 1);
    EXPECT_EQ(vcpus(flag::config | flag::vcpu_maximum), 2);
    EXPECT_EQ(vcpus(flag::none), 1);
    EXPECT_EQ(vcpus(flag::live).error().reason, Reason::invalid_state);
    EXPECT_EQ(vcpus(flag::live | flag::config).error().reason, Reason::invalid_argument);
    ASSERT_TRUE(talk.call<void>(9, dom));
    EXPECT_EQ(vcpus(flag::live | flag::vcpu_maximum), 2);
}

TEST_F(CallsTest, FindEachKindOfMetadata) {
    const auto dom = define();
    const auto metadata = [&](std::int32_t type, std::optional<std::string> uri = {}) {
        return talk.call<std::string>(265, MetadataArgs{.dom = dom, .type = type, .uri = uri});
    };
    EXPECT_EQ(metadata(1), "The web");
    EXPECT_EQ(metadata(0).error().reason, Reason::no_metadata);
    EXPECT_EQ(metadata(2, "http://app"), "<a port=\"80\"/>");
    EXPECT_EQ(metadata(2, "http://b"), "<b/>");
    EXPECT_EQ(metadata(2, "http://c").error().reason, Reason::no_metadata);
    EXPECT_EQ(metadata(2).error().reason, Reason::no_metadata);
    EXPECT_EQ(metadata(3).error().reason, Reason::invalid_argument);
}

TEST_F(CallsTest, HaveNoJobsMessagesOrSnapshots) {
    const auto dom = define();
    EXPECT_EQ(talk.call<JobInfo>(163, dom), JobInfo());
    EXPECT_EQ(talk.call<JobStats>(298, DomainFlags{dom, flag::job_completed}), JobStats());
    EXPECT_THAT(*talk.call<std::vector<std::string>>(426, DomainFlags{dom}), IsEmpty());
    EXPECT_EQ(talk.call<bool>(183, DomainFlags{dom}), false);
    EXPECT_EQ(talk.call<std::int32_t>(187, DomainFlags{dom}), 0);
    EXPECT_THAT(*talk.call<std::vector<std::string>>(188, DomainNamesArgs{dom, 10}), IsEmpty());
    EXPECT_EQ(talk.call<EmptyList>(274, DomainListAllArgs{dom, 1}), EmptyList());
}

TEST_F(CallsTest, ListNothingOfWhatIsNotHere) {
    for (const std::int32_t number : {50, 52, 71, 73, 126, 137, 139, 178}) {
        EXPECT_EQ(talk.call<std::int32_t>(number), 0) << number;
    }
    for (const std::int32_t number : {36, 38, 72, 74, 127, 138, 140, 179}) {
        EXPECT_THAT(*talk.call<std::vector<std::string>>(number, std::int32_t{10}), IsEmpty()) << number;
    }
    for (const std::int32_t number : {281, 283, 284, 286, 287, 401}) {
        EXPECT_EQ(talk.call<EmptyList>(number, ListAllArgs{1, 0xff}), EmptyList()) << number;
    }
    EXPECT_EQ(talk.call<std::int32_t>(111, DeviceNumArgs{.capability = "pci"}), 0);
    EXPECT_THAT(*talk.call<std::vector<std::string>>(112, DeviceNamesArgs{.capability = "pci", .max = 5}),
                IsEmpty());
}

TEST_F(CallsTest, FindNothingOfWhatIsNotHere) {
    const std::map<std::int32_t, Reason> named = {
        {46, Reason::no_network},        {84, Reason::no_storage_pool},    {391, Reason::no_storage_pool},
        {96, Reason::no_storage_volume}, {97, Reason::no_storage_volume},  {128, Reason::no_interface},
        {129, Reason::no_interface},     {175, Reason::no_network_filter}, {397, Reason::no_filter_binding}};
    for (const auto& [number, reason] : named) {
        const auto error = refusal<void>(number, std::string("one"));
        EXPECT_EQ(error.reason, reason) << number;
        EXPECT_THAT(error.message,
                    AllOf(StartsWith("no "), HasSubstr(" with matching "), HasSubstr("'one'")));
    }
    const std::map<std::int32_t, Reason> numbered = {{47, Reason::no_network},
                                                     {85, Reason::no_storage_pool},
                                                     {141, Reason::no_secret},
                                                     {176, Reason::no_network_filter}};
    for (const auto& [number, reason] : numbered)
        EXPECT_EQ(refusal<void>(number, Uuid()).reason, reason) << number;
    EXPECT_EQ(refusal<void>(86, Volume{.pool = "one"}).reason, Reason::no_storage_pool);
    EXPECT_EQ(refusal<void>(95, VolumeOfPoolArgs{.name = "one"}).reason, Reason::no_storage_volume);
    EXPECT_EQ(refusal<void>(147, SecretUsage{.usage_id = "one"}).reason, Reason::no_secret);
}

TEST_F(CallsTest, SayWhichDaemonOfLibvirtsDoesNotRun) {
    const std::map<std::int32_t, std::string> settings = {{41, "network_socket"},
                                                          {77, "storage_socket"},
                                                          {131, "interface_socket"},
                                                          {142, "secret_socket"},
                                                          {180, "nwfilter_socket"}};
    for (const auto& [number, setting] : settings) {
        const auto error = refusal<void>(number, std::string("<xml/>"));
        EXPECT_EQ(error.reason, Reason::no_support) << number;
        EXPECT_THAT(error.message, HasSubstr(setting + " in virtlightd(8)"));
    }
    EXPECT_THAT(refusal<void>(41, std::string("<network/>")).message,
                HasSubstr("virNetworkDefineXML: there are no networks here"));
}

TEST_F(CallsTest, RegisterForEventsOfWhatIsNotHereToo) {
    const auto named = talk.call<std::int32_t>(313, RegisterArgs<NamedUuid>{.event = 0});
    EXPECT_TRUE(named);
    EXPECT_TRUE(talk.call<std::int32_t>(368, RegisterArgs<NamedUuid>{.event = 1}));
    EXPECT_TRUE(talk.call<std::int32_t>(380, RegisterArgs<Secret>{.event = 1}));
    EXPECT_EQ(refusal<std::int32_t>(313, RegisterArgs<NamedUuid>{.event = 2}).message,
              "unsupported event ID 2");
    EXPECT_TRUE(talk.call<void>(314, *named));
    EXPECT_EQ(refusal<void>(314, *named).reason, Reason::invalid_argument);
}

// Refusals

TEST_F(CallsTest, RefuseFlagsByNameAndFunction) {
    const auto dom = define();
    const auto error = refusal<void>(234, DomainFlags{dom, 2});
    EXPECT_EQ(error.reason, Reason::invalid_argument);
    EXPECT_EQ(error.message,
              "unsupported flags (0x2) in function virDomainDestroyFlags: what a guest has written stays");
    EXPECT_EQ(refusal<Domain>(196, DomainFlags{dom, 3}).message,
              "unsupported flags (0x2) in function virDomainCreateWithFlags: a guest does not end with the "
              "connection that has started it");
    EXPECT_EQ(refusal<DomainList>(273, ListAllArgs{1, 1 << 16}).reason, Reason::invalid_argument);
}

TEST_F(CallsTest, RefuseArgumentsThatCannotBeRead) {
    const auto error = refusal<void>(9, std::string("no domain"));
    EXPECT_EQ(error.reason, Reason::protocol);
    EXPECT_THAT(error.message, StartsWith("cannot read the arguments of virDomainCreate: "));
}

TEST_F(CallsTest, RefuseXmlThatIsNone) {
    EXPECT_EQ(refusal<Domain>(11, std::string("<domain")).reason, Reason::invalid_xml);
    EXPECT_EQ(refusal<Domain>(10, TextFlags{"", 0}).reason, Reason::invalid_xml);
    EXPECT_THAT(names(0), ElementsAre("Domain-0"));
}

TEST_F(CallsTest, FindNothingToDoWithADomainThatIsGone) {
    const auto dom = define();
    ASSERT_TRUE(talk.call<void>(35, dom));
    EXPECT_THAT(refusal<void>(9, dom).message, HasSubstr("(web)"));
    EXPECT_THAT(refusal<void>(16, dom).message, HasSubstr("(web)"));
    for (const std::int32_t number : {9, 12, 15, 16, 17, 18, 19, 28, 33, 34, 35, 150, 151, 163, 202}) {
        EXPECT_EQ(refusal<void>(number, dom).reason, Reason::no_domain) << number;
    }
    for (const std::int32_t number : {14, 27, 183, 187, 190, 196, 200, 212, 231, 234, 258, 298, 426}) {
        EXPECT_EQ(refusal<void>(number, DomainFlags{dom}).reason, Reason::no_domain) << number;
    }
    EXPECT_EQ(refusal<void>(29, DomainNumber{dom, 1}).reason, Reason::no_domain);
    EXPECT_EQ(refusal<void>(265, MetadataArgs{.dom = dom}).reason, Reason::no_domain);
    EXPECT_EQ(refusal<void>(188, DomainNamesArgs{dom}).reason, Reason::no_domain);
    EXPECT_EQ(refusal<void>(274, DomainListAllArgs{dom}).reason, Reason::no_domain);
}

TEST_F(CallsTest, CarryTheLinesOfTheHypervisorToTheClient) {
    const auto dom = define();
    talk.xen.fail_next("create", {Reason::operation_failed, "no", {"libxl: out of memory"}});
    EXPECT_THAT(refusal<void>(9, dom).details, Contains("libxl: out of memory"));
}

// The host

TEST_F(CallsTest, DescribeTheHost) {
    const auto node = talk.call<NodeInfo>(6);
    EXPECT_EQ(node->model.text, "x86_64");
    EXPECT_EQ(node->memory_kib, 4 << 20);
    EXPECT_EQ(talk.call<std::uint64_t>(102), std::uint64_t{1234} * 1024);
    EXPECT_EQ(talk.call<SecurityModel>(122), SecurityModel());
    EXPECT_EQ(refusal<std::string>(203, Flags()).reason, Reason::unsupported_config);
    EXPECT_THAT(*talk.call<std::string>(7), StartsWith("<capabilities>"));
}

TEST_F(CallsTest, TellHowManyVcpusAGuestMayHaveAndNotHowManyTheHostHas) {
    using Type = std::optional<std::string>;
    for (const auto& type : {Type(), Type("xen"), Type("Xen")})
        EXPECT_EQ(talk.call<std::int32_t>(5, type), 512);
    EXPECT_THAT(refusal<std::int32_t>(5, Type("kvm")).message, HasSubstr("unknown type 'kvm'"));
}

// Events

TEST_F(CallsTest, RegisterForEventsInEveryStyle) {
    const auto dom = define();
    EXPECT_TRUE(talk.call<bool>(105));
    EXPECT_TRUE(talk.call<bool>(106));
    EXPECT_FALSE(talk.call<bool>(106));
    EXPECT_TRUE(talk.call<void>(167, std::int32_t{1}));
    EXPECT_TRUE(talk.call<void>(168, std::int32_t{1}));
    const auto id = talk.call<std::int32_t>(316, RegisterArgs<Domain>{0, dom});
    ASSERT_TRUE(id);
    EXPECT_TRUE(talk.call<void>(317, *id));
    EXPECT_EQ(refusal<void>(317, *id).reason, Reason::invalid_argument);
    EXPECT_TRUE(talk.call<void>(314, *talk.call<std::int32_t>(313, RegisterArgs<NamedUuid>())));
    EXPECT_TRUE(talk.call<void>(369, *talk.call<std::int32_t>(368, RegisterArgs<NamedUuid>())));
    EXPECT_TRUE(talk.call<void>(381, *talk.call<std::int32_t>(380, RegisterArgs<Secret>())));
}

TEST_F(CallsTest, RegisterForTheEventsOfOneDomain) {
    const auto dom = define();
    ASSERT_TRUE(talk.call<std::int32_t>(316, RegisterArgs<Domain>{0, dom}));
    const domain::Event ours{
        .name = "web", .uuid = dom.uuid, .domid = 1, .kind = domain::Lifecycle(domain::Started::booted)};
    const domain::Event other{
        .name = "x", .uuid = Uuid(), .domid = 2, .kind = domain::Lifecycle(domain::Started::booted)};
    EXPECT_EQ(talk.caller.subscriptions.messages(ours).size(), 1);
    EXPECT_THAT(talk.caller.subscriptions.messages(other), IsEmpty());
}

}  // namespace
}  // namespace virtlight::libvirt
