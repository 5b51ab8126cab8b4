// SPDX-License-Identifier: LGPL-2.1-or-later
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "domain/device.hpp"
#include "domain/device_edit.hpp"
#include "domain/xml.hpp"

namespace {

using namespace virtlight::domain;

constexpr std::string_view hvm =
    "<domain type='xen'><name>web</name><memory unit='MiB'>64</memory><vcpu>2</vcpu><os><type>hvm</type></os>"
    "<devices><graphics type='vnc'/><disk type='file' device='disk'><source file='/a'/><target "
    "dev='xvda'/></disk>"
    "<interface type='bridge'><mac address='00:16:3e:01:02:03'/><source bridge='xenbr0'/></interface>"
    "<channel type='pty'><target type='xen' name='a'/></channel></devices></domain>";
constexpr std::string_view pv =
    "<domain type='xen'><name>web</name><memory unit='MiB'>64</memory><vcpu>1</vcpu>"
    "<os><type>linux</type><kernel>/k</kernel></os></domain>";

void check_good(const Definition& definition) {
    const auto again = parse_xml(format_xml(definition));
    if (!again || *again != definition) std::abort();
}

/// A definition that a device has come to, and gone from, is a good one.
void check_live(const Definition& definition, const Device& device) {
    auto more = definition;
    if (!add_device(more, device)) return;
    check_good(more);
    if (remove_device(more, device)) check_good(more);
}

void check_edits(const Definition& definition, std::string_view xml) {
    for (const auto edit : {DeviceEdit::add, DeviceEdit::remove, DeviceEdit::change})
        if (const auto edited = edit_device(definition, xml, edit)) check_good(*edited);
}

}  // namespace

/// Any bytes as the XML of a device that comes to a guest, goes from it or is changed: refused, or done so
/// that the definition is a good one still.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const std::array guests = {parse_xml(hvm).value(), parse_xml(pv).value()};
    const std::string_view xml(reinterpret_cast<const char*>(data), size);
    const auto device = parse_device(xml);
    for (const auto& definition : guests) {
        if (device) check_live(definition, *device);
        check_edits(definition, xml);
    }
    return 0;
}
