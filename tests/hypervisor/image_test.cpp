// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hypervisor/image_test.hpp"

#include <array>
#include <cstdint>

#include <gmock/gmock.h>

#include "base/limits.hpp"
#include "domain/xml.hpp"
#include "hypervisor/image_writer.hpp"

namespace virtlight::hypervisor {
namespace {

using testing::HasSubstr;

TEST_F(Image, IsReadAsItWasWritten) {
    const auto written = head();
    {
        auto writer = ImageWriter::create(path, written);
        ASSERT_TRUE(writer) << writer.error().message;
        EXPECT_FALSE(std::filesystem::exists(path)) << "it is not whole yet";
        ASSERT_TRUE(writer->write("the stream"));
        ASSERT_TRUE(writer->commit());
    }
    const auto opened = open_image(path);
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_EQ(opened->head.definition.name, "web");
    EXPECT_EQ(opened->head.definition.uuid, written.definition.uuid);
    EXPECT_EQ(opened->head.definition.consoles.front().tty, "");
    EXPECT_TRUE(opened->head.paused);
    EXPECT_EQ(opened->stream_bytes, 10);
    std::array<char, 10> stream{};
    ASSERT_TRUE(read_from_image(*opened, stream));
    EXPECT_EQ(std::string_view(stream.data(), 10), "the stream");
    EXPECT_EQ(files(), 1);
}

TEST_F(Image, SaysHowManyVcpusAreToBeOnlineBesideThoseOfTheDeviceModel) {
    auto few = head();
    few.definition.vcpus_max = few.definition.vcpus = 4;
    few.vcpus_online = 3;
    write_file(format_image_head(few));
    const auto opened = open_image(path);
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_EQ(opened->head.definition.vcpus, 4u);
    EXPECT_EQ(opened->head.vcpus_online, 3u);
    few.vcpus_online = 5;
    write_file(format_image_head(few));
    EXPECT_THAT(why_not(), HasSubstr("its head wants 5 vCPUs online, and its guest has 4"));
}

TEST_F(Image, KeepsTheVcpusOfItsDeviceModelWithAnotherDefinition) {
    auto few = head();
    few.definition.type = domain::GuestType::hvm;
    few.definition.vcpus_max = 4;
    few.definition.vcpus = 3;
    few.vcpus_online = 2;
    auto wanted = few.definition;
    wanted.title = "another";
    EXPECT_EQ(redefined(few, wanted).definition.title, "another");
    EXPECT_EQ(redefined(few, wanted).vcpus_online, 2u) << "as before";
    for (const auto vcpus : {1u, 4u}) {
        wanted.vcpus = vcpus;
        EXPECT_EQ(redefined(few, wanted).definition.vcpus, 3u);
        EXPECT_EQ(redefined(few, wanted).vcpus_online, vcpus);
    }
    few.definition.type = wanted.type = domain::GuestType::pvh;
    EXPECT_EQ(redefined(few, wanted).definition.vcpus, 4u);
}

TEST_F(Image, IsNotTakenForTheOneThatItHasReplaced) {
    const auto first = head();
    write_file(format_image_head(first) + "the stream");
    const auto image = known();
    EXPECT_EQ(stream_of(image), "the stream");
    auto changed = first;
    changed.definition.title = "changed";
    auto running = first;
    running.paused = false;
    for (const auto& other : {head(), changed, running}) {
        write_file(format_image_head(other) + "its stream");
        const auto opened = open_image_stream(image);
        ASSERT_FALSE(opened);
        EXPECT_EQ(opened.error().reason, Reason::invalid_state);
        EXPECT_THAT(opened.error().message, HasSubstr(path.string() + "' has been replaced meanwhile"));
        EXPECT_EQ(stream_of(known()), "its stream");
    }
}

TEST_F(Image, OfTheVerySameGuestIsAsGoodAsTheOneThatItHasReplaced) {
    const auto first = head();
    write_file(format_image_head(first) + "the stream");
    const auto image = known();
    std::filesystem::remove(path);
    write_file(format_image_head(first) + "of a later");
    EXPECT_EQ(stream_of(image), "of a later");
}

TEST_F(Image, IsKnownByItsHeadAlsoWhenItIsToGetAnotherDefinition) {
    write_file(format_image_head(head()) + "the stream");
    const auto opened = open_image(path);
    ASSERT_TRUE(opened);
    const auto changed = redefined(opened->head, head().definition);
    EXPECT_EQ(stream_of({path, changed.bytes}), "the stream");
}

TEST_F(Image, HasLibvirtsHead) {
    const auto bytes = format_image_head(head());
    EXPECT_EQ(bytes.substr(0, 16), std::string("libvirt-xml\n \0 \r", 16));
    std::uint32_t version = 0;
    std::uint32_t length = 0;
    std::memcpy(&version, bytes.data() + 16, 4);
    std::memcpy(&length, bytes.data() + 20, 4);
    EXPECT_EQ(version, 2);
    EXPECT_EQ(bytes.size(), 64 + length);
    EXPECT_EQ(bytes.back(), '\0');
    EXPECT_EQ(bytes.substr(64, 7), "<domain");
}

/// As `xl save` begins a file.
std::string xl_image(std::string_view config, std::uint32_t byte_order = 0x01020304,
                     std::uint32_t flags = 3) {
    const auto length = static_cast<std::uint32_t>(config.size());
    std::string bytes("Xen saved domain, xl format\n \0 \r", 32);
    for (const std::uint32_t word : {byte_order, flags, 0U, length + 4, length})
        bytes.append(reinterpret_cast<const char*>(&word), sizeof word);  // NOLINT: plain bytes
    return bytes.append(config);
}

TEST_F(Image, OfXlsIsReadUpToItsStream) {
    const std::string config = "{ \"c_info\": { \"name\": \"web\" } }";
    write_file(xl_image(config) + "the stream");
    const auto opened = open_image(path);
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_EQ(opened->xl_config, config);
    EXPECT_EQ(opened->stream_bytes, 10);
    std::array<char, 10> stream{};
    ASSERT_TRUE(read_from_image(*opened, stream));
    EXPECT_EQ(std::string_view(stream.data(), 10), "the stream");
}

TEST_F(Image, OfXlsIsNotTakenForTheOneThatItHasReplaced) {
    write_file(xl_image("{ \"c_info\": { \"name\": \"web\" } }") + "the stream");
    const auto image = known();
    EXPECT_EQ(stream_of(image), "the stream");
    write_file(xl_image("{ \"c_info\": { \"name\": \"dns\" } }") + "the stream");
    EXPECT_THAT(stream_of(image), HasSubstr("has been replaced meanwhile"));
    write_file(format_image_head(head()) + "the stream");
    EXPECT_THAT(stream_of(image), HasSubstr("has been replaced meanwhile"));
}

TEST_F(Image, OfXlsIsRefusedWhereItIsDamaged) {
    const auto good = xl_image(std::string(200, ' '));
    write_file(good.substr(0, 50));
    EXPECT_THAT(why_not(), HasSubstr("ends in xl's head"));
    write_file(good.substr(0, 100));
    EXPECT_THAT(why_not(), HasSubstr("ends in xl's head, after 100 bytes"));
    write_file(xl_image(std::string(200, ' '), 0x04030201));
    EXPECT_THAT(why_not(), HasSubstr("another byte order"));
    write_file(xl_image(std::string(200, ' '), 0x01020304, 1));
    EXPECT_THAT(why_not(), HasSubstr("another version of xl"));
    auto wrong = good;
    wrong[48] = 100;
    wrong[49] = 1;
    write_file(wrong);
    EXPECT_THAT(why_not(), HasSubstr("damaged in xl's head"));
}

TEST_F(Image, IsReadThoughItsXmlIsAsLongAsAnyMayBe) {
    auto longest = head();
    longest.definition.consoles.front().tty.clear();
    longest.definition.description = "x";
    longest.definition.description.append(limits::xml_bytes - domain::format_xml(longest.definition).size(),
                                          'x');
    write_file(format_image_head(longest) + "the stream");
    EXPECT_EQ(why_not(), "it opens");
}

TEST_F(Image, IsRefusedWithTheReason) {
    EXPECT_THAT(why_not(), HasSubstr("No such file"));
    const auto good = format_image_head(head());
    write_file("");
    EXPECT_THAT(why_not(), HasSubstr("image magic is incorrect"));
    write_file(good.substr(0, 200));
    EXPECT_THAT(why_not(), HasSubstr("damaged in its XML, after 200 bytes"));
    auto newer = good;
    newer[16] = 3;
    write_file(newer);
    EXPECT_THAT(why_not(), HasSubstr("image version is not supported (3 > 2)"));
    auto huge = good;
    std::memset(huge.data() + 20, 0x7f, 4);
    write_file(huge);
    EXPECT_THAT(why_not(), HasSubstr("invalid XML length"));
    auto scribbled = good;
    scribbled[70] = '<';
    write_file(scribbled);
    EXPECT_THAT(why_not(), HasSubstr("the XML in"));
    std::filesystem::remove(path);
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    EXPECT_THAT(why_not(), HasSubstr("no regular file"));
}

}  // namespace
}  // namespace virtlight::hypervisor
