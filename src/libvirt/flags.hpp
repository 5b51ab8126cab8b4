// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>

/// The bits of libvirt's flags arguments that this daemon knows.
namespace virtlight::libvirt::flag {

inline constexpr std::uint32_t none = 0;

/// virConnectOpen
inline constexpr std::uint32_t open_read_only = 1;

/// Which definition a domain call is about; neither: the live one if it runs, else the stored one.
inline constexpr std::uint32_t live = 1;
inline constexpr std::uint32_t config = 2;
/// virDomainGetVcpusFlags, virDomainSetVcpusFlags, virDomainSetMemoryFlags: the bound, and not what there is
inline constexpr std::uint32_t vcpu_maximum = 4;
inline constexpr std::uint32_t memory_maximum = 4;
/// virDomainSetVcpusFlags: those that come can go again, as all of Xen's can
inline constexpr std::uint32_t vcpu_hotpluggable = 16;
/// virDomainUpdateDeviceFlags: even if the guest has locked it
inline constexpr std::uint32_t device_force = 4;

/// virConnectListAllDomains: pairs (and one group of four) of which none set means all.
namespace list {
inline constexpr std::uint32_t active = 1 << 0;
inline constexpr std::uint32_t inactive = 1 << 1;
inline constexpr std::uint32_t persistent = 1 << 2;
inline constexpr std::uint32_t transient = 1 << 3;
inline constexpr std::uint32_t running = 1 << 4;
inline constexpr std::uint32_t paused = 1 << 5;
inline constexpr std::uint32_t shutoff = 1 << 6;
inline constexpr std::uint32_t other = 1 << 7;
inline constexpr std::uint32_t managed_save = 1 << 8;
inline constexpr std::uint32_t no_managed_save = 1 << 9;
inline constexpr std::uint32_t autostart = 1 << 10;
inline constexpr std::uint32_t no_autostart = 1 << 11;
inline constexpr std::uint32_t snapshot = 1 << 12;
inline constexpr std::uint32_t no_snapshot = 1 << 13;
inline constexpr std::uint32_t checkpoint = 1 << 14;
inline constexpr std::uint32_t no_checkpoint = 1 << 15;
inline constexpr std::uint32_t all = (1 << 16) - 1;
}  // namespace list

/// virConnectGetAllDomainStats, besides those of lists: do not wait (for device models), tell of backing
/// chains (there are none), refuse what is not known
inline constexpr std::uint32_t stats_nowait = 1U << 29;
inline constexpr std::uint32_t stats_backing = 1U << 30;
inline constexpr std::uint32_t stats_enforce = 1U << 31;

/// Where parameters come back: strings may be among them
inline constexpr std::uint32_t string_params = 1 << 2;

/// virDomainCreateWithFlags, virDomainCreateXML
namespace start {
inline constexpr std::uint32_t paused = 1 << 0;
inline constexpr std::uint32_t bypass_cache = 1 << 2;
inline constexpr std::uint32_t force_boot = 1 << 3;
inline constexpr std::uint32_t validate = 1 << 4;
}  // namespace start

/// virDomainBlockResize: the size is in bytes, not in KiB; or all that the disk's block device has
inline constexpr std::uint32_t resize_bytes = 1 << 0;
inline constexpr std::uint32_t resize_capacity = 1 << 1;

/// virDomainDefineXMLFlags
inline constexpr std::uint32_t define_validate = 1;

/// virDomainUndefineFlags: what is to go or stay with the definition
inline constexpr std::uint32_t undefine_image = 1 << 0;
inline constexpr std::uint32_t undefine_all = (1 << 7) - 1;

/// virDomainShutdownFlags, virDomainReboot
namespace stop {
inline constexpr std::uint32_t acpi = 1 << 0;
inline constexpr std::uint32_t paravirtual = 1 << 4;
}  // namespace stop

/// virDomainDestroyFlags
inline constexpr std::uint32_t destroy_graceful = 1 << 0;

/// virDomainCoreDump; a core of Xen's has memory and registers only, whether that is asked for or not
namespace dump {
inline constexpr std::uint32_t crash = 1 << 0;
inline constexpr std::uint32_t live = 1 << 1;
inline constexpr std::uint32_t bypass_cache = 1 << 2;
inline constexpr std::uint32_t reset = 1 << 3;
inline constexpr std::uint32_t memory_only = 1 << 4;
}  // namespace dump

/// virDomainOpenConsole, and the first of them virDomainOpenChannel
namespace console {
inline constexpr std::uint32_t force = 1 << 0;
inline constexpr std::uint32_t safe = 1 << 1;
}  // namespace console

/// virConnectListAllNodeDevices: the kinds have the bits that capability_flag() tells
namespace node_device {
inline constexpr std::uint32_t inactive = 1U << 30;
inline constexpr std::uint32_t active = 1U << 31;
}  // namespace node_device

/// virDomainSaveFlags, virDomainRestoreFlags, virDomainManagedSave and those that change an image: how the
/// guest is to come back, and how its image is written or read
namespace save {
inline constexpr std::uint32_t bypass_cache = 1 << 0;
inline constexpr std::uint32_t running = 1 << 1;
inline constexpr std::uint32_t paused = 1 << 2;
}  // namespace save

/// virDomainGetXMLDesc
namespace xml {
inline constexpr std::uint32_t secure = 1 << 0;
inline constexpr std::uint32_t inactive = 1 << 1;
inline constexpr std::uint32_t update_cpu = 1 << 2;
inline constexpr std::uint32_t migratable = 1 << 3;
}  // namespace xml

/// virDomainGetJobStats: of the last job that has ended, and keep it
inline constexpr std::uint32_t job_completed = 1 << 0;
inline constexpr std::uint32_t job_keep_completed = 1 << 1;

/// virConnectCompareCPU and its like: an incompatible processor is an error, and its XML is to be what the
/// schema allows; virConnectBaselineCPU and its like: all features are named, and none that ties to a host
namespace cpu {
inline constexpr std::uint32_t fail_incompatible = 1 << 0;
inline constexpr std::uint32_t validate = 1 << 1;
inline constexpr std::uint32_t expand = 1 << 0;
inline constexpr std::uint32_t migratable = 1 << 1;
}  // namespace cpu

/// virConnectGetDomainCapabilities: features that are deprecated are told as disabled, of which there are
/// none
inline constexpr std::uint32_t disable_deprecated = 1 << 0;

/// virDomainGetMessages
inline constexpr std::uint32_t message_deprecation = 1 << 0;
inline constexpr std::uint32_t message_tainting = 1 << 1;
inline constexpr std::uint32_t message_ioerrors = 1 << 2;

/// The flags of lists and counts that are empty here whatever is asked.
inline constexpr std::uint32_t any = ~std::uint32_t{0};

}  // namespace virtlight::libvirt::flag
