# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a connection that may only read is refused: by the daemon, for a client that does not refuse it by itself."""

import libvirt
import pytest
from clients import Wire

pytestmark = pytest.mark.simulated

LAST = 453
ENDS_THE_CONNECTION = {Wire.CLOSE}

# What libvirt's API refuses on such a connection, as far as the daemon serves it.
REFUSED = set("""
virConnectBaselineHypervisorCPU virConnectCompareHypervisorCPU
virConnectDomainXMLFromNative virConnectDomainXMLToNative virConnectGetDomainCapabilities
virDomainAbortJob virDomainAbortJobFlags
virDomainAttachDevice virDomainAttachDeviceFlags virDomainDetachDevice virDomainDetachDeviceAlias
virDomainDetachDeviceFlags virDomainUpdateDeviceFlags virDomainBlockPeek virDomainBlockResize
virDomainSetInterfaceParameters
virDomainCoreDump virDomainCoreDumpWithFormat virDomainScreenshot
virDomainCreate virDomainCreateWithFlags virDomainCreateXML virDomainDefineXML virDomainDefineXMLFlags
virDomainDestroy virDomainDestroyFlags virDomainUndefine virDomainUndefineFlags virDomainRename
virDomainSetAutostart virDomainSetAutostartOnce virDomainSetLifecycleAction virDomainSetMetadata
virDomainInjectNMI virDomainPMSuspendForDuration virDomainPMWakeup virDomainReboot virDomainReset virDomainResume
virDomainSendKey virDomainSetNumaParameters
virDomainShutdown virDomainShutdownFlags virDomainSuspend
virDomainManagedSave virDomainManagedSaveDefineXML virDomainManagedSaveGetXMLDesc virDomainManagedSaveRemove
virDomainRestore virDomainRestoreFlags virDomainRestoreParams virDomainSave virDomainSaveFlags virDomainSaveParams
virDomainSaveImageDefineXML virDomainSaveImageGetXMLDesc
virDomainOpenChannel virDomainOpenConsole
virDomainPinVcpu virDomainPinVcpuFlags virDomainSetSchedulerParameters virDomainSetSchedulerParametersFlags
virDomainSetMaxMemory virDomainSetMemory virDomainSetMemoryFlags virDomainSetVcpu virDomainSetVcpus
virDomainSetVcpusFlags
virNodeDeviceDetachFlags virNodeDeviceDettach virNodeDeviceReAttach virNodeDeviceReset
virConnectFindStoragePoolSources virStoragePoolBuild virStoragePoolCreate virStoragePoolCreateXML
virStoragePoolDefineXML virStoragePoolDelete virStoragePoolDestroy virStoragePoolRefresh
virStoragePoolSetAutostart virStoragePoolUndefine
virStorageVolCreateXML virStorageVolCreateXMLFrom virStorageVolDelete virStorageVolResize virStorageVolWipe
virStorageVolWipePattern virStorageVolDownload virStorageVolUpload
virNetworkCreate virNetworkCreateXML virNetworkCreateXMLFlags virNetworkDefineXML virNetworkDefineXMLFlags
virNetworkDestroy virNetworkSetAutostart virNetworkSetMetadata virNetworkUndefine virNetworkUpdate
virNetworkPortCreateXML virNetworkPortDelete virNetworkPortSetParameters
virInterfaceChangeBegin virInterfaceChangeCommit virInterfaceChangeRollback
virInterfaceCreate virInterfaceDefineXML virInterfaceDestroy virInterfaceUndefine
virSecretDefineXML virSecretGetValue virSecretSetValue virSecretUndefine
virNWFilterDefineXML virNWFilterDefineXMLFlags virNWFilterUndefine
virNWFilterBindingCreateXML virNWFilterBindingDelete
""".split())
OF_OUR_OWN = {"watch_console", "read_history", "release_consoles", "take_consoles"}
PREVENTED = "read only access prevents "


def prevented(wire, numbers, **header):
    """The names of the procedures among these that the connection may not call. They get no arguments: none does a thing."""
    names = set()
    for number in numbers:
        _, _, _, status, payload = wire.call(number, **header)
        code, message = Wire.error(payload) if status == Wire.ERROR else (None, None)
        assert (code == libvirt.VIR_ERR_OPERATION_DENIED) == (PREVENTED in (message or "")), (number, code, message)
        if code == libvirt.VIR_ERR_OPERATION_DENIED:
            names.add(message.split(PREVENTED)[1])
    return names


def test_of_the_whole_table_a_read_only_connection_is_refused_what_libvirt_refuses_it(host):
    with Wire(host.socket) as wire:
        wire.open(read_only=True)
        assert prevented(wire, [n for n in range(1, LAST + 1) if n not in ENDS_THE_CONNECTION]) == REFUSED
        assert prevented(wire, range(1, 20), program=0x766C6974) == OF_OUR_OWN


def test_a_connection_that_may_write_is_refused_none_of_it_for_that_reason(host):
    with Wire(host.socket) as wire:
        wire.open()
        assert prevented(wire, [n for n in range(1, LAST + 1) if n not in ENDS_THE_CONNECTION]) == set()


def test_a_read_only_client_gets_no_picture_of_a_screen(host, conn):
    domain = conn.defineXML(host.guest("seen"))
    name, uuid = b"seen\0\0\0\0"[:4], domain.UUID()
    with Wire(host.socket) as wire:
        wire.open(read_only=True)
        _, _, _, status, payload = wire.call(211, b"\0\0\0\4" + name + uuid + b"\xff" * 4 + b"\0" * 8)
        assert status == Wire.ERROR and Wire.error(payload)[0] == libvirt.VIR_ERR_OPERATION_DENIED
