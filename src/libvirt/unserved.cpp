// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <span>

#include "libvirt/procedure.hpp"

namespace virtlight::libvirt {

namespace {

// clang-format off
struct Unserved {
    std::uint32_t number;
    std::string_view function;
};

constexpr Unserved unserved_migration[] = {
    { 61, "virDomainMigratePrepare"},
    { 62, "virDomainMigratePerform"},
    { 63, "virDomainMigrateFinish"},
    {108, "virDomainMigratePrepare2"},
    {109, "virDomainMigrateFinish2"},
    {148, "virDomainMigratePrepareTunnel"},
    {166, "virDomainMigrateSetMaxDowntime"},
    {207, "virDomainMigrateSetMaxSpeed"},
    {213, "virDomainMigrateBegin3"},
    {214, "virDomainMigratePrepare3"},
    {215, "virDomainMigratePrepareTunnel3"},
    {216, "virDomainMigratePerform3"},
    {217, "virDomainMigrateFinish3"},
    {218, "virDomainMigrateConfirm3"},
    {242, "virDomainMigrateGetMaxSpeed"},
    {299, "virDomainMigrateGetCompressionCache"},
    {300, "virDomainMigrateSetCompressionCache"},
    {302, "virDomainMigrateBegin3Params"},
    {303, "virDomainMigratePrepare3Params"},
    {304, "virDomainMigratePrepareTunnel3Params"},
    {305, "virDomainMigratePerform3Params"},
    {306, "virDomainMigrateFinish3Params"},
    {307, "virDomainMigrateConfirm3Params"},
    {364, "virDomainMigrateStartPostCopy"},
    {387, "virDomainMigrateGetMaxDowntime"},
};

constexpr Unserved unserved_snapshots[] = {
    {185, "virDomainSnapshotCreateXML"},
    {186, "virDomainSnapshotGetXMLDesc"},
    {189, "virDomainSnapshotLookupByName"},
    {191, "virDomainSnapshotCurrent"},
    {192, "virDomainRevertToSnapshot"},
    {193, "virDomainSnapshotDelete"},
    {244, "virDomainSnapshotGetParent"},
    {246, "virDomainSnapshotNumChildren"},
    {247, "virDomainSnapshotListChildrenNames"},
    {271, "virDomainSnapshotIsCurrent"},
    {272, "virDomainSnapshotHasMetadata"},
    {275, "virDomainSnapshotListAllChildren"},
    {411, "virDomainCheckpointCreateXML"},
    {412, "virDomainCheckpointGetXMLDesc"},
    {414, "virDomainCheckpointListAllChildren"},
    {415, "virDomainCheckpointLookupByName"},
    {416, "virDomainCheckpointGetParent"},
    {417, "virDomainCheckpointDelete"},
    {421, "virDomainBackupBegin"},
    {422, "virDomainBackupGetXMLDesc"},
};

constexpr Unserved unserved_agent[] = {
    {277, "virDomainGetHostname"},
    {294, "virDomainFSTrim"},
    {335, "virDomainFSFreeze"},
    {336, "virDomainFSThaw"},
    {337, "virDomainGetTime"},
    {338, "virDomainSetTime"},
    {349, "virDomainGetFSInfo"},
    {357, "virDomainSetUserPassword"},
    {371, "virDomainGetGuestVcpus"},
    {372, "virDomainSetGuestVcpus"},
    {418, "virDomainGetGuestInfo"},
    {420, "virDomainAgentSetResponseTimeout"},
    {424, "virDomainAuthorizedSSHKeysGet"},
    {425, "virDomainAuthorizedSSHKeysSet"},
};

constexpr Unserved unserved_disk_jobs[] = {
    {237, "virDomainBlockJobAbort"},
    {238, "virDomainGetBlockJobInfo"},
    {239, "virDomainBlockJobSetSpeed"},
    {240, "virDomainBlockPull"},
    {266, "virDomainBlockRebase"},
    {290, "virDomainBlockCommit"},
    {345, "virDomainBlockCopy"},
    {386, "virDomainSetBlockThreshold"},
};

constexpr Unserved unserved_throttling[] = {
    {252, "virDomainSetBlockIoTune"},
    {253, "virDomainGetBlockIoTune"},
    {451, "virDomainSetThrottleGroup"},
    {452, "virDomainDelThrottleGroup"},
};

constexpr Unserved unserved_control_groups[] = {
    {197, "virDomainSetMemoryParameters"},
    {198, "virDomainGetMemoryParameters"},
    {205, "virDomainSetBlkioParameters"},
    {206, "virDomainGetBlkioParameters"},
};

constexpr Unserved unserved_threads[] = {
    {279, "virDomainPinEmulator"},
    {280, "virDomainGetEmulatorPinInfo"},
    {351, "virDomainGetIOThreadInfo"},
    {352, "virDomainPinIOThread"},
    {355, "virDomainAddIOThread"},
    {356, "virDomainDelIOThread"},
    {402, "virDomainSetIOThreadParams"},
};

constexpr Unserved unserved_guest[] = {
    {104, "virDomainMemoryPeek"},
    {121, "virDomainGetSecurityLabel"},
    {249, "virDomainOpenGraphics"},
    {278, "virDomainGetSecurityLabelList"},
    {295, "virDomainSendProcessSignal"},
    {308, "virDomainSetMemoryStatsPeriod"},
    {309, "virDomainCreateXMLWithFiles"},
    {310, "virDomainCreateWithFiles"},
    {343, "virDomainOpenGraphicsFD"},
    {365, "virDomainGetPerfEvents"},
    {366, "virDomainSetPerfEvents"},
    {396, "virDomainGetLaunchSecurityInfo"},
    {427, "virDomainStartDirtyRateCalc"},
    {439, "virDomainSetLaunchSecurityState"},
    {443, "virDomainFDAssociate"},
    {448, "virDomainGraphicsReload"},
};

constexpr Unserved unserved_host[] = {
    {250, "virNodeSuspendForDuration"},
    {288, "virNodeSetMemoryParameters"},
    {289, "virNodeGetMemoryParameters"},
    {347, "virNodeAllocPages"},
    {395, "virNodeGetSEVInfo"},
};

constexpr Unserved unserved_host_devices[] = {
    {123, "virNodeDeviceCreateXML"},
    {124, "virNodeDeviceDestroy"},
    {297, "virNodeDeviceLookupSCSIHostByWWN"},
    {428, "virNodeDeviceDefineXML"},
    {429, "virNodeDeviceUndefine"},
    {430, "virNodeDeviceCreate"},
    {434, "virNodeDeviceSetAutostart"},
    {447, "virNodeDeviceUpdate"},
};

// clang-format on

constexpr std::string_view no_agent = "no agent in the guest is asked";

struct UnservedKind {
    std::span<const Unserved> functions;
    std::string_view why;  ///< empty: the function says it
};

constexpr UnservedKind unserved_kinds[] = {
    {unserved_migration, "guests are not migrated between hosts"},
    {unserved_snapshots, "use those of the guest's storage"},
    {unserved_agent, no_agent},
    {unserved_disk_jobs, "what is in a disk is left to its storage"},
    {unserved_throttling, "disks are not throttled here"},
    {unserved_control_groups, "a guest of Xen's is in no control group of dom0's"},
    {unserved_threads, "a guest runs on vCPUs alone, and its device model is not pinned"},
    {unserved_guest, {}},
    {unserved_host, {}},
    {unserved_host_devices, "devices of the host are found, and not made"},
};

constexpr std::string_view no_init = "a guest is asked by Xen or by its power button, and not in this way";
constexpr std::string_view outlives = "a guest does not end with the connection that has started it";
constexpr std::string_view no_holes = "holes go through as zeros here";
constexpr std::string_view no_nvram = "guests have no NVRAM that is kept";

struct UntakenFlag {
    std::string_view function;
    std::uint32_t flag;
    std::string_view why;
};

constexpr UntakenFlag untaken[] = {
    {"virDomainAbortJobFlags", 1 << 0, "guests are not migrated"},
    {"virDomainCreateWithFlags", 1 << 1, outlives},
    {"virDomainCreateWithFlags", 1 << 5, no_nvram},
    {"virDomainCreateXML", 1 << 1, outlives},
    {"virDomainCreateXML", 1 << 5, no_nvram},
    {"virDomainDestroyFlags", 1 << 1, "what a guest has written stays"},
    {"virDomainGetVcpusFlags", 1 << 3, no_agent},
    {"virDomainReboot", 1 << 1, no_agent},
    {"virDomainReboot", 1 << 2 | 1 << 3, no_init},
    {"virDomainRestoreFlags", 1 << 3, no_nvram},
    {"virDomainRestoreParams", 1 << 3, no_nvram},
    {"virDomainSetVcpusFlags", 1 << 3, no_agent},
    {"virDomainShutdownFlags", 1 << 1, no_agent},
    {"virDomainShutdownFlags", 1 << 2 | 1 << 3, no_init},
    {"virNodeDeviceGetXMLDesc", 1 << 0, "a device that is found has no other definition"},
    {"virStorageVolDownload", 1 << 0, no_holes},
    {"virStorageVolUpload", 1 << 0, no_holes},
};

}  // namespace

std::optional<UnservedFunction> unserved_function(std::uint32_t number) {
    for (const auto& [functions, why] : unserved_kinds) {
        const auto found = std::ranges::find(functions, number, &Unserved::number);
        if (found != functions.end()) return UnservedFunction{found->function, why};
    }
    return std::nullopt;
}

std::string_view why_not_taken(std::string_view function, std::uint32_t flags) {
    const auto* const found = std::ranges::find_if(
        untaken, [&](const UntakenFlag& one) { return one.function == function && (one.flag & flags) != 0; });
    return found == std::end(untaken) ? std::string_view() : found->why;
}

}  // namespace virtlight::libvirt
