// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/cancel.hpp"
#include "async/task.hpp"
#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/uuid.hpp"
#include "domain/definition.hpp"
#include "domain/device.hpp"
#include "hypervisor/disk_files.hpp"
#include "hypervisor/disk_size.hpp"
#include "hypervisor/figures.hpp"
#include "hypervisor/host_devices.hpp"
#include "hypervisor/host_facts.hpp"
#include "hypervisor/image.hpp"
#include "hypervisor/keys.hpp"
#include "hypervisor/neighbours.hpp"
#include "hypervisor/pci_devices.hpp"
#include "hypervisor/picture.hpp"
#include "hypervisor/stage.hpp"
#include "hypervisor/usb_devices.hpp"

/// What a manager may ask of a hypervisor, in the words of domains. Everything above works with any
/// implementation: xenlight's (real Xen, through libxl) and simulated's (in memory) behave alike, and one set
/// of tests holds both to it.
namespace virtlight::hypervisor {

/// One life of a domain, from the moment it is seen or made until it is gone. Never reused.
using LifeId = Id<struct LifeTag>;

/// One operation; ties what the layers below log to what was asked for.
using OperationId = Id<struct OperationTag>;

/// All of Xen's domains at one moment, Domain-0 among them, in the order of domids.
struct Snapshot {
    std::vector<DomainSeen> domains;
    std::uint64_t memory_free_kib = 0;
};

/// What an operation is at, and how far a save, a restore or a dump has come. Written and read on any thread.
struct Progress {
    std::atomic<Stage> stage = Stage::unnamed;
    std::atomic<std::uint64_t> bytes = 0;  ///< of the guest's image
    std::atomic<std::uint64_t> bytes_all =
        0;  ///< of a save: those of the guest's memory, which is about as much
};

/// Holds a guest for what is done to it next. Called once, and awaited; what it fails with ends the
/// operation.
using Hold = std::function<async::Task<Result<>>()>;

/// What belongs to one asking: its name for the log, the wish to stop it, and what it tells meanwhile.
struct Operation {
    OperationId id{};
    async::CancelToken cancel{};
    std::shared_ptr<Progress> progress{};  ///< null: nobody wants to know
    bool bypass_cache = false;             ///< of a save, a restore or a dump: as ImageWriter::bypass_cache()

    void tell_stage(Stage stage) const {
        if (progress) progress->stage = stage;
    }
};

/// A domain that was made. It is paused: nothing of its output is lost to one who looks before it is
/// unpaused.
struct Created {
    DomId domid = 0;
    std::vector<domain::Console> consoles{};  ///< those of the definition, with their ttys
    std::optional<unsigned> vnc_port{};       ///< of its VNC server; empty: there is none
    std::optional<unsigned> spice_port{};     ///< that was taken for its SPICE server; empty: none was
};

/// The consoles that were asked for, with their ttys.
using TtysTold = std::function<void(const std::vector<domain::Console>&)>;

/// A request to the guest that it stop by itself.
enum class ShutdownMethod { paravirtual, acpi };

/// All members are called on the core thread, return at once, and complete on the core thread. Each operation
/// ends once, with what happened; cancelling its token makes it end soon, with Reason::cancelled unless it
/// was done before. A failure carries what the layer below wrote about it. Acting on a domid that is gone is
/// Reason::no_domain.
class Hypervisor {
 public:
    virtual ~Hypervisor() = default;

    virtual const HostFacts& host() const = 0;

    /// All domains, taken after the call. Served in a moment, whatever other operations are doing.
    virtual async::Task<Result<Snapshot>> look() = 0;

    /// The figures of all domains, or of some, taken after the call. Waits for no operation. One that is gone
    /// is left out.
    virtual async::Task<Result<std::vector<DomainFigures>>> measure(FiguresWanted wanted) = 0;

    virtual async::Task<Result<HostFigures>> measure_host() = 0;

    /// As disk_size() of disk_size.hpp.
    virtual async::Task<Result<DiskSize>> disk_size(domain::Disk disk) = 0;

    /// As peek_disk() of disk_peek.hpp. timed_out: its storage does not answer.
    virtual async::Task<Result<std::string>> peek_disk(domain::Disk disk, std::uint64_t offset,
                                                       std::size_t bytes) = 0;

    /// As identify_file() of disk_files.hpp, of each path. All together are waited for no longer than one is.
    /// timed_out: its storage does not answer; cancelled.
    virtual async::Task<std::vector<Result<std::optional<FileIdentity>>>> identify_files(
        std::vector<std::string> paths, async::CancelToken cancel) = 0;

    /// As missing_files() of definition_files.hpp. A file whose storage does not answer is among them, with
    /// that, and keeps nobody from looking at the others.
    virtual async::Task<Result<std::vector<std::string>>> missing_files(domain::Definition definition) = 0;

    /// What the guest's screen shows, soon after the call. unsupported_operation: it has none; timed_out: who
    /// draws it does not answer.
    virtual async::Task<Result<Picture>> screenshot(DomId domid) = 0;

    /// Has `again` called (on the core thread) whenever something may have happened to a domain, so that
    /// somebody looks again. It may be called too often, and once for several happenings. Only what Xen tells
    /// nobody, as that another tool pauses a domain, happens without a call.
    virtual void on_attention(std::function<void()> again) = 0;

    /// From here on the end of this life calls for attention. To be called for each life once; look() after
    /// it, as an end before it is not told.
    virtual void follow(LifeId life, DomId domid) = 0;
    virtual void unfollow(LifeId life) = 0;

    /// Tells where the consoles of a life that is followed are: soon after this, and again whenever a tty may
    /// have come, gone or moved (it comes late, and every one moves when Xen's console daemon restarts). One
    /// that is not there is told as empty. Ends with unfollow(life), before which no life is asked for twice.
    virtual void follow_ttys(LifeId life, DomId domid, std::vector<domain::Console> consoles,
                             TtysTold told) = 0;

    /// Builds a domain and leaves it paused. When it fails or is cancelled, nothing of it is seen, nor stays.
    /// invalid_argument: a file is missing or no kernel; operation_failed: Xen refused (no memory, ...).
    virtual async::Task<Result<Created>> create(domain::Definition definition, Operation operation) = 0;

    /// Whether a create() or a restore() of a domain with this uuid was given up, as who makes it does not
    /// answer, and may make it all the same. look() does not show what there is of it meanwhile, and what
    /// comes of it is removed; a process that ends before leaves it behind.
    virtual bool may_still_come(const Uuid& uuid) const = 0;

    virtual async::Task<Result<>> unpause(DomId domid, Operation operation) = 0;
    virtual async::Task<Result<>> pause(DomId domid, Operation operation) = 0;

    /// Ends when the guest has acknowledged, not when it has stopped (that is seen later); a guest that never
    /// acknowledges keeps the operation waiting until it is cancelled or a minute has passed.
    /// cancelled: the request is taken back, and the guest is as it was before; one that has acknowledged it
    /// before that will follow it, and the operation is done. timed_out: the request stays, and the guest may
    /// follow it whenever it gets to it. A power button that is pressed is acknowledged by nobody and stays
    /// pressed; cancelled: it was not. unsupported_operation: the guest does not listen in that way.
    virtual async::Task<Result<>> request_shutdown(DomId domid, ShutdownMethod method,
                                                   Operation operation) = 0;
    virtual async::Task<Result<>> request_reboot(DomId domid, Operation operation) = 0;

    /// Sends the guest's first vCPU a non-maskable interrupt; what it makes of that is its own affair.
    virtual async::Task<Result<>> inject_nmi(DomId domid, Operation operation) = 0;

    /// Presses keys on the keyboard of an HVM guest, all at once, and lets go of them. Ends when its device
    /// model has been told. timed_out: that does not answer.
    virtual async::Task<Result<>> send_keys(DomId domid, KeyPress press, Operation operation) = 0;

    /// Asks the kernel of a guest for what it does for Alt, SysRq and this key; of a guest without a keyboard
    /// that is a Linux. Ends when it is asked; what it makes of that is its own affair.
    virtual async::Task<Result<>> send_sysrq(DomId domid, char key, Operation operation) = 0;

    /// Gives the domain another name. operation_failed: another domain of Xen's has it.
    virtual async::Task<Result<>> rename(DomId domid, std::string name, Operation operation) = 0;

    /// Asks the guest to have so much memory from now on, and lets it have no more; the host itself keeps its
    /// bound. Ends when it is asked: what it has is seen later. invalid_argument: more than the guest was
    /// built for; operation_failed: less than the host itself needs.
    virtual async::Task<Result<>> set_memory(DomId domid, std::uint64_t memory_kib, Operation operation) = 0;
    /// What Xen lets the guest have at most, until set_memory() says otherwise. invalid_argument: more than
    /// it was built for; operation_failed: less than it is asked to have.
    virtual async::Task<Result<>> set_memory_max(DomId domid, std::uint64_t memory_kib,
                                                 Operation operation) = 0;
    /// Asks the guest to have its first `vcpus` online and the others offline; 1 to those that it was built
    /// with. Ends when it is asked.
    virtual async::Task<Result<>> set_vcpus(DomId domid, unsigned vcpus, Operation operation) = 0;

    /// Gives a guest that runs a device; ends when it is there for the guest to find. When it fails or is
    /// cancelled, nothing of it stays. invalid_argument: its place is taken, or a file is missing;
    /// timed_out: it was given up, as who gives it does not answer, and may still come; no other failure has
    /// this reason. Should it come, it is removed; until then another one in its place is refused. A process
    /// that ends before leaves it behind.
    virtual async::Task<Result<>> attach(DomId domid, domain::Device device, Operation operation) = 0;
    /// Asks the guest to let go of the device in this place; ends when it has. timed_out: it has not within
    /// ten seconds. It has it still and may let go later, after which another detach() takes it away. A disk
    /// is never taken by force; a network interface or a USB controller is on real Xen, after that time, as
    /// libxl (4.17) has no other way. no_device.
    virtual async::Task<Result<>> detach(DomId domid, domain::Device device, Operation operation) = 0;
    /// Changes what check_live_change() lets be changed: what is in a CD drive, how much a network interface
    /// may send and whether its link is up. invalid_argument: a file is missing, and nothing has changed.
    virtual async::Task<Result<>> update(DomId domid, domain::Device device, Operation operation) = 0;

    /// Has the VNC server of a guest that runs ask for another password. Its clients stay. operation_failed:
    /// it was started without one, and asks for none; timed_out: its device model does not answer, and may
    /// still do it.
    virtual async::Task<Result<>> set_vnc_password(DomId domid, std::string password,
                                                   Operation operation) = 0;

    /// Gives a disk so many bytes, which are no fewer than it has, and tells the guest; a block device that
    /// dom0's kernel serves has them already. unsupported_operation: who serves it cannot; timed_out: its
    /// device model does not answer, and may still do it.
    virtual async::Task<Result<>> resize_disk(DomId domid, domain::Disk disk, std::uint64_t bytes,
                                              Operation operation) = 0;

    /// Whom Domain-0 has talked to in its networks lately. Waits for no operation.
    virtual async::Task<Result<std::vector<Neighbour>>> neighbours() = 0;

    /// The PCI devices of the host. Waits for no operation.
    virtual async::Task<Result<std::vector<HostPciDevice>>> pci_devices() = 0;
    /// As read_host_devices(). Waits for no operation.
    virtual async::Task<Result<std::vector<HostDevice>>> host_devices() = 0;
    /// `again` is called (on the core thread) whenever devices of the host, those of PCI among them, may have
    /// come, gone or changed: list them again. It may be called too often, and once for several changes; it
    /// must not call back. Empty: nobody wants to know any more.
    virtual void on_host_devices(std::function<void()> again) = 0;
    /// Takes a device from its driver in dom0, so that guests can get it; or gives it back to that. The
    /// caller sees to it that no guest has it. no_node_device.
    virtual async::Task<Result<>> set_assignable(domain::PciAddress address, bool assignable,
                                                 Operation operation) = 0;
    /// Whether a set_assignable() or a reset_pci() of this device, or a create() or a restore() of a domain
    /// that was to have it, was given up, as who does it does not answer, and may happen all the same: until
    /// then nothing else is to be done with it.
    virtual bool may_still_change(const domain::PciAddress& address) const = 0;
    /// The USB devices of the host. Waits for no operation.
    virtual async::Task<Result<std::vector<HostUsbDevice>>> usb_devices() = 0;
    /// As reset_pci_device(). The caller sees to it that no guest has it.
    virtual async::Task<Result<>> reset_pci(domain::PciAddress address, Operation operation) = 0;

    /// Lets a vCPU run on these processors of the host and no others. invalid_argument: the guest has no such
    /// vCPU, or the host none of the processors.
    virtual async::Task<Result<>> pin_vcpu(DomId domid, unsigned vcpu, domain::CpuSet cpus,
                                           Operation operation) = 0;
    /// By its name, the scheduler of the CPU pool that the guest is in.
    virtual async::Task<Result<std::string>> scheduler(DomId domid) = 0;
    /// What Xen's scheduler gives the guest; both are there. unsupported_operation: it is a scheduler that
    /// does not know them.
    virtual async::Task<Result<domain::CpuShare>> cpu_share(DomId domid) = 0;
    /// Changes what `share` has; what is empty there stays as it is.
    virtual async::Task<Result<>> set_cpu_share(DomId domid, domain::CpuShare share, Operation operation) = 0;

    /// The numbers of the host's NUMA nodes that Xen takes the guest's memory from.
    virtual async::Task<Result<domain::CpuSet>> memory_nodes(DomId domid) = 0;

    /// Has the guest suspend itself, and keeps its memory: it has then stopped with StopReason::suspend, and
    /// resume() lets it go on. When it fails or is cancelled, the guest goes on. unsupported_operation: the
    /// guest cannot; timed_out: it has not done so in time.
    virtual async::Task<Result<>> suspend(DomId domid, Operation operation) = 0;

    /// Writes the memory and the registers of a guest, running or not, to a file: the file is there at once,
    /// whole and synced, or not at all. `hold`, if there is one, is awaited just before the first byte is
    /// read, so that no guest is held while storage or other images are waited for. Cancelled, it ends soon
    /// and leaves no file, though the guest's memory may be read for longer; the guest may go on or be
    /// destroyed meanwhile. invalid_argument: the path is not absolute, or names something other than a file;
    /// io.
    virtual async::Task<Result<>> dump_core(DomId domid, std::filesystem::path path, Hold hold,
                                            Operation operation) = 0;

    /// Ends when the domain is gone from Xen, or is dying with nothing left for us to do.
    virtual async::Task<Result<>> destroy(DomId domid, Operation operation) = 0;

    /// Suspends the guest and writes its image (image.hpp) to a file: the file is there at once, whole and
    /// synced, or not at all. The guest has then stopped with StopReason::suspend, and is to be destroyed.
    /// When it fails or is cancelled, the guest goes on and nothing of the file stays; what was there before
    /// does. unsupported_operation: the guest cannot be suspended; timed_out: it did not do so within a
    /// minute, and may if it is asked again; io: also of storage that does not answer; operation_failed.
    virtual async::Task<Result<>> save(DomId domid, ImageHead head, std::filesystem::path path,
                                       Operation operation) = 0;

    /// Takes back what a process before this one may have asked of a guest that runs: to suspend itself for a
    /// save. Should the guest do so all the same, it is let go on, as after a save() that fails.
    virtual async::Task<> take_back_save(DomId domid) = 0;

    /// What an image says of its guest. io, invalid_argument: as open_image().
    virtual async::Task<Result<ImageHead>> read_image(std::filesystem::path path) = 0;

    /// Whether a definition can hold all that a guest of another tool's has, so that it would be restored as
    /// it was. unsupported_config: names the first thing that it cannot; operation_failed: nobody knows what
    /// it has; no_domain, timed_out, cancelled: as describe().
    virtual async::Task<Result<>> check_whole(DomId domid, async::CancelToken cancel) = 0;

    /// Has an image restored with another head: as rewrite_image() of image_writer.hpp.
    virtual async::Task<Result<>> rewrite_image(KnownImage image, ImageHead head, Operation operation) = 0;

    /// As create(), of a guest that goes on from where it was saved. The definition may be another one than
    /// that of the image's head; the image is the one of that head. io, invalid_argument, invalid_state: as
    /// open_image_stream(), before anything is made.
    virtual async::Task<Result<Created>> restore(domain::Definition definition, KnownImage image,
                                                 Operation operation) = 0;

    /// Lets a guest that has stopped with StopReason::suspend go on. invalid_state: it has not, or another
    /// tool is saving it.
    virtual async::Task<Result<>> resume(DomId domid, Operation operation) = 0;

    /// Lets a guest that has stopped with StopReason::soft_reset go on in the same domain, with the kernel
    /// that it has put into its memory itself (kexec). It is paused then. invalid_state: it has not.
    virtual async::Task<Result<>> soft_reset(DomId domid, Operation operation) = 0;

    /// The definition of a domain as the hypervisor knows it, with the ttys of its consoles and the port of
    /// its VNC server: for a domain that somebody else made, or that was made before this daemon started. Of
    /// an HVM guest its vCPUs are those that its device model has, which may be more than it has online.
    /// Cancelled, it ends at once. no_domain; invalid_state: it is still being built, or nothing of it is
    /// kept any more since its soft reset was cut off; timed_out, operation_failed: who would have to be
    /// asked does not answer, and nothing is known of the domain.
    virtual async::Task<Result<domain::Definition>> describe(DomId domid, async::CancelToken cancel) = 0;
};

}  // namespace virtlight::hypervisor
