// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/serial_source.hpp"

#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "domain/sample.hpp"
#include "domain/xl_cfg_sample.hpp"

namespace virtlight::domain::serial_source_test {
namespace {

using enum SerialSource::Kind;
using testing::ElementsAre;
using testing::HasSubstr;

/// Of an HVM guest.
Sample with(std::string devices) {
    return {.os = hvm_os, .devices = std::move(devices)};
}

SerialSource first(std::string devices) {
    const auto consoles = definition_of(with(std::move(devices))).consoles;
    return consoles.empty() ? SerialSource() : consoles.front().source;
}

std::string refusal_of(std::string devices) {
    return verdict(with(std::move(devices)).xml());
}

struct Pair {
    std::string_view xml;    ///< as libvirt has it, without <target>
    std::string_view words;  ///< as xl's files have it
    SerialSource source;
};

const Pair pairs[] = {
    {"<serial type='pty'/>", "pty", {}},
    {"<serial type='null'/>", "null", {.kind = null}},
    {"<serial type='vc'/>", "vc", {.kind = vc}},
    {"<serial type='stdio'/>", "stdio", {.kind = stdio}},
    {"<serial type='file'><source path='/srv/a,b'/></serial>",
     "file:/srv/a,b",
     {.kind = file, .path = "/srv/a,b"}},
    {"<serial type='pipe'><source path='/srv/p'/></serial>", "pipe:/srv/p", {.kind = pipe, .path = "/srv/p"}},
    {"<serial type='dev'><source path='/dev/ttyS2'/></serial>",
     "/dev/ttyS2",
     {.kind = device, .path = "/dev/ttyS2"}},
    {"<serial type='tcp'><source mode='connect' host='127.0.0.1' service='9999'/><protocol "
     "type='raw'/></serial>",
     "tcp:127.0.0.1:9999",
     {.kind = tcp, .host = "127.0.0.1", .service = "9999"}},
    {"<serial type='tcp'><source mode='bind' service='4555' tls='no'/><protocol type='telnet'/></serial>",
     "telnet::4555,server=on,wait=off",
     {.kind = tcp, .listens = true, .telnet = true, .service = "4555"}},
    {"<serial type='udp'><source mode='connect' service='9999'/></serial>",
     "udp::9999",
     {.kind = udp, .service = "9999"}},
    {"<serial type='udp'><source mode='bind' host='0.0.0.0' service='1'/>"
     "<source mode='connect' host='log' service='syslog'/></serial>",
     "udp:log:syslog@0.0.0.0:1",
     {.kind = udp, .host = "log", .service = "syslog", .own_host = "0.0.0.0", .own_service = "1"}},
    {"<serial type='unix'><source mode='bind' path='/run/s'/></serial>",
     "unix:/run/s,server=on,wait=off",
     {.kind = unix_socket, .path = "/run/s", .listens = true}},
    {"<serial type='unix'><source path='/run/s'/></serial>",
     "unix:/run/s",
     {.kind = unix_socket, .path = "/run/s"}},
};

TEST(SerialSource, IsWhatLibvirtAndXlSayOfIt) {
    for (const auto& [xml, words, source] : pairs) {
        EXPECT_EQ(first(std::string(xml)), source) << xml;
        EXPECT_EQ(serial_words(source), words);
        const auto said = parse_serial_source(words);
        ASSERT_TRUE(said) << said.error().message;
        EXPECT_EQ(said->source, source) << words;
        EXPECT_FALSE(said->waits) << words;
    }
}

TEST(SerialSource, IsReadAsLibvirtAndXendHaveWrittenIt) {
    const auto read = [](std::string_view words) {
        const auto said = parse_serial_source(words);
        EXPECT_TRUE(said) << said.error().message;
        return said ? serial_words(said->source) : "";
    };
    EXPECT_EQ(read("tcp:127.0.0.1:7777,server,nowait"), "tcp:127.0.0.1:7777,server=on,wait=off");
    EXPECT_EQ(read("unix:/run/s,server,nowait"), "unix:/run/s,server=on,wait=off");
    EXPECT_EQ(read("udp:log:514@:"), "udp:log:514");
    EXPECT_TRUE(parse_serial_source("telnet::4444,server")->waits);
    EXPECT_FALSE(parse_serial_source("tcp:host:4444,wait")->waits) << "who connects waits for nobody";
}

TEST(SerialSource, ThatADeviceModelWouldReadOtherwiseIsRefused) {
    const auto refusal = [](std::string_view words) {
        const auto said = parse_serial_source(words);
        return said ? "ok" : said.error().message;
    };
    EXPECT_THAT(refusal("mon:stdio"), HasSubstr("cannot be 'mon:stdio' here; allowed are pty, null, vc"));
    EXPECT_THAT(refusal("file"), HasSubstr("cannot be 'file' here"));
    EXPECT_THAT(refusal("file:log"), HasSubstr("needs an absolute path"));
    EXPECT_THAT(refusal("/tmp/x"),
                HasSubstr("a device under /dev that is no parallel port, not to '/tmp/x'"));
    EXPECT_THAT(refusal("/dev/parport0"), HasSubstr("no parallel port"));
    EXPECT_THAT(refusal("tcp::4444"), HasSubstr("that connects to a host needs its name or address"));
    EXPECT_THAT(refusal("tcp:host:0"), HasSubstr("needs a port from 1 to 65535"));
    EXPECT_THAT(refusal("tcp:host:65536"), HasSubstr("not '65536'"));
    EXPECT_THAT(refusal("tcp:host"), HasSubstr("needs a port"));
    EXPECT_THAT(refusal("tcp:[::1]:4444"), HasSubstr("takes the first ':' for its end"));
    EXPECT_THAT(refusal("tcp:host:1,reconnect=1"), HasSubstr("no option 'reconnect=1' here"));
    EXPECT_THAT(refusal("udp:host:1@own:"), HasSubstr("needs a port"));
    EXPECT_THAT(refusal("unix:/" + std::string(107, 'x')), HasSubstr("up to 107 bytes"));
    EXPECT_THAT(refusal_of("<serial type='unix'><source mode='bind' path='/a,b'/></serial>"),
                HasSubstr("without a comma"));
}

TEST(SerialSource, OfTheFirstPortIsThatOfItsConsole) {
    const std::string file_port = "<serial type='file'><source path='/srv/log'/></serial>";
    const SerialSource log{.kind = file, .path = "/srv/log"};
    EXPECT_EQ(first("<console type='file'><source path='/srv/log'/></console>"), log);
    EXPECT_EQ(first(file_port + "<console type='file'><source path='/srv/log'/></console>"), log);
    EXPECT_EQ(first(file_port + "<console type='pty'><target type='serial'/></console>"), log)
        << "libvirt writes it of every guest";
    EXPECT_THAT(refusal_of("<serial type='pty'/><console type='null'><target type='serial'/></console>"),
                HasSubstr("the <console> that is the first <serial> port leads elsewhere than that"));
    const auto xml = format_xml(definition_of(with(file_port)));
    for (const auto* element : {"serial", "console"})
        EXPECT_THAT(xml, HasSubstr(std::string("<") + element +
                                   " type='file'>\n      <source path='/srv/log'/>\n      <target "));
}

TEST(SerialSource, InXmlHasNothingThatIsLost) {
    EXPECT_THAT(refusal_of("<serial type='file'><source path='/srv/log' append='on'/></serial>"),
                HasSubstr("the file of a serial port is begun anew at each start"));
    EXPECT_EQ(refusal_of("<serial type='file'><source path='/srv/log' append='off'/></serial>"), "ok");
    EXPECT_THAT(refusal_of("<serial type='file'/>"), HasSubstr("needs an absolute path"));
    EXPECT_THAT(refusal_of("<serial type='null'><source path='/x'/></serial>"),
                HasSubstr("<source> is not supported"));
    EXPECT_THAT(
        refusal_of("<serial type='tcp'><source mode='bind' service='1'/><protocol type='tls'/></serial>"),
        HasSubstr("allowed here: raw, telnet"));
    EXPECT_THAT(refusal_of("<serial type='tcp'><source mode='bind' service='1' tls='yes'/></serial>"),
                HasSubstr("'tls'"));
    EXPECT_THAT(refusal_of("<serial type='udp'><source service='1'/><source service='2'/></serial>"),
                HasSubstr("has one <source> of each mode"));
    EXPECT_THAT(refusal_of("<serial type='spicevmc'/>"), HasSubstr("'spicevmc'; allowed here: pty, null"));
    EXPECT_THAT(refusal_of("<console type='null'><target type='xen'/></console>"),
                HasSubstr("allowed here: pty"));
}

TEST(SerialSource, InFilesOfXlsIsReadFromATextOrAList) {
    const auto sources = [](const std::string& more) {
        std::vector<std::string> all;
        for (const auto& console : xl::read(xl::hvm + more).consoles)
            if (console.target == Console::Target::serial)
                all.push_back(std::to_string(console.port) + " " + serial_words(console.source));
        return all;
    };
    EXPECT_THAT(sources("serial='file:/srv/log'"), ElementsAre("0 file:/srv/log"));
    EXPECT_THAT(sources("serial=['none','null','/dev/ttyS0','pty']"),
                ElementsAre("0 null", "1 /dev/ttyS0", "2 pty"));
    EXPECT_THAT(xl::refusal(xl::hvm + "serial=['pty',\n'mon:stdio']"),
                HasSubstr("line 5: 'serial': a serial port cannot be 'mon:stdio' here"));
    EXPECT_THAT(read_xl_cfg(xl::hvm + "serial='tcp::4444,server,nowait'")->remarks, ElementsAre());
    EXPECT_THAT(read_xl_cfg(xl::hvm + "serial=['pty','tcp::4444,server']")->remarks,
                ElementsAre(HasSubstr("line 4: nobody is waited for to connect to serial port 1 here")));
}

}  // namespace
}  // namespace virtlight::domain::serial_source_test
