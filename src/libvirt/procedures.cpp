// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>

#include "libvirt/calls.hpp"
#include "libvirt/flags.hpp"
#include "libvirt/forwarding.hpp"
#include "libvirt/own_messages.hpp"
#include "libvirt/procedure.hpp"
#include "libvirt/serve.hpp"
#include "libvirt/volume_messages.hpp"

namespace virtlight::libvirt {

namespace {

using enum Needs;

constexpr std::uint32_t impact = flag::live | flag::config;
constexpr std::uint32_t set_vcpus_flags = impact | flag::vcpu_maximum | flag::vcpu_hotpluggable;
constexpr std::uint32_t start_flags =
    flag::start::paused | flag::start::bypass_cache | flag::start::force_boot | flag::start::validate;
constexpr std::uint32_t create_flags = flag::start::paused | flag::start::validate;
constexpr std::uint32_t shutdown_flags = flag::stop::acpi | flag::stop::paravirtual;
constexpr std::uint32_t dump_flags = flag::dump::crash | flag::dump::live | flag::dump::bypass_cache |
                                     flag::dump::reset | flag::dump::memory_only;
constexpr std::uint32_t image_flags = flag::save::running | flag::save::paused;
constexpr std::uint32_t save_flags = image_flags | flag::save::bypass_cache;
constexpr std::uint32_t xml_flags =
    flag::xml::secure | flag::xml::inactive | flag::xml::update_cpu | flag::xml::migratable;
constexpr std::uint32_t job_flags = flag::job_completed | flag::job_keep_completed;
constexpr std::uint32_t console_flags = flag::console::force | flag::console::safe;
constexpr std::uint32_t compare_flags = flag::cpu::fail_incompatible | flag::cpu::validate;
constexpr std::uint32_t baseline_flags = flag::cpu::expand | flag::cpu::migratable;
constexpr std::uint32_t states = (flag::list::other << 1) - 1;  // all filters up to this one
constexpr std::uint32_t stats_flags = states | flag::stats_nowait | flag::stats_backing | flag::stats_enforce;
constexpr std::uint32_t message_flags =
    flag::message_deprecation | flag::message_tainting | flag::message_ioerrors;

// clang-format off
constexpr Procedure table[] = {
    // the connection
    {  1, "virConnectOpen",                      nothing, flag::any,  serve<calls::open>},
    {  2, "virConnectClose",                     nothing, flag::none, serve<calls::close>},
    {  3, "virConnectGetType",                   open,    flag::none, serve<calls::type>},
    {  4, "virConnectGetVersion",                open,    flag::none, serve<calls::version>},
    { 59, "virConnectGetHostname",               open,    flag::none, serve<calls::hostname>},
    { 60, "virConnectSupportsFeature",           nothing, flag::none, serve<calls::supports_feature>},
    { 66, "virConnectOpenAuth",                  nothing, flag::none, serve<calls::auth_list>},
    {110, "virConnectGetURI",                    open,    flag::none, serve<calls::uri>},
    {149, "virConnectIsSecure",                  open,    flag::none, serve<calls::is_secure>},
    {157, "virConnectGetLibVersion",             open,    flag::none, serve<calls::lib_version>},
    {360, "virConnectRegisterCloseCallback",     open,    flag::none, serve<calls::close_callback>},
    {361, "virConnectUnregisterCloseCallback",   open,    flag::none, serve<calls::close_callback>},
    {419, "virConnectSetIdentity",               open,    flag::none, serve<calls::set_identity>},

    // the host
    {  5, "virConnectGetMaxVcpus",               open,    flag::none, serve<calls::max_vcpus_of_host>},
    {  6, "virNodeGetInfo",                      open,    flag::none, serve<calls::node_info>},
    {  7, "virConnectGetCapabilities",           open,    flag::none, serve<calls::capabilities>},
    {101, "virNodeGetCellsFreeMemory",           open,    flag::none, serve<calls::cells_free_memory>},
    {102, "virNodeGetFreeMemory",                open,    flag::none, serve<calls::free_memory>},
    {122, "virNodeGetSecurityModel",             open,    flag::none, serve<calls::security_model>},
    {158, "virConnectCompareCPU",                open,    compare_flags, serve<calls::compare_cpu>},
    {162, "virConnectBaselineCPU",               open,    baseline_flags, serve<calls::baseline_cpu>},
    {203, "virConnectGetSysinfo",                open,    flag::none, serve<calls::sysinfo>},
    {312, "virConnectGetCPUModelNames",          open,    flag::none, serve<calls::cpu_models>},
    {342, "virConnectGetDomainCapabilities",     write,   flag::disable_deprecated, serve<calls::domain_capabilities>},
    {393, "virConnectCompareHypervisorCPU",      write,   compare_flags, serve<calls::compare_hypervisor_cpu>},
    {394, "virConnectBaselineHypervisorCPU",     write,   baseline_flags, serve<calls::baseline_hypervisor_cpu>},

    // the host's devices
    {111, "virNodeNumOfDevices",                 open,    flag::none, serve<calls::count_node_devices>},
    {112, "virNodeListDevices",                  open,    flag::none, serve<calls::list_node_devices>},
    {113, "virNodeDeviceLookupByName",           open,    flag::none, serve<calls::find_node_device>},
    {114, "virNodeDeviceGetXMLDesc",             open,    flag::none, serve<calls::node_device_xml>},
    {115, "virNodeDeviceGetParent",              open,    flag::none, serve<calls::node_device_parent>},
    {116, "virNodeDeviceNumOfCaps",              open,    flag::none, serve<calls::count_node_device_caps>},
    {117, "virNodeDeviceListCaps",               open,    flag::none, serve<calls::list_node_device_caps>},
    {118, "virNodeDeviceDettach",                write,   flag::none, serve<calls::detach_node_device>},
    {119, "virNodeDeviceReAttach",               write,   flag::none, serve<calls::reattach_node_device>},
    {120, "virNodeDeviceReset",                  write,   flag::none, serve<calls::reset_node_device>},
    {285, "virConnectListAllNodeDevices",        open,    flag::any,  serve<calls::list_all_node_devices>},
    {301, "virNodeDeviceDetachFlags",            write,   flag::none, serve<calls::detach_node_device_flags>},
    {433, "virNodeDeviceGetAutostart",           open,    flag::none, serve<calls::is_node_device_of_each_boot>},
    {435, "virNodeDeviceIsPersistent",           open,    flag::none, serve<calls::is_node_device_of_each_boot>},
    {436, "virNodeDeviceIsActive",               open,    flag::none, serve<calls::is_node_device_active>},

    // which domains there are
    { 21, "virConnectListDefinedDomains",        open,    flag::none, serve<calls::list_defined>},
    { 22, "virDomainLookupByID",                 open,    flag::none, serve<calls::lookup_by_id>},
    { 23, "virDomainLookupByName",               open,    flag::none, serve<calls::lookup_by_name>},
    { 24, "virDomainLookupByUUID",               open,    flag::none, serve<calls::lookup_by_uuid>},
    { 25, "virConnectNumOfDefinedDomains",       open,    flag::none, serve<calls::count_defined>},
    { 37, "virConnectListDomains",               open,    flag::none, serve<calls::list_active>},
    { 51, "virConnectNumOfDomains",              open,    flag::none, serve<calls::count_active>},
    {273, "virConnectListAllDomains",            open,    flag::list::all, serve<calls::list_all>},

    // what a domain is and does
    { 14, "virDomainGetXMLDesc",                 open,    xml_flags,  serve<calls::xml>},
    { 15, "virDomainGetAutostart",               open,    flag::none, serve<calls::autostart>},
    { 16, "virDomainGetInfo",                    open,    flag::none, serve<calls::info>},
    { 17, "virDomainGetMaxMemory",               open,    flag::none, serve<calls::max_memory>},
    { 18, "virDomainGetMaxVcpus",                open,    flag::none, serve<calls::max_vcpus>},
    { 19, "virDomainGetOSType",                  open,    flag::none, serve<calls::os_type>},
    {150, "virDomainIsActive",                   open,    flag::none, serve<calls::is_active>},
    {151, "virDomainIsPersistent",               open,    flag::none, serve<calls::is_persistent>},
    {200, "virDomainGetVcpusFlags",              open,    impact | flag::vcpu_maximum, serve<calls::vcpus>},
    {202, "virDomainIsUpdated",                  open,    flag::none, serve<calls::is_updated>},
    {212, "virDomainGetState",                   open,    flag::none, serve<calls::state>},
    {265, "virDomainGetMetadata",                open,    impact,     serve<calls::metadata>},
    {353, "virDomainInterfaceAddresses",         open,    flag::none, serve<calls::interface_addresses>},
    {426, "virDomainGetMessages",                open,    message_flags, serve<calls::messages>},
    {449, "virDomainGetAutostartOnce",           open,    flag::none, serve<calls::autostart_once>},

    // definitions in the format of Xen's own tool
    {135, "virConnectDomainXMLFromNative",       write,   flag::none, serve<calls::xml_from_native>},
    {136, "virConnectDomainXMLToNative",         write,   flag::none, serve<calls::xml_to_native>},

    // what is done to a domain
    {  9, "virDomainCreate",                     write,   flag::none, serve<calls::start_plain>},
    { 10, "virDomainCreateXML",                  write,   create_flags, serve<calls::create>},
    { 11, "virDomainDefineXML",                  write,   flag::none, serve<calls::define_plain>},
    { 12, "virDomainDestroy",                    write,   flag::none, serve<calls::destroy_plain>},
    { 27, "virDomainReboot",                     write,   shutdown_flags, serve<calls::reboot>},
    { 28, "virDomainResume",                     write,   flag::none, serve<calls::resume>},
    { 29, "virDomainSetAutostart",               write,   flag::none, serve<calls::set_autostart>},
    { 33, "virDomainShutdown",                   write,   flag::none, serve<calls::shutdown_plain>},
    { 34, "virDomainSuspend",                    write,   flag::none, serve<calls::suspend>},
    { 35, "virDomainUndefine",                   write,   flag::none, serve<calls::undefine_plain>},
    {196, "virDomainCreateWithFlags",            write,   start_flags, serve<calls::start>},
    {231, "virDomainUndefineFlags",              write,   flag::undefine_all, serve<calls::undefine>},
    {234, "virDomainDestroyFlags",               write,   flag::destroy_graceful, serve<calls::destroy>},
    {258, "virDomainShutdownFlags",              write,   shutdown_flags, serve<calls::shutdown>},
    {264, "virDomainSetMetadata",                write,   impact,     serve<calls::set_metadata>},
    {350, "virDomainDefineXMLFlags",             write,   flag::define_validate, serve<calls::define>},
    {390, "virDomainSetLifecycleAction",         write,   impact,     serve<calls::set_lifecycle_action>},
    {450, "virDomainSetAutostartOnce",           write,   flag::none, serve<calls::set_autostart_once>},

    // what is done to a guest that runs
    { 53, "virDomainCoreDump",                   write,   dump_flags, serve<calls::core_dump>},
    {210, "virDomainInjectNMI",                  write,   flag::none, serve<calls::inject_nmi>},
    {226, "virDomainSendKey",                    write,   flag::none, serve<calls::send_key>},
    {245, "virDomainReset",                      write,   flag::none, serve<calls::reset>},
    {256, "virDomainSetInterfaceParameters",     write,   impact,     serve<calls::set_interface_params>},
    {257, "virDomainGetInterfaceParameters",     open,    impact | flag::string_params, serve<calls::interface_params>},
    {261, "virDomainPMSuspendForDuration",       write,   flag::none, serve<calls::pm_suspend>},
    {267, "virDomainPMWakeup",                   write,   flag::none, serve<calls::pm_wakeup>},
    {334, "virDomainCoreDumpWithFormat",         write,   dump_flags, serve<calls::core_dump_format>},

    // how much it has, and its name
    { 30, "virDomainSetMaxMemory",               write,   flag::none, serve<calls::set_max_memory>},
    { 31, "virDomainSetMemory",                  write,   flag::none, serve<calls::set_memory_plain>},
    { 32, "virDomainSetVcpus",                   write,   flag::none, serve<calls::set_vcpus_plain>},
    {159, "virDomainMemoryStats",                open,    flag::none, serve<calls::memory_stats>},
    {199, "virDomainSetVcpusFlags",              write,   set_vcpus_flags, serve<calls::set_vcpus>},
    {204, "virDomainSetMemoryFlags",             write,   impact | flag::memory_maximum, serve<calls::set_memory>},
    {358, "virDomainRename",                     write,   flag::none, serve<calls::rename>},
    {384, "virDomainSetVcpu",                    write,   impact,     serve<calls::set_vcpu>},

    // what devices it has
    {  8, "virDomainAttachDevice",               write,   flag::none, serve<calls::attach_device_plain>},
    { 13, "virDomainDetachDevice",               write,   flag::none, serve<calls::detach_device_plain>},
    {160, "virDomainAttachDeviceFlags",          write,   impact,     serve<calls::attach_device>},
    {161, "virDomainDetachDeviceFlags",          write,   impact,     serve<calls::detach_device>},
    {174, "virDomainUpdateDeviceFlags",          write,   impact | flag::device_force, serve<calls::update_device>},
    {251, "virDomainBlockResize",                write,   flag::resize_bytes | flag::resize_capacity, serve<calls::block_resize>},
    {392, "virDomainDetachDeviceAlias",          write,   impact,     serve<calls::detach_device_alias>},

    // where its vCPUs run, how much they get, and where its memory is
    { 26, "virDomainPinVcpu",                    write,   flag::none, serve<calls::pin_vcpu>},
    { 56, "virDomainGetSchedulerType",           open,    flag::none, serve<calls::scheduler_type>},
    { 57, "virDomainGetSchedulerParameters",     open,    flag::none, serve<calls::scheduler_params_plain>},
    { 58, "virDomainSetSchedulerParameters",     write,   flag::none, serve<calls::set_scheduler_params_plain>},
    {219, "virDomainSetSchedulerParametersFlags", write,  impact,     serve<calls::set_scheduler_params>},
    {223, "virDomainGetSchedulerParametersFlags", open,   impact | flag::string_params, serve<calls::scheduler_params>},
    {225, "virDomainPinVcpuFlags",               write,   impact,     serve<calls::pin_vcpu_flags>},
    {230, "virDomainGetVcpuPinInfo",             open,    impact,     serve<calls::vcpu_pins>},
    {254, "virDomainSetNumaParameters",          write,   impact,     serve<calls::set_numa_params>},
    {255, "virDomainGetNumaParameters",          open,    impact | flag::string_params, serve<calls::numa_params>},

    // statistics
    { 20, "virDomainGetVcpus",                   open,    flag::none, serve<calls::get_vcpus>},
    { 64, "virDomainBlockStats",                 open,    flag::none, serve<calls::block_stats>},
    { 65, "virDomainInterfaceStats",             open,    flag::none, serve<calls::interface_stats>},
    {103, "virDomainBlockPeek",                  write,   flag::none, serve<calls::block_peek>},
    {194, "virDomainGetBlockInfo",               open,    flag::none, serve<calls::block_info>},
    {227, "virNodeGetCPUStats",                  open,    flag::none, serve<calls::node_cpu_stats>},
    {228, "virNodeGetMemoryStats",               open,    flag::none, serve<calls::node_memory_stats>},
    {243, "virDomainBlockStatsFlags",            open,    flag::string_params, serve<calls::block_stats_flags>},
    {262, "virDomainGetCPUStats",                open,    flag::string_params, serve<calls::cpu_stats>},
    {263, "virDomainGetDiskErrors",              open,    flag::none, serve<calls::disk_errors>},
    {293, "virNodeGetCPUMap",                    open,    flag::none, serve<calls::cpu_map>},
    {340, "virNodeGetFreePages",                 open,    flag::none, serve<calls::free_pages>},
    {344, "virConnectGetAllDomainStats",         open,    stats_flags, serve<calls::all_domain_stats>},

    // streams
    {201, "virDomainOpenConsole",                write,   console_flags, serve<calls::open_console>},
    {211, "virDomainScreenshot",                 write,   flag::none, serve<calls::screenshot>},
    {296, "virDomainOpenChannel",                write,   flag::console::force, serve<calls::open_channel>},

    // images of guests, and jobs
    { 54, "virDomainRestore",                    write,   flag::none, serve<calls::restore_plain>},
    { 55, "virDomainSave",                       write,   flag::none, serve<calls::save_plain>},
    {163, "virDomainGetJobInfo",                 open,    flag::none, serve<calls::job_info>},
    {164, "virDomainAbortJob",                   write,   flag::none, serve<calls::abort_job>},
    {182, "virDomainManagedSave",                write,   save_flags, serve<calls::managed_save>},
    {183, "virDomainHasManagedSaveImage",        open,    flag::none, serve<calls::has_managed_image>},
    {184, "virDomainManagedSaveRemove",          write,   flag::none, serve<calls::remove_managed_image>},
    {229, "virDomainGetControlInfo",             open,    flag::none, serve<calls::control_info>},
    {232, "virDomainSaveFlags",                  write,   save_flags, serve<calls::save>},
    {233, "virDomainRestoreFlags",               write,   save_flags, serve<calls::restore>},
    {235, "virDomainSaveImageGetXMLDesc",        write,   flag::xml::secure, serve<calls::image_xml>},
    {236, "virDomainSaveImageDefineXML",         write,   image_flags, serve<calls::change_image>},
    {298, "virDomainGetJobStats",                open,    job_flags,  serve<calls::job_stats>},
    {388, "virDomainManagedSaveGetXMLDesc",      write,   flag::xml::secure, serve<calls::managed_image_xml>},
    {389, "virDomainManagedSaveDefineXML",       write,   image_flags, serve<calls::change_managed_image>},
    {440, "virDomainSaveParams",                 write,   save_flags, serve<calls::save_params>},
    {441, "virDomainRestoreParams",              write,   save_flags, serve<calls::restore_params>},
    {442, "virDomainAbortJobFlags",              write,   flag::none, serve<calls::abort_job_flags>},

    // events
    {105, "virConnectDomainEventRegister",       open,    flag::none, serve<calls::register_lifecycle>},
    {106, "virConnectDomainEventDeregister",     open,    flag::none, serve<calls::deregister_lifecycle>},
    {167, "virConnectDomainEventRegisterAny",    open,    flag::none, serve<calls::register_legacy>},
    {168, "virConnectDomainEventDeregisterAny",  open,    flag::none, serve<calls::deregister_legacy>},
    {316, "virConnectDomainEventRegisterAny",    open,    flag::none, serve<calls::register_domain>},
    {317, "virConnectDomainEventDeregisterAny",  open,    flag::none, serve<calls::deregister>},
    {313, "virConnectNetworkEventRegisterAny",   open,    flag::none, watch_events<Served::networks, NamedUuid>},
    {314, "virConnectNetworkEventDeregisterAny", open,    flag::none, serve<calls::deregister>},
    {368, "virConnectStoragePoolEventRegisterAny",   open, flag::none, watch_events<Served::storage, NamedUuid>},
    {369, "virConnectStoragePoolEventDeregisterAny", open, flag::none, serve<calls::deregister>},
    {380, "virConnectSecretEventRegisterAny",    open,    flag::none, watch_events<Served::secrets, Secret>},
    {381, "virConnectSecretEventDeregisterAny",  open,    flag::none, serve<calls::deregister>},
    {374, "virConnectNodeDeviceEventRegisterAny",    open, flag::none, watch_node_devices},
    {375, "virConnectNodeDeviceEventDeregisterAny",  open, flag::none, serve<calls::deregister>},

    // what a domain does not have here
    {187, "virDomainSnapshotNum",                open,    flag::any,  serve<calls::count_nothing_of_domain>},
    {188, "virDomainSnapshotListNames",          open,    flag::any,  serve<calls::list_nothing_of_domain>},
    {190, "virDomainHasCurrentSnapshot",         open,    flag::none, serve<calls::has_nothing_of_domain>},
    {274, "virDomainListAllSnapshots",           open,    flag::any,  serve<calls::list_all_nothing_of_domain>},
    {413, "virDomainListAllCheckpoints",         open,    flag::any,  serve<calls::list_all_nothing_of_domain>},

    // storage pools and volumes: what is asked of libvirt's own daemons, from here on
    { 71, "virConnectNumOfStoragePools",          open,    flag::any,  forward_or<Served::storage, calls::count_nothing>},
    { 72, "virConnectListStoragePools",           open,    flag::any,  forward_or<Served::storage, calls::list_nothing>},
    { 73, "virConnectNumOfDefinedStoragePools",   open,    flag::any,  forward_or<Served::storage, calls::count_nothing>},
    { 74, "virConnectListDefinedStoragePools",    open,    flag::any,  forward_or<Served::storage, calls::list_nothing>},
    { 75, "virConnectFindStoragePoolSources",     write,   flag::any,  forward<Served::storage>},
    { 76, "virStoragePoolCreateXML",              write,   flag::any,  forward<Served::storage>},
    { 77, "virStoragePoolDefineXML",              write,   flag::any,  forward<Served::storage>},
    { 78, "virStoragePoolCreate",                 write,   flag::any,  forward<Served::storage>},
    { 79, "virStoragePoolBuild",                  write,   flag::any,  forward<Served::storage>},
    { 80, "virStoragePoolDestroy",                write,   flag::any,  forward<Served::storage>},
    { 81, "virStoragePoolDelete",                 write,   flag::any,  forward<Served::storage>},
    { 82, "virStoragePoolUndefine",               write,   flag::any,  forward<Served::storage>},
    { 83, "virStoragePoolRefresh",                write,   flag::any,  forward<Served::storage>},
    { 84, "virStoragePoolLookupByName",           open,    flag::any,  forward_or<Served::storage, calls::pool_by_name>},
    { 85, "virStoragePoolLookupByUUID",           open,    flag::any,  forward_or<Served::storage, calls::pool_by_uuid>},
    { 86, "virStoragePoolLookupByVolume",         open,    flag::any,  forward_or<Served::storage, calls::pool_by_volume>},
    { 87, "virStoragePoolGetInfo",                open,    flag::any,  forward<Served::storage>},
    { 88, "virStoragePoolGetXMLDesc",             open,    flag::any,  forward<Served::storage>},
    { 89, "virStoragePoolGetAutostart",           open,    flag::any,  forward<Served::storage>},
    { 90, "virStoragePoolSetAutostart",           write,   flag::any,  forward<Served::storage>},
    { 91, "virStoragePoolNumOfVolumes",           open,    flag::any,  forward<Served::storage>},
    { 92, "virStoragePoolListVolumes",            open,    flag::any,  forward<Served::storage>},
    { 93, "virStorageVolCreateXML",               write,   flag::any,  forward<Served::storage>},
    { 94, "virStorageVolDelete",                  write,   flag::any,  forward<Served::storage>},
    { 95, "virStorageVolLookupByName",            open,    flag::any,  forward_or<Served::storage, calls::volume_by_name>},
    { 96, "virStorageVolLookupByKey",             open,    flag::any,  forward_or<Served::storage, calls::volume_by_key>},
    { 97, "virStorageVolLookupByPath",            open,    flag::any,  forward_or<Served::storage, calls::volume_by_path>},
    { 98, "virStorageVolGetInfo",                 open,    flag::any,  forward<Served::storage>},
    { 99, "virStorageVolGetXMLDesc",              open,    flag::any,  forward<Served::storage>},
    {100, "virStorageVolGetPath",                 open,    flag::any,  forward<Served::storage>},
    {125, "virStorageVolCreateXMLFrom",           write,   flag::any,  forward<Served::storage>},
    {154, "virStoragePoolIsActive",               open,    flag::any,  forward<Served::storage>},
    {155, "virStoragePoolIsPersistent",           open,    flag::any,  forward<Served::storage>},
    {165, "virStorageVolWipe",                    write,   flag::any,  forward<Served::storage>},
    {208, "virStorageVolUpload",                  write,   flag::none, forward_stream<Served::storage, VolumeDataArgs>},
    {209, "virStorageVolDownload",                write,   flag::none, forward_stream<Served::storage, VolumeDataArgs>},
    {259, "virStorageVolWipePattern",             write,   flag::any,  forward<Served::storage>},
    {260, "virStorageVolResize",                  write,   flag::any,  forward<Served::storage>},
    {281, "virConnectListAllStoragePools",        open,    flag::any,  forward_or<Served::storage, calls::list_all_nothing>},
    {282, "virStoragePoolListAllVolumes",         open,    flag::any,  forward<Served::storage>},
    {378, "virStorageVolGetInfoFlags",            open,    flag::any,  forward<Served::storage>},
    {391, "virStoragePoolLookupByTargetPath",     open,    flag::any,  forward_or<Served::storage, calls::pool_by_path>},
    {403, "virConnectGetStoragePoolCapabilities", open,    flag::any,  forward<Served::storage>},

    // networks
    { 36, "virConnectListDefinedNetworks",       open,    flag::any,  forward_or<Served::networks, calls::list_nothing>},
    { 38, "virConnectListNetworks",              open,    flag::any,  forward_or<Served::networks, calls::list_nothing>},
    { 39, "virNetworkCreate",                    write,   flag::any,  forward<Served::networks>},
    { 40, "virNetworkCreateXML",                 write,   flag::any,  forward<Served::networks>},
    { 41, "virNetworkDefineXML",                 write,   flag::any,  forward<Served::networks>},
    { 42, "virNetworkDestroy",                   write,   flag::any,  forward<Served::networks>},
    { 43, "virNetworkGetXMLDesc",                open,    flag::any,  forward<Served::networks>},
    { 44, "virNetworkGetAutostart",              open,    flag::any,  forward<Served::networks>},
    { 45, "virNetworkGetBridgeName",             open,    flag::any,  forward<Served::networks>},
    { 46, "virNetworkLookupByName",              open,    flag::any,  forward_or<Served::networks, calls::network_by_name>},
    { 47, "virNetworkLookupByUUID",              open,    flag::any,  forward_or<Served::networks, calls::network_by_uuid>},
    { 48, "virNetworkSetAutostart",              write,   flag::any,  forward<Served::networks>},
    { 49, "virNetworkUndefine",                  write,   flag::any,  forward<Served::networks>},
    { 50, "virConnectNumOfDefinedNetworks",      open,    flag::any,  forward_or<Served::networks, calls::count_nothing>},
    { 52, "virConnectNumOfNetworks",             open,    flag::any,  forward_or<Served::networks, calls::count_nothing>},
    {152, "virNetworkIsActive",                  open,    flag::any,  forward<Served::networks>},
    {153, "virNetworkIsPersistent",              open,    flag::any,  forward<Served::networks>},
    {283, "virConnectListAllNetworks",           open,    flag::any,  forward_or<Served::networks, calls::list_all_nothing>},
    {291, "virNetworkUpdate",                    write,   flag::any,  forward<Served::networks>},
    {341, "virNetworkGetDHCPLeases",             open,    flag::any,  forward<Served::networks>},
    {404, "virNetworkListAllPorts",              open,    flag::any,  forward<Served::networks>},
    {405, "virNetworkPortLookupByUUID",          open,    flag::any,  forward<Served::networks>},
    {406, "virNetworkPortCreateXML",             write,   flag::any,  forward<Served::networks>},
    {407, "virNetworkPortGetParameters",         open,    flag::any,  forward<Served::networks>},
    {408, "virNetworkPortSetParameters",         write,   flag::any,  forward<Served::networks>},
    {409, "virNetworkPortGetXMLDesc",            open,    flag::any,  forward<Served::networks>},
    {410, "virNetworkPortDelete",                write,   flag::any,  forward<Served::networks>},
    {432, "virNetworkDefineXMLFlags",            write,   flag::any,  forward<Served::networks>},
    {437, "virNetworkCreateXMLFlags",            write,   flag::any,  forward<Served::networks>},
    {444, "virNetworkSetMetadata",               write,   flag::any,  forward<Served::networks>},
    {445, "virNetworkGetMetadata",               open,    flag::any,  forward<Served::networks>},

    // the host's interfaces
    {126, "virConnectNumOfInterfaces",           open,    flag::any,  forward_or<Served::interfaces, calls::count_nothing>},
    {127, "virConnectListInterfaces",            open,    flag::any,  forward_or<Served::interfaces, calls::list_nothing>},
    {128, "virInterfaceLookupByName",            open,    flag::any,  forward_or<Served::interfaces, calls::interface_by_name>},
    {129, "virInterfaceLookupByMACString",       open,    flag::any,  forward_or<Served::interfaces, calls::interface_by_mac>},
    {130, "virInterfaceGetXMLDesc",              open,    flag::any,  forward<Served::interfaces>},
    {131, "virInterfaceDefineXML",               write,   flag::any,  forward<Served::interfaces>},
    {132, "virInterfaceUndefine",                write,   flag::any,  forward<Served::interfaces>},
    {133, "virInterfaceCreate",                  write,   flag::any,  forward<Served::interfaces>},
    {134, "virInterfaceDestroy",                 write,   flag::any,  forward<Served::interfaces>},
    {137, "virConnectNumOfDefinedInterfaces",    open,    flag::any,  forward_or<Served::interfaces, calls::count_nothing>},
    {138, "virConnectListDefinedInterfaces",     open,    flag::any,  forward_or<Served::interfaces, calls::list_nothing>},
    {156, "virInterfaceIsActive",                open,    flag::any,  forward<Served::interfaces>},
    {220, "virInterfaceChangeBegin",             write,   flag::any,  forward<Served::interfaces>},
    {221, "virInterfaceChangeCommit",            write,   flag::any,  forward<Served::interfaces>},
    {222, "virInterfaceChangeRollback",          write,   flag::any,  forward<Served::interfaces>},
    {284, "virConnectListAllInterfaces",         open,    flag::any,  forward_or<Served::interfaces, calls::list_all_nothing>},

    // secrets
    {139, "virConnectNumOfSecrets",              open,    flag::any,  forward_or<Served::secrets, calls::count_nothing>},
    {140, "virConnectListSecrets",               open,    flag::any,  forward_or<Served::secrets, calls::list_nothing>},
    {141, "virSecretLookupByUUID",               open,    flag::any,  forward_or<Served::secrets, calls::secret_by_uuid>},
    {142, "virSecretDefineXML",                  write,   flag::any,  forward<Served::secrets>},
    {143, "virSecretGetXMLDesc",                 open,    flag::any,  forward<Served::secrets>},
    {144, "virSecretSetValue",                   write,   flag::any,  forward<Served::secrets>},
    {145, "virSecretGetValue",                   write,   flag::any,  forward<Served::secrets>},
    {146, "virSecretUndefine",                   write,   flag::any,  forward<Served::secrets>},
    {147, "virSecretLookupByUsage",              open,    flag::any,  forward_or<Served::secrets, calls::secret_by_usage>},
    {287, "virConnectListAllSecrets",            open,    flag::any,  forward_or<Served::secrets, calls::list_all_nothing>},

    // network filters
    {175, "virNWFilterLookupByName",             open,    flag::any,  forward_or<Served::filters, calls::filter_by_name>},
    {176, "virNWFilterLookupByUUID",             open,    flag::any,  forward_or<Served::filters, calls::filter_by_uuid>},
    {177, "virNWFilterGetXMLDesc",               open,    flag::any,  forward<Served::filters>},
    {178, "virConnectNumOfNWFilters",            open,    flag::any,  forward_or<Served::filters, calls::count_nothing>},
    {179, "virConnectListNWFilters",             open,    flag::any,  forward_or<Served::filters, calls::list_nothing>},
    {180, "virNWFilterDefineXML",                write,   flag::any,  forward<Served::filters>},
    {181, "virNWFilterUndefine",                 write,   flag::any,  forward<Served::filters>},
    {286, "virConnectListAllNWFilters",          open,    flag::any,  forward_or<Served::filters, calls::list_all_nothing>},
    {397, "virNWFilterBindingLookupByPortDev",   open,    flag::any,  forward_or<Served::filters, calls::filter_binding_by_port>},
    {398, "virNWFilterBindingGetXMLDesc",        open,    flag::any,  forward<Served::filters>},
    {399, "virNWFilterBindingCreateXML",         write,   flag::any,  forward<Served::filters>},
    {400, "virNWFilterBindingDelete",            write,   flag::any,  forward<Served::filters>},
    {401, "virConnectListAllNWFilterBindings",   open,    flag::any,  forward_or<Served::filters, calls::list_all_nothing>},
    {431, "virNWFilterDefineXMLFlags",           write,   flag::any,  forward<Served::filters>},
};

/// Our own program; docs/protocol.md describes it.
constexpr Procedure own_table[] = {
    {own::list_consoles, "list_consoles",        open,    flag::none, serve<calls::list_consoles>},
    {own::watch_console, "watch_console",        write,   flag::none, serve<calls::watch_console>},
    {own::read_history,  "read_history",         write,   flag::none, serve<calls::read_history>},
    {own::release_consoles, "release_consoles",  write,   flag::none, serve<calls::release_consoles>},
    {own::take_consoles, "take_consoles",        write,   flag::none, serve<calls::take_consoles>},
    {own::daemon_version, "daemon_version",      open,    flag::none, serve<calls::daemon_version>},
};
// clang-format on

}  // namespace

std::span<const Procedure> procedures() {
    return table;
}

const Procedure* find_procedure(std::uint32_t number) {
    const auto* const found = std::ranges::find(table, number, &Procedure::number);
    return found == std::end(table) ? nullptr : found;
}

const Procedure* find_own_procedure(std::uint32_t number) {
    const auto* const found = std::ranges::find(own_table, number, &Procedure::number);
    return found == std::end(own_table) ? nullptr : found;
}

}  // namespace virtlight::libvirt
