// SPDX-License-Identifier: LGPL-2.1-or-later
// What reading a typical definition and writing it again costs, against libvirt doing the same for its test
// driver: in one process, taking turns, with the ratio. Run: build/release/bin/bench_definition
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <libvirt/libvirt.h>

#include "base/clock.hpp"
#include "domain/xml.hpp"

namespace {

using virtlight::Clock;

constexpr unsigned rounds = 7;
constexpr unsigned times = 500;

/// 60 lines, as virt-install would write them.
constexpr const char* definition = R"(<domain type='{}'>
  <name>web</name>
  <uuid>7ce9c1f4-5a53-4a42-a1a3-9a3a83a1fb57</uuid>
  <title>The shop's front</title>
  <description>Serves what people buy.
Restart it at night only.</description>
  <metadata>
    <owner xmlns='http://example.org/owner'>
      <name>Shop</name>
      <phone>12 34</phone>
    </owner>
  </metadata>
  <memory unit='KiB'>4194304</memory>
  <currentMemory unit='KiB'>2097152</currentMemory>
  <vcpu current='2'>4</vcpu>
  <os>
    <type arch='x86_64' machine='{}'>hvm</type>
    <boot dev='cdrom'/>
    <boot dev='hd'/>
  </os>
  <features>
    <acpi/>
    <apic/>
    <pae/>
  </features>
  <clock offset='utc'/>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>restart</on_crash>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source file='/srv/web/system.qcow2'/>
      <target dev='hda' bus='ide'/>
    </disk>
    <disk type='block' device='disk'>
      <driver name='qemu' type='raw'/>
      <source dev='/dev/vg/web-data'/>
      <target dev='hdb' bus='ide'/>
      <shareable/>
    </disk>
    <disk type='file' device='cdrom'>
      <driver name='qemu' type='raw'/>
      <target dev='hdc' bus='ide'/>
      <readonly/>
    </disk>
    <interface type='bridge'>
      <mac address='00:16:3e:5f:48:e4'/>
      <source bridge='xenbr0'/>
      <model type='e1000'/>
    </interface>
    <interface type='bridge'>
      <mac address='00:16:3e:5f:48:e5'/>
      <source bridge='xenbr1'/>
      <model type='e1000'/>
    </interface>
    <serial type='pty'/>
    <console type='pty'>
      <target type='serial' port='0'/>
    </console>
  </devices>
</domain>
)";

[[noreturn]] void give_up(const std::string& why) {
    std::fprintf(stderr, "bench_definition: %s\n", why.c_str());
    std::exit(1);
}

void with_ours(const std::string& xml) {
    const auto parsed = virtlight::domain::parse_xml(xml);
    if (!parsed) give_up(parsed.error().message);
    if (virtlight::domain::format_xml(*parsed).empty()) give_up("nothing was written");
}

using Connection = std::unique_ptr<virConnect, decltype(&virConnectClose)>;
using Defined = std::unique_ptr<virDomain, decltype(&virDomainFree)>;
using Text = std::unique_ptr<char, decltype(&std::free)>;

void with_libvirt(virConnectPtr connection, const std::string& xml) {
    const Defined defined(virDomainDefineXML(connection, xml.c_str()), virDomainFree);
    if (!defined) give_up("libvirt's test driver does not take the definition");
    const Text text(virDomainGetXMLDesc(defined.get(), 0), std::free);
    if (!text) give_up("libvirt's test driver does not write the definition");
}

/// Microseconds of one.
double measure(const std::function<void()>& once) {
    const auto begin = Clock::now();
    for (unsigned i = 0; i < times; ++i)
        once();
    return std::chrono::duration<double, std::micro>(Clock::now() - begin).count() / times;
}

double median(std::vector<double> values) {
    std::ranges::sort(values);
    return values[values.size() / 2];
}

}  // namespace

int main() {
    const Connection test(virConnectOpen("test:///default"), virConnectClose);
    if (!test) give_up("libvirt has no test driver here");
    const auto ours = fmt::format(fmt::runtime(definition), "xen", "xenfv");
    const auto theirs = fmt::format(fmt::runtime(definition), "test", "testmachine");
    std::vector<double> taken_by_us;
    std::vector<double> taken_by_libvirt;
    for (unsigned round = 0; round < rounds; ++round) {
        taken_by_us.push_back(measure([&] { with_ours(ours); }));
        taken_by_libvirt.push_back(measure([&] { with_libvirt(test.get(), theirs); }));
    }
    const double we = median(taken_by_us);
    const double they = median(taken_by_libvirt);
    std::printf(
        "a definition of %td lines, read and written: virtlight %.1f us, libvirt's test driver %.1f us: %.2f "
        "times "
        "as fast\n",
        std::ranges::count(ours, '\n'), we, they, they / we);
}
