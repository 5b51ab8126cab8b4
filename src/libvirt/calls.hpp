// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "async/task.hpp"
#include "base/result.hpp"
#include "libvirt/absent_messages.hpp"
#include "libvirt/caller.hpp"
#include "libvirt/control_messages.hpp"
#include "libvirt/cpu_messages.hpp"
#include "libvirt/event_messages.hpp"
#include "libvirt/image_messages.hpp"
#include "libvirt/interface_messages.hpp"
#include "libvirt/job_messages.hpp"
#include "libvirt/messages.hpp"
#include "libvirt/node_device_messages.hpp"
#include "libvirt/own_messages.hpp"
#include "libvirt/scheduling_messages.hpp"
#include "libvirt/statistics_messages.hpp"

/// What this daemon serves, one function a procedure (or several of one shape). procedures.cpp says which
/// number each has; serve.hpp, what their signatures mean.
namespace virtlight::libvirt::calls {

using manager::Manager;

// connection.cpp: the connection itself
Result<std::vector<std::int32_t>> auth_list(Caller&, const None&);
Result<> open(Caller&, const OpenArgs&);
Result<> close(Caller&, const None&);
Result<std::string> type(Caller&, const None&);
Result<std::uint64_t> version(Manager&, const None&);
Result<std::uint64_t> lib_version(Caller&, const None&);
Result<std::string> hostname(Caller&, const None&);
Result<std::string> uri(Caller&, const None&);
Result<bool> supports_feature(Caller&, std::int32_t feature);
Result<bool> is_secure(Caller&, const None&);
Result<> set_identity(Caller&, const IdentityArgs&);
Result<> close_callback(Caller&, const None&);

// host.cpp: the host
Result<std::string> capabilities(Manager&, const None&);
Result<std::string> domain_capabilities(Manager&, const DomainCapabilitiesArgs&);
Result<std::int32_t> max_vcpus_of_host(Manager&, const std::optional<std::string>& type);
Result<NodeInfo> node_info(Manager&, const None&);
Result<std::uint64_t> free_memory(Manager&, const None&);
Result<SecurityModel> security_model(Manager&, const None&);
Result<std::string> sysinfo(Manager&, const Flags&);

// cpus.cpp: what the host's processors can
Result<std::int32_t> compare_cpu(Manager&, const TextFlags&);
Result<std::string> baseline_cpu(Manager&, const CpusArgs&);
Result<std::int32_t> compare_hypervisor_cpu(Manager&, const HypervisorCpuArgs&);
Result<std::string> baseline_hypervisor_cpu(Manager&, const HypervisorCpusArgs&);
Result<> cpu_models(Manager&, const CpuModelsArgs&);

// listing.cpp: which domains there are
Result<std::int32_t> count_active(Manager&, const None&);
Result<std::vector<std::int32_t>> list_active(Manager&, std::int32_t max);
Result<std::int32_t> count_defined(Manager&, const None&);
Result<std::vector<std::string>> list_defined(Manager&, std::int32_t max);
Result<DomainList> list_all(Manager&, const ListAllArgs&);
Result<Domain> lookup_by_id(Manager&, std::int32_t id);
Result<Domain> lookup_by_uuid(Manager&, const Uuid&);
Result<Domain> lookup_by_name(Manager&, const std::string&);

// interfaces.cpp: network interfaces
async::Task<Result<std::vector<Interface>>> interface_addresses(Manager&, InterfaceAddressesArgs);
Result<ParamsReply> interface_params(Manager&, const InterfaceParamsArgs&);
async::Task<Result<>> set_interface_params(Manager&, SetInterfaceParamsArgs);

// description.cpp: what a domain is and does
Result<std::string> os_type(Manager&, const Domain&);
Result<DomainInfoReply> info(Manager&, const Domain&);
Result<StateReply> state(Manager&, const DomainFlags&);
Result<std::string> xml(Caller&, const DomainFlags&);
Result<bool> is_active(Manager&, const Domain&);
Result<bool> is_persistent(Manager&, const Domain&);
Result<bool> is_updated(Manager&, const Domain&);
Result<bool> autostart(Manager&, const Domain&);
Result<bool> autostart_once(Manager&, const Domain&);
Result<std::uint64_t> max_memory(Manager&, const Domain&);
Result<std::int32_t> max_vcpus(Manager&, const Domain&);
Result<std::int32_t> vcpus(Manager&, const DomainFlags&);
Result<std::string> metadata(Manager&, const MetadataArgs&);
async::Task<Result<>> set_metadata(Manager&, SetMetadataArgs);
Result<std::vector<std::string>> messages(Manager&, const DomainFlags&);

// lifecycle.cpp: what is done to a domain
async::Task<Result<Domain>> define(Manager&, TextFlags);
async::Task<Result<Domain>> define_plain(Manager&, std::string xml);
async::Task<Result<>> undefine(Manager&, DomainFlags);
async::Task<Result<>> undefine_plain(Manager&, Domain);
async::Task<Result<Domain>> create(Manager&, TextFlags);
async::Task<Result<Domain>> start(Manager&, DomainFlags);
async::Task<Result<>> start_plain(Manager&, Domain);
async::Task<Result<>> suspend(Manager&, Domain);
async::Task<Result<>> resume(Manager&, Domain);
async::Task<Result<>> shutdown(Manager&, DomainFlags);
async::Task<Result<>> shutdown_plain(Manager&, Domain);
async::Task<Result<>> reboot(Manager&, DomainFlags);
async::Task<Result<>> destroy(Manager&, DomainFlags);
async::Task<Result<>> destroy_plain(Manager&, Domain);
async::Task<Result<>> set_autostart(Manager&, DomainNumber);
async::Task<Result<>> set_autostart_once(Manager&, DomainNumber);
async::Task<Result<>> set_lifecycle_action(Manager&, LifecycleActionArgs);

// controls.cpp: what is done to a guest that runs
async::Task<Result<>> reset(Manager&, DomainFlags);
async::Task<Result<>> inject_nmi(Manager&, DomainFlags);
async::Task<Result<>> send_key(Manager&, SendKeyArgs);
async::Task<Result<>> core_dump(Manager&, CoreDumpArgs);
async::Task<Result<>> core_dump_format(Manager&, CoreDumpFormatArgs);
async::Task<Result<>> pm_suspend(Manager&, PmSuspendArgs);
async::Task<Result<>> pm_wakeup(Manager&, DomainFlags);

// tuning.cpp: how much it has, and its name
async::Task<Result<>> set_memory(Manager&, MemoryFlagsArgs);
async::Task<Result<>> set_memory_plain(Manager&, MemoryArgs);
async::Task<Result<>> set_max_memory(Manager&, MemoryArgs);
async::Task<Result<>> set_vcpus(Manager&, VcpusFlagsArgs);
async::Task<Result<>> set_vcpus_plain(Manager&, VcpusArgs);
async::Task<Result<>> set_vcpu(Manager&, SetVcpuArgs);
Result<std::vector<MemoryStat>> memory_stats(Manager&, const MemoryStatsArgs&);
async::Task<Result<std::int32_t>> rename(Manager&, RenameArgs);

// devices.cpp: what devices it has
async::Task<Result<>> attach_device(Manager&, DeviceArgs);
async::Task<Result<>> attach_device_plain(Manager&, DomainText);
async::Task<Result<>> detach_device(Manager&, DeviceArgs);
async::Task<Result<>> detach_device_plain(Manager&, DomainText);
async::Task<Result<>> detach_device_alias(Manager&, DeviceArgs);
async::Task<Result<>> update_device(Manager&, DeviceArgs);
async::Task<Result<>> block_resize(Manager&, BlockResizeArgs);

// node_devices.cpp: the host's devices
async::Task<Result<std::int32_t>> count_node_devices(Manager&, DeviceNumArgs);
async::Task<Result<std::vector<std::string>>> list_node_devices(Manager&, DeviceNamesArgs);
async::Task<Result<NodeDeviceList>> list_all_node_devices(Manager&, ListAllArgs);
async::Task<Result<std::string>> find_node_device(Manager&, std::string name);
async::Task<Result<std::string>> node_device_xml(Manager&, TextFlags);
async::Task<Result<std::optional<std::string>>> node_device_parent(Manager&, std::string name);
async::Task<Result<std::int32_t>> count_node_device_caps(Manager&, std::string name);
async::Task<Result<std::vector<std::string>>> list_node_device_caps(Manager&, NodeDeviceCapsArgs);
async::Task<Result<bool>> is_node_device_active(Manager&, std::string name);
async::Task<Result<bool>> is_node_device_of_each_boot(Manager&, std::string name);
async::Task<Result<>> detach_node_device(Manager&, std::string name);
async::Task<Result<>> detach_node_device_flags(Manager&, NodeDeviceDetachArgs);
async::Task<Result<>> reattach_node_device(Manager&, std::string name);
async::Task<Result<>> reset_node_device(Manager&, std::string name);

// scheduling.cpp: where a domain's vCPUs run, and how much they get
async::Task<Result<>> pin_vcpu(Manager&, PinVcpuArgs);
async::Task<Result<>> pin_vcpu_flags(Manager&, PinVcpuFlagsArgs);
async::Task<Result<VcpuPinsReply>> vcpu_pins(Manager&, VcpuPinsArgs);
async::Task<Result<SchedulerReply>> scheduler_type(Manager&, Domain);
async::Task<Result<std::vector<TypedParam>>> scheduler_params(Manager&, ParamsArgs);
async::Task<Result<std::vector<TypedParam>>> scheduler_params_plain(Manager&, DomainNumber max);
async::Task<Result<>> set_scheduler_params(Manager&, SetParamsArgs);
async::Task<Result<>> set_scheduler_params_plain(Manager&, SetSchedulerPlainArgs);

// numa.cpp: where a domain's memory is
async::Task<Result<ParamsReply>> numa_params(Manager&, ParamsArgs);
Result<> set_numa_params(Manager&, const SetParamsArgs&);

// native.cpp: definitions in the format of Xen's own tool
Result<std::string> xml_from_native(Manager&, const NativeArgs&);
Result<std::string> xml_to_native(Manager&, const NativeArgs&);

// statistics.cpp: what is counted of domains
async::Task<Result<Encoded>> all_domain_stats(Manager&, AllDomainStatsArgs);
async::Task<Result<ParamsReply>> cpu_stats(Manager&, CpuStatsArgs);
async::Task<Result<VcpusReply>> get_vcpus(Manager&, GetVcpusArgs);
async::Task<Result<InterfaceStats>> interface_stats(Manager&, DomainText device);
async::Task<Result<BlockStats>> block_stats(Manager&, DomainText target);
async::Task<Result<ParamsReply>> block_stats_flags(Manager&, BlockStatsArgs);
async::Task<Result<BlockInfo>> block_info(Manager&, BlockInfoArgs);
async::Task<Result<std::string>> block_peek(Manager&, BlockPeekArgs);
Result<DiskErrorsReply> disk_errors(Manager&, const DiskErrorsArgs&);

// host_statistics.cpp: and of the host
Result<CpuMapReply> cpu_map(Manager&, const CpuMapArgs&);
async::Task<Result<NodeStatsReply>> node_cpu_stats(Manager&, NodeStatsArgs);
async::Task<Result<NodeStatsReply>> node_memory_stats(Manager&, NodeMemoryStatsArgs);
async::Task<Result<std::vector<std::uint64_t>>> cells_free_memory(Manager&, CellsArgs);
async::Task<Result<std::vector<std::uint64_t>>> free_pages(Manager&, FreePagesArgs);

// consoles.cpp: streams to a guest's consoles
Result<> open_console(Caller&, const OpenDeviceArgs&);
Result<> open_channel(Caller&, const OpenDeviceArgs&);

// own_calls.cpp: our own program, about the consoles of all domains
Result<std::vector<ConsoleInfo>> list_consoles(Caller&, const None&);
Result<> watch_console(Caller&, const WatchConsoleArgs&);
Result<> read_history(Caller&, const ReadHistoryArgs&);
Result<> release_consoles(Caller&, const DomainConsolesArgs&);
async::Task<Result<>> take_consoles(console::Consoles&, DomainConsolesArgs);
Result<std::string> daemon_version(Caller&, const None&);

// screen.cpp: what a guest shows
async::Task<Result<Streamed<std::optional<std::string>>>> screenshot(Manager&, ScreenshotArgs);

// saving.cpp: images of guests
async::Task<Result<>> save(Manager&, SaveArgs);
async::Task<Result<>> save_plain(Manager&, DomainText);
async::Task<Result<>> restore(Manager&, RestoreArgs);
async::Task<Result<>> restore_plain(Manager&, std::string from);
async::Task<Result<>> save_params(Manager&, SaveParamsArgs);
async::Task<Result<>> restore_params(Manager&, RestoreParamsArgs);
async::Task<Result<std::string>> image_xml(Manager&, TextFlags);
async::Task<Result<>> managed_save(Manager&, DomainFlags);
Result<bool> has_managed_image(Manager&, const DomainFlags&);
async::Task<Result<>> remove_managed_image(Manager&, DomainFlags);
async::Task<Result<std::string>> managed_image_xml(Manager&, DomainFlags);
async::Task<Result<>> change_image(Manager&, ChangeImageArgs);
async::Task<Result<>> change_managed_image(Manager&, ChangeManagedImageArgs);

// jobs.cpp: what is being done to a domain
Result<> abort_job(Manager&, const Domain&);
Result<> abort_job_flags(Manager&, const DomainFlags&);
Result<JobInfo> job_info(Manager&, const Domain&);
Result<JobStats> job_stats(Manager&, const DomainFlags&);
Result<ControlInfo> control_info(Manager&, const DomainFlags&);

// events.cpp: what a client wants to be told
Result<bool> register_lifecycle(Caller&, const None&);
Result<bool> deregister_lifecycle(Caller&, const None&);
Result<> register_legacy(Caller&, std::int32_t event);
Result<> deregister_legacy(Caller&, std::int32_t event);
Result<std::int32_t> register_domain(Caller&, const RegisterArgs<Domain>&);
Result<> deregister(Caller&, std::int32_t callback_id);

// absent.cpp: kinds of objects that only libvirt's daemons have: without them, lists are empty and none is
// found
Result<std::int32_t> count_nothing(Manager&, const None&);
Result<std::vector<std::string>> list_nothing(Manager&, std::int32_t max);
Result<EmptyList> list_all_nothing(Manager&, const ListAllArgs&);
Result<std::int32_t> count_nothing_of_domain(Manager&, const DomainFlags&);
Result<bool> has_nothing_of_domain(Manager&, const DomainFlags&);
Result<std::vector<std::string>> list_nothing_of_domain(Manager&, const DomainNamesArgs&);
Result<EmptyList> list_all_nothing_of_domain(Manager&, const DomainListAllArgs&);
Result<> network_by_name(Manager&, const std::string&);
Result<> network_by_uuid(Manager&, const Uuid&);
Result<> pool_by_name(Manager&, const std::string&);
Result<> pool_by_uuid(Manager&, const Uuid&);
Result<> pool_by_volume(Manager&, const Volume&);
Result<> volume_by_name(Manager&, const VolumeOfPoolArgs&);
Result<> volume_by_key(Manager&, const std::string&);
Result<> volume_by_path(Manager&, const std::string&);
Result<> interface_by_name(Manager&, const std::string&);
Result<> interface_by_mac(Manager&, const std::string&);
Result<> secret_by_uuid(Manager&, const Uuid&);
Result<> secret_by_usage(Manager&, const SecretUsage&);
Result<> filter_by_name(Manager&, const std::string&);
Result<> filter_by_uuid(Manager&, const Uuid&);
Result<> pool_by_path(Manager&, const std::string&);
Result<> filter_binding_by_port(Manager&, const std::string&);

/// What `function` makes of a success, or the same failure. (libstdc++ 12 has no std::expected::transform.)
template <class T, class Function>
auto transform(const Result<T>& result, Function function)
    -> Result<std::remove_cvref_t<std::invoke_result_t<Function, const T&>>> {
    if (!result) return std::unexpected(result.error());
    return std::invoke(function, *result);
}

/// Leaves the first of the values, as many as a client has room for.
template <class T>
void keep_first(std::vector<T>& values, std::int64_t room) {
    values.resize(std::min(values.size(), static_cast<std::size_t>(std::max<std::int64_t>(room, 0))));
}

/// Whether a client can have room for maps of processors like this. invalid_argument.
Result<> check_room_for_maps(std::int32_t vcpus, std::int32_t map_bytes);

/// Whether this connection may open one more stream to a console; too_many.
Result<> room_for_stream(Caller&);
/// What others are told of who writes to a console.
std::string viewer_name(const Caller&);

/// What a call with such flags is for.
manager::Affects affects(std::uint32_t flags);
/// What the older calls are about, which have no flags: the guest that runs.
inline constexpr manager::Affects guest_only{.guest = true};

/// A domain that runs. invalid_state: it does not.
Result<manager::DomainInfo> find_running(const Manager&, const Uuid&);

/// Which definition flag::live and flag::config mean. invalid_state: the domain does not have it.
Result<manager::Which> which_definition(const manager::DomainInfo& info, std::uint32_t flags);

/// A domain, and which of its definitions is meant.
struct Chosen {
    manager::DomainInfo info;
    manager::Which which;
};
/// Errors as which_definition().
Result<Chosen> choose_definition(const Manager&, const Uuid&, std::uint32_t flags);

/// A domain as the wire names it.
Domain wire_domain(const manager::DomainInfo& info);

}  // namespace virtlight::libvirt::calls
