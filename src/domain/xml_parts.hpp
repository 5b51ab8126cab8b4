// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <variant>

#include "domain/definition.hpp"
#include "domain/xml_element.hpp"
#include "domain/xml_writer.hpp"

namespace virtlight::domain {

/// Whether a domain is described as it is stored, or as it runs.
enum class Shape { stored, running };

/// One part of a domain's XML, reader and writer side by side. The reader asks `parent` for what the part may
/// hold and fills in the defaults of what is missing.
struct XmlPart {
    void (*read)(const XmlElement& parent, Definition& definition);
    void (*write)(XmlWriter& writer, const Definition& definition, Shape shape);
};

// Under <domain>.
extern const XmlPart general_part;     ///< name, uuid, title, description, metadata
extern const XmlPart resources_part;   ///< memory, currentMemory, vcpu
extern const XmlPart cpu_tuning_part;  ///< cputune
extern const XmlPart os_part;          ///< os, bootloader, bootloader_args
extern const XmlPart settings_part;    ///< what is ours in metadata; after os
extern const XmlPart features_part;
extern const XmlPart cpu_part;
extern const XmlPart clock_part;
extern const XmlPart lifecycle_part;  ///< on_poweroff, on_reboot, on_crash
extern const XmlPart pm_part;
extern const XmlPart devices_part;
extern const XmlPart seclabel_part;
extern const XmlPart commandline_part;  ///< xen:commandline

// Under <devices>.
extern const XmlPart disks_part;
extern const XmlPart usb_controllers_part;
extern const XmlPart shared_folders_part;  ///< filesystem
extern const XmlPart nics_part;            ///< interface
extern const XmlPart consoles_part;        ///< console, serial
extern const XmlPart channels_part;        ///< after consoles
extern const XmlPart graphics_part;
extern const XmlPart inputs_part;    ///< input, sound; after graphics
extern const XmlPart video_part;     ///< after graphics
extern const XmlPart hostdevs_part;  ///< after USB controllers

/// The user's alias of a device or, of one that runs, the one that it has itself.
void write_alias(XmlWriter& writer, const std::string& users, const std::string& own, Shape shape);
/// The user's alias, if there is one, of a device that has no value of its own which could hold it.
void write_alias(XmlWriter& writer, const Definition& definition, std::string_view own_name);
bool has_alias(const Definition& definition, std::string_view own_name);
/// Whether no two devices have one alias.
void check_aliases(const XmlElement& devices);

/// NUMA cells: in <cpu>, whose child they are, and in <numatune>.
void read_numa(const XmlElement& domain, Definition& definition);
void write_numa(XmlWriter& writer, const std::vector<NumaCell>& cells);
void write_numatune(XmlWriter& writer, const std::vector<NumaCell>& cells);

/// What Xen has for <features><xen>.
void read_xen_features(const XmlElement& features, Definition& definition);
void write_xen_features(XmlWriter& writer, const Platform& platform);

/// Of an HVM guest: what <features> and <os> say that is a setting here; after those in <metadata>.
void read_told_settings(const XmlElement& domain, Definition& definition);

/// The namespace of <xen:commandline>, which libvirt declares in <domain>.
inline constexpr std::string_view xen_namespace = "http://libvirt.org/schemas/domain/xen/1.0";

/// One <disk>, without regard to the guest that it is for: check_disk() and add_disk() have that.
Disk read_disk(const XmlElement& element);
void write_disk(XmlWriter& writer, const Disk& disk, Shape shape);

/// One <interface>, without regard to the guest that it is for: check_nic() and check_beside() have that. Its
/// devid is 0.
Nic read_nic(const XmlElement& interface);
/// With the user's alias, or else with one that says its devid, if it is to be said.
void write_nic(XmlWriter& writer, const Nic& nic, Shape shape, bool with_devid);
/// Those that have a devid that neither their place says nor their alias, which is the user's: what is ours
/// in <metadata> says it. Of `definition`.
std::vector<const Nic*> nics_with_hidden_devid(const Definition& definition);
void write_devid(XmlWriter& writer, const Nic& nic);

/// Its MAC address; where it says none, one that is made up.
MacAddress read_mac(const XmlElement& interface);

/// Whether an <interface> is of type 'hostdev': a network card of the host's, which the guest gets to itself.
bool is_network_card(const XmlElement& interface);
/// Without regard to the guest that it is for: add_pci_device() has that. It has a MAC address.
PciDevice read_network_card(const XmlElement& interface);
void add_network_card(const XmlElement& interface, Definition& definition);
void write_network_card(XmlWriter& writer, const PciDevice& device, Shape shape);

/// One <controller>, without regard to the guest that it is for: add_usb_controller() has that. One that says
/// nothing of its model or its index gets these.
UsbController read_usb_controller(const XmlElement& controller, UsbController::Model model, unsigned index);
/// Whether a <controller> is of type 'usb'.
bool is_usb_controller(const XmlElement& controller);

/// One <hostdev>, without regard to the guest that it is for.
using HostDevice = std::variant<PciDevice, UsbDevice>;
HostDevice read_hostdev(const XmlElement& element);

}  // namespace virtlight::domain
