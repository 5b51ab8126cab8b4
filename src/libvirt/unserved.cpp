// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <utility>

#include "libvirt/procedure.hpp"

namespace virtlight::libvirt {

namespace {

// clang-format off
constexpr std::pair<std::uint32_t, std::string_view> unserved[] = {
    {39, "virNetworkCreate"}, {40, "virNetworkCreateXML"},
    {41, "virNetworkDefineXML"}, {42, "virNetworkDestroy"}, {43, "virNetworkGetXMLDesc"},
    {44, "virNetworkGetAutostart"}, {45, "virNetworkGetBridgeName"}, {46, "virNetworkLookupByName"},
    {47, "virNetworkLookupByUUID"}, {48, "virNetworkSetAutostart"}, {49, "virNetworkUndefine"},
    {61, "virDomainMigratePrepare"}, {62, "virDomainMigratePerform"},
    {63, "virDomainMigrateFinish"},
    {75, "virConnectFindStoragePoolSources"}, {76, "virStoragePoolCreateXML"},
    {77, "virStoragePoolDefineXML"}, {78, "virStoragePoolCreate"}, {79, "virStoragePoolBuild"},
    {80, "virStoragePoolDestroy"}, {81, "virStoragePoolDelete"}, {82, "virStoragePoolUndefine"},
    {83, "virStoragePoolRefresh"}, {84, "virStoragePoolLookupByName"}, {85, "virStoragePoolLookupByUUID"},
    {86, "virStoragePoolLookupByVolume"}, {87, "virStoragePoolGetInfo"}, {88, "virStoragePoolGetXMLDesc"},
    {89, "virStoragePoolGetAutostart"}, {90, "virStoragePoolSetAutostart"},
    {91, "virStoragePoolNumOfVolumes"}, {92, "virStoragePoolListVolumes"}, {93, "virStorageVolCreateXML"},
    {94, "virStorageVolDelete"}, {95, "virStorageVolLookupByName"}, {96, "virStorageVolLookupByKey"},
    {97, "virStorageVolLookupByPath"}, {98, "virStorageVolGetInfo"}, {99, "virStorageVolGetXMLDesc"},
    {100, "virStorageVolGetPath"}, {103, "virDomainBlockPeek"}, {104, "virDomainMemoryPeek"},
    {108, "virDomainMigratePrepare2"}, {109, "virDomainMigrateFinish2"},
    {121, "virDomainGetSecurityLabel"}, {123, "virNodeDeviceCreateXML"},
    {124, "virNodeDeviceDestroy"}, {125, "virStorageVolCreateXMLFrom"}, {128, "virInterfaceLookupByName"},
    {129, "virInterfaceLookupByMACString"}, {130, "virInterfaceGetXMLDesc"}, {131, "virInterfaceDefineXML"},
    {132, "virInterfaceUndefine"}, {133, "virInterfaceCreate"}, {134, "virInterfaceDestroy"},
    {141, "virSecretLookupByUUID"}, {142, "virSecretDefineXML"}, {143, "virSecretGetXMLDesc"},
    {144, "virSecretSetValue"}, {145, "virSecretGetValue"}, {146, "virSecretUndefine"},
    {147, "virSecretLookupByUsage"}, {148, "virDomainMigratePrepareTunnel"}, {152, "virNetworkIsActive"},
    {153, "virNetworkIsPersistent"}, {154, "virStoragePoolIsActive"}, {155, "virStoragePoolIsPersistent"},
    {156, "virInterfaceIsActive"}, {158, "virConnectCompareCPU"},
    {162, "virConnectBaselineCPU"},
    {165, "virStorageVolWipe"}, {166, "virDomainMigrateSetMaxDowntime"},
    {175, "virNWFilterLookupByName"}, {176, "virNWFilterLookupByUUID"},
    {177, "virNWFilterGetXMLDesc"}, {180, "virNWFilterDefineXML"}, {181, "virNWFilterUndefine"},
    {185, "virDomainSnapshotCreateXML"},
    {186, "virDomainSnapshotGetXMLDesc"}, {189, "virDomainSnapshotLookupByName"},
    {191, "virDomainSnapshotCurrent"}, {192, "virDomainRevertToSnapshot"}, {193, "virDomainSnapshotDelete"},
    {197, "virDomainSetMemoryParameters"},
    {198, "virDomainGetMemoryParameters"},
    {205, "virDomainSetBlkioParameters"},
    {206, "virDomainGetBlkioParameters"}, {207, "virDomainMigrateSetMaxSpeed"}, {208, "virStorageVolUpload"},
    {209, "virStorageVolDownload"},
    {213, "virDomainMigrateBegin3"}, {214, "virDomainMigratePrepare3"},
    {215, "virDomainMigratePrepareTunnel3"}, {216, "virDomainMigratePerform3"},
    {217, "virDomainMigrateFinish3"}, {218, "virDomainMigrateConfirm3"},
    {220, "virInterfaceChangeBegin"},
    {221, "virInterfaceChangeCommit"}, {222, "virInterfaceChangeRollback"},
    {226, "virDomainSendKey"},
    {229, "virDomainGetControlInfo"},
    {237, "virDomainBlockJobAbort"}, {238, "virDomainGetBlockJobInfo"}, {239, "virDomainBlockJobSetSpeed"},
    {240, "virDomainBlockPull"}, {242, "virDomainMigrateGetMaxSpeed"},
    {244, "virDomainSnapshotGetParent"}, {246, "virDomainSnapshotNumChildren"},
    {247, "virDomainSnapshotListChildrenNames"}, {249, "virDomainOpenGraphics"},
    {250, "virNodeSuspendForDuration"}, {252, "virDomainSetBlockIoTune"},
    {253, "virDomainGetBlockIoTune"}, {254, "virDomainSetNumaParameters"},
    {255, "virDomainGetNumaParameters"},
    {259, "virStorageVolWipePattern"}, {260, "virStorageVolResize"},
    {263, "virDomainGetDiskErrors"},
    {264, "virDomainSetMetadata"}, {266, "virDomainBlockRebase"},
    {271, "virDomainSnapshotIsCurrent"}, {272, "virDomainSnapshotHasMetadata"},
    {275, "virDomainSnapshotListAllChildren"}, {277, "virDomainGetHostname"},
    {278, "virDomainGetSecurityLabelList"}, {279, "virDomainPinEmulator"},
    {280, "virDomainGetEmulatorPinInfo"}, {282, "virStoragePoolListAllVolumes"},
    {288, "virNodeSetMemoryParameters"}, {289, "virNodeGetMemoryParameters"}, {290, "virDomainBlockCommit"},
    {291, "virNetworkUpdate"}, {294, "virDomainFSTrim"},
    {295, "virDomainSendProcessSignal"},
    {297, "virNodeDeviceLookupSCSIHostByWWN"}, {299, "virDomainMigrateGetCompressionCache"},
    {300, "virDomainMigrateSetCompressionCache"},
    {302, "virDomainMigrateBegin3Params"}, {303, "virDomainMigratePrepare3Params"},
    {304, "virDomainMigratePrepareTunnel3Params"}, {305, "virDomainMigratePerform3Params"},
    {306, "virDomainMigrateFinish3Params"}, {307, "virDomainMigrateConfirm3Params"},
    {308, "virDomainSetMemoryStatsPeriod"}, {309, "virDomainCreateXMLWithFiles"},
    {310, "virDomainCreateWithFiles"}, {312, "virConnectGetCPUModelNames"},
    {335, "virDomainFSFreeze"}, {336, "virDomainFSThaw"},
    {337, "virDomainGetTime"}, {338, "virDomainSetTime"},
    {341, "virNetworkGetDHCPLeases"}, {343, "virDomainOpenGraphicsFD"},
    {345, "virDomainBlockCopy"}, {347, "virNodeAllocPages"}, {349, "virDomainGetFSInfo"},
    {351, "virDomainGetIOThreadInfo"}, {352, "virDomainPinIOThread"},
    {355, "virDomainAddIOThread"}, {356, "virDomainDelIOThread"}, {357, "virDomainSetUserPassword"},
    {364, "virDomainMigrateStartPostCopy"}, {365, "virDomainGetPerfEvents"},
    {366, "virDomainSetPerfEvents"}, {371, "virDomainGetGuestVcpus"}, {372, "virDomainSetGuestVcpus"},
    {378, "virStorageVolGetInfoFlags"}, {384, "virDomainSetVcpu"}, {386, "virDomainSetBlockThreshold"},
    {387, "virDomainMigrateGetMaxDowntime"},
    {390, "virDomainSetLifecycleAction"},
    {391, "virStoragePoolLookupByTargetPath"},
    {393, "virConnectCompareHypervisorCPU"}, {394, "virConnectBaselineHypervisorCPU"},
    {395, "virNodeGetSEVInfo"}, {396, "virDomainGetLaunchSecurityInfo"},
    {397, "virNWFilterBindingLookupByPortDev"}, {398, "virNWFilterBindingGetXMLDesc"},
    {399, "virNWFilterBindingCreateXML"}, {400, "virNWFilterBindingDelete"},
    {402, "virDomainSetIOThreadParams"}, {403, "virConnectGetStoragePoolCapabilities"},
    {404, "virNetworkListAllPorts"}, {405, "virNetworkPortLookupByUUID"}, {406, "virNetworkPortCreateXML"},
    {407, "virNetworkPortGetParameters"}, {408, "virNetworkPortSetParameters"},
    {409, "virNetworkPortGetXMLDesc"}, {410, "virNetworkPortDelete"}, {411, "virDomainCheckpointCreateXML"},
    {412, "virDomainCheckpointGetXMLDesc"}, {414, "virDomainCheckpointListAllChildren"},
    {415, "virDomainCheckpointLookupByName"}, {416, "virDomainCheckpointGetParent"},
    {417, "virDomainCheckpointDelete"}, {418, "virDomainGetGuestInfo"},
    {420, "virDomainAgentSetResponseTimeout"}, {421, "virDomainBackupBegin"},
    {422, "virDomainBackupGetXMLDesc"}, {424, "virDomainAuthorizedSSHKeysGet"},
    {425, "virDomainAuthorizedSSHKeysSet"}, {427, "virDomainStartDirtyRateCalc"},
    {428, "virNodeDeviceDefineXML"}, {429, "virNodeDeviceUndefine"}, {430, "virNodeDeviceCreate"},
    {431, "virNWFilterDefineXMLFlags"}, {432, "virNetworkDefineXMLFlags"}, {433, "virNodeDeviceGetAutostart"},
    {434, "virNodeDeviceSetAutostart"}, {435, "virNodeDeviceIsPersistent"}, {436, "virNodeDeviceIsActive"},
    {437, "virNetworkCreateXMLFlags"}, {439, "virDomainSetLaunchSecurityState"},
    {443, "virDomainFDAssociate"},
};
// clang-format on

}  // namespace

std::string_view unserved_function(std::uint32_t number) {
    const auto* const found =
        std::ranges::find(unserved, number, &std::pair<std::uint32_t, std::string_view>::first);
    return found == std::end(unserved) ? std::string_view() : found->second;
}

}  // namespace virtlight::libvirt
