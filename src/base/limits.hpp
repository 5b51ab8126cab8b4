// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/clock.hpp"

/// Every bound of the daemon, by room: queues, buffers, histories, waits. A limit that is hit is named in the
/// error.
namespace virtlight::limits {

// async
/// A step of the core thread that takes longer is reported as a stall; tests fail on it.
inline constexpr auto core_step = milliseconds(50);
/// Descriptors that one wait of a loop can report.
inline constexpr int events_per_wait = 64;
/// How often a loop looks at what the kernel cannot watch for it.
inline constexpr auto unwatched_look = milliseconds(20);
/// How long a thread for storage rests before it ends, and how long one that is held is waited for at the
/// end.
inline constexpr auto storage_rest = seconds(60);
inline constexpr auto storage_goodbye = seconds(5);

// base
/// How long a line waits for whoever reads the log, before it is lost and with it all others until somebody
/// reads again.
inline constexpr auto log_patience = milliseconds(20);
/// Bytes that are written to the log at once: a pipe that has room for anything takes as many without a wait,
/// and whole (PIPE_BUF). A longer line is cut.
inline constexpr std::size_t log_write = 4096;
/// Descriptors that a program which the daemon starts may have: more than this select() cannot tell of.
inline constexpr std::size_t usual_descriptors = 1024;
/// Numbers of descriptors that can be kept from the children that libxl forks; a multiple of 64.
inline constexpr std::size_t private_descriptors = 1 << 16;

// domain
/// Bytes of a domain's XML. It is read on the core thread: as many as one step has time for.
inline constexpr std::size_t xml_bytes = 1024 * 1024;
/// Nesting of its elements.
inline constexpr int xml_depth = 64;
/// Its tags, attributes and comments.
inline constexpr std::size_t xml_nodes = 65536;
/// Attributes of one element, and declarations of namespaces in all: each is compared with the others.
inline constexpr std::size_t xml_attributes = 64;
inline constexpr std::size_t xml_namespaces = 256;
/// Lines kept of what is wrong with a domain's XML.
inline constexpr std::size_t xml_errors = 8;
/// Bytes of a file of the store: XML, and what is said of its guest beside that.
inline constexpr std::size_t kept_bytes = 2 * xml_bytes;
/// Bytes of the path of a file: the kernel of dom0 opens no longer one (PATH_MAX).
inline constexpr std::size_t path_bytes = 4095;
/// Bytes of a configuration file of xl's.
inline constexpr std::size_t xl_cfg_bytes = 1024 * 1024;
/// Options of such a file.
inline constexpr std::size_t xl_cfg_settings = 1024;
/// Items of one of its lists, each of which may be a line of the definition.
inline constexpr std::size_t xl_cfg_items = 4096;
/// Nesting of its lists.
inline constexpr unsigned xl_cfg_depth = 8;
/// Serial ports of an HVM guest: those of QEMU's PC.
inline constexpr std::size_t serial_ports = 4;
/// Disks of a guest: each is compared with the others, and with those of all other guests.
inline constexpr std::size_t disks = 256;
/// Network interfaces of a guest.
inline constexpr unsigned nics = 128;
/// Bytes of the name of a network of libvirt's.
inline constexpr std::size_t network_name_bytes = 255;
/// IP addresses of one.
inline constexpr std::size_t nic_addresses = 32;
/// VLANs of one.
inline constexpr std::size_t nic_vlans = 128;
/// PCI devices of a guest.
inline constexpr std::size_t pci_devices = 32;
/// USB controllers of a guest.
inline constexpr unsigned usb_controllers = 8;
/// Folders that a guest shares with dom0.
inline constexpr std::size_t shared_folders = 16;
/// Bytes of the tag of one.
inline constexpr std::size_t mount_tag_bytes = 31;
/// Channels of a guest.
inline constexpr std::size_t channels = 16;
/// Bytes of the name of one.
inline constexpr std::size_t channel_name_bytes = 128;
/// Bytes of an XSM label, as libvirt has it.
inline constexpr std::size_t label_bytes = 4096;
/// Bytes of the alias that a user gives a device.
inline constexpr std::size_t alias_bytes = 128;
/// Characters of a VNC password: those that its protocol compares.
inline constexpr std::size_t vnc_password = 8;
/// Ports of SPICE servers that are to have any: behind those that Linux gives to connections by itself, and
/// far from those of VNC servers.
inline constexpr unsigned first_spice_port = 61000;
inline constexpr unsigned last_spice_port = 61999;
/// Input devices on the USB bus of a guest: the ports of QEMU's controller.
inline constexpr std::size_t usb_inputs = 2;
/// A domain's name: with ".xml" behind it, still the name of a file.
inline constexpr std::size_t name_bytes = 240;
/// vCPUs of a guest; of one that the processor virtualises, HVM or PVH, Xen takes fewer.
inline constexpr unsigned vcpus = 512;
inline constexpr unsigned hvm_vcpus = 128;
/// NUMA cells of a guest, as Xen has it.
inline constexpr std::size_t numa_cells = 32;
/// NUMA nodes of a host.
inline constexpr unsigned nodes = 64;
/// Processors of a host, as a set of them may name them.
inline constexpr unsigned cpus = 4096;
/// Bytes of a set of them as text; each one by one takes less.
inline constexpr std::size_t cpu_set_text = 8 * cpus;

// hypervisor
/// Devices of the host that are listed.
inline constexpr std::size_t node_devices = 4096;
/// How often they may have changed, where the kernel does not tell.
inline constexpr auto device_news_rest = seconds(10);
/// The kernel's messages about devices that are taken before others have their turn.
inline constexpr int device_messages_at_once = 256;
/// Bytes of the table that names them.
inline constexpr std::size_t pci_names_bytes = 16 * 1024 * 1024;
/// Bytes of what the kernel says of all network interfaces of dom0.
inline constexpr std::size_t net_dev_bytes = 16 * 1024 * 1024;
/// Bytes of one file in which the kernel tells of a process.
inline constexpr std::size_t process_bytes = 64 * 1024;
/// Bytes of what it says of who has answered dom0 by ARP.
inline constexpr std::size_t arp_bytes = 16 * 1024 * 1024;
/// Keys that are pressed together, and how long.
inline constexpr std::size_t keys_at_once = 16;
inline constexpr auto key_press = seconds(60);
/// Bytes of a picture of a guest's screen.
inline constexpr std::size_t picture_bytes = 64 * 1024 * 1024;
/// Bytes of the XML in a saved guest's image, with the zero behind it.
inline constexpr std::size_t image_xml_bytes = xml_bytes + 1;

/// Bytes of the XML, or of xl's own words, in an image that xl has made.
inline constexpr std::size_t image_xl_bytes = 1024 * 1024;
/// Bytes of an image in the page cache, of a save or restore that is not to leave it there.
inline constexpr std::size_t image_cached = 16 * 1024 * 1024;
/// Bytes of an image that the disk is told of at a time while it is written.
inline constexpr std::size_t image_writeback = 8 * 1024 * 1024;
/// Bytes of an image that may wait for the disk in the page cache.
inline constexpr std::size_t image_unwritten = 64 * 1024 * 1024;
/// Bytes of an image that are fetched ahead of a restore.
inline constexpr std::size_t image_ahead = 32 * 1024 * 1024;

// xenlight
/// Guests that are built at the same time, and those that are saved, restored or dumped, which may take
/// hours; each needs a libxl context and a thread.
inline constexpr unsigned working_contexts = 4;
inline constexpr unsigned imaging_contexts = 4;
/// Guests that wait to be built.
inline constexpr std::size_t waiting_operations = 1024;
/// Other operations in progress: pauses, requests to guests, destructions.
inline constexpr std::size_t asked_operations = 4096;
/// Times that a domain may have been paused, by whomever, so that one unpause of ours lets it run.
inline constexpr unsigned pauses_of_a_domain = 64;
/// How long a call of libxl that does not wait for anybody may take.
inline constexpr auto libxl_answer = seconds(30);
/// Bytes of a guest's image that are moved between libxl and a file at a time, and how long the one who
/// moves them rests while libxl has not begun to read.
inline constexpr std::size_t image_chunk = 1024 * 1024;
inline constexpr auto image_rest = milliseconds(1);
/// Bytes that may be on their way between the two: as many as libxl's helper writes at once.
inline constexpr int image_channel = 4 * 1024 * 1024;
/// Bytes of a guest's image that may come before it has suspended itself: heads, and of a PV guest where its
/// memory is (of 1 TiB).
inline constexpr std::size_t image_before_memory = 4 * 1024 * 1024;
/// How long a guest whose save was cut short may take to suspend itself all the same, and how often it is
/// looked at meanwhile; it is let go on then.
inline constexpr auto late_suspend = seconds(120);
inline constexpr auto late_suspend_look = milliseconds(250);
/// How often a change of xenstore is tried while others change the same.
inline constexpr unsigned xenstore_attempts = 64;
/// Guests without a device model that each look looks at again, in turn, as one may have come.
inline constexpr std::size_t models_sought = 16;
/// How long storage may take to answer a look at a file.
inline constexpr auto file_look = seconds(30);
/// Files of other domains that are looked at together before a file is replaced, and how long one of them may
/// keep that waiting.
inline constexpr std::size_t others_files = 512;
inline constexpr auto others_look = seconds(10);
/// Looks that may wait at one place: as many guests may be started there at once as may wait to be built.
inline constexpr std::size_t file_looks_at_place = waiting_operations;
/// Looks that have not ended altogether: a few places that do not answer cannot use them up.
inline constexpr std::size_t file_looks = 8 * file_looks_at_place;
/// Threads that storage may hold: by looks, by images on their way, by disks that grow. And how long the one
/// who moves an image is waited for when nobody needs the image any more: then he is left to his storage.
inline constexpr unsigned storage_threads = 256;
inline constexpr auto mover_goodbye = seconds(2);
/// How long a disk may take to get another size, and the kernel to reset a PCI device.
inline constexpr auto disk_resize = seconds(60);
inline constexpr auto pci_reset = seconds(60);
/// Sources of disks that are looked at at once for statistics, which leaves threads for others, and how long
/// their caller waits.
inline constexpr std::size_t disk_looks = 2;
inline constexpr auto disk_looks_patience = milliseconds(250);
/// Sources whose size is remembered while only some domains are asked for.
inline constexpr std::size_t disk_sizes = 65536;
/// Device models that are asked at once for what is not counted: pictures, links, keys.
inline constexpr unsigned model_threads = 4;
/// What dom0 keeps of its memory when guests need more than is free.
inline constexpr std::uint64_t dom0_memory_kib = 512 * 1024;
/// How often dom0's giving is looked at.
inline constexpr auto balloon_look = milliseconds(200);
/// How long dom0 may rest before it is asked again.
inline constexpr auto balloon_rest = seconds(10);
/// How long dom0 may rest before it is given up.
inline constexpr auto balloon_patience = seconds(30);
/// How long dom0's giving may take altogether.
inline constexpr auto balloon_longest = std::chrono::minutes(5);
/// How long an operation of libxl that moves no image may take, the building of the largest guest included.
inline constexpr auto libxl_operation = std::chrono::minutes(30);
/// How long the removal of what a failed operation has left may keep who waits for that operation; libxl goes
/// on with it.
inline constexpr auto libxl_removal = seconds(300);
/// The silence that ends a save: the guest may take a minute to answer and another to suspend itself.
inline constexpr auto save_silence = seconds(180);
/// The silence that ends a restore: behind its last byte come the guest's devices.
inline constexpr auto restore_silence = seconds(600);
/// The silence that ends a dump: libxl tries every page below 4 GiB, there or not, which an emulated host
/// takes a quarter of an hour for.
inline constexpr auto dump_silence = std::chrono::minutes(20);
/// How long libxl's lock on what it keeps of a domain is waited for, and how often it is tried.
inline constexpr auto domain_lock = seconds(20);
inline constexpr auto domain_lock_look = milliseconds(100);
/// How long libxl may take to cut an operation short.
inline constexpr auto libxl_abort = seconds(60);
/// How long a device model may take to answer.
inline constexpr auto qmp_answer = seconds(5);
/// How long statistics wait for device models.
inline constexpr auto qmp_patience = milliseconds(250);
/// Device models that are asked at once what they count.
inline constexpr std::size_t models_asked = 256;
/// Bytes of what a device model says.
inline constexpr std::size_t qmp_bytes = 1024 * 1024;
/// Disks that a device model is believed to serve; more than the buses of a guest have.
inline constexpr std::size_t model_disks = 256;
/// How long a context's thread is waited for at the end.
inline constexpr auto libxl_goodbye = seconds(5);
/// Lines of libxl's log kept for an operation, and the bytes of each.
inline constexpr std::size_t log_lines = 32;
inline constexpr std::size_t log_line_bytes = 1024;

// simulated
/// What a word of a simulated guest may ask for.
inline constexpr auto simulated_seconds = std::chrono::hours(24 * 365);
/// Output of a console that nobody reads, before its input has to wait.
inline constexpr std::size_t simulated_console_bytes = 16 * 1024;
/// What a flood prints at once, and how often.
inline constexpr auto simulated_flood_tick = milliseconds(10);
/// Bytes per second of a flood.
inline constexpr double simulated_flood = 1e9;
/// How long a slow disk under the files of a guest is waited for.
inline constexpr auto simulated_file_check = seconds(30);
/// How long a guest may take to acknowledge a request.
inline constexpr auto simulated_acknowledgement = seconds(60);
/// How long a guest may take to suspend itself.
inline constexpr auto simulated_suspend = seconds(60);
/// How long a destroyed domain may take to be gone.
inline constexpr auto simulated_departure = seconds(10);

// manager
/// Domains, defined and running together; also what one answer on the wire may list.
inline constexpr std::size_t domains = 16384;
/// Stored definitions that the daemon takes up at its start before others have their turn.
inline constexpr std::size_t restored_per_step = 512;
/// Operations that may wait for their turn on one domain; as many urgent ones besides.
inline constexpr std::size_t jobs_per_domain = 32;
/// How long one waits for its turn.
inline constexpr auto turn_wait = seconds(600);
/// How long whoever knows libvirt's networks may take to tell the bridge of one.
inline constexpr auto network_answer = seconds(10);

// How long each kind of operation may take before it is cancelled; one that moves bytes of an image, before
// the first of them.
/// Only what the daemon keeps of a domain changes.
inline constexpr auto definition_deadline = seconds(60);
/// A guest is built.
inline constexpr auto start_deadline = seconds(600);
/// A guest is paused, or goes on.
inline constexpr auto pause_deadline = seconds(60);
/// A guest has a minute to acknowledge a request.
inline constexpr auto request_deadline = seconds(75);
/// Short acts on a guest that runs: its memory, its vCPUs, its name, keys.
inline constexpr auto tuning_deadline = seconds(60);
/// A device model is started for the first disk that needs one, and hotplug scripts run.
inline constexpr auto device_deadline = seconds(180);
/// A guest may take a minute to answer that it is to suspend itself, and another to do so.
inline constexpr auto sleep_deadline = seconds(130);
/// A guest is removed.
inline constexpr auto destroy_deadline = seconds(300);
/// A guest that is slow to go leaves the one after it all of its time.
inline constexpr auto reset_deadline = destroy_deadline + start_deadline;
/// A guest's image is written, read or changed, or its core dumped.
inline constexpr auto image_deadline = std::chrono::minutes(30);
/// From the first byte on: how long it may move none. Longer than what the layers below allow themselves: a
/// guest is asked to suspend itself several times, and is removed at the end.
inline constexpr auto image_patience = seconds(600);
/// The same of a dump, in which libxl is silent for longer.
inline constexpr auto dump_patience = std::chrono::minutes(30);
/// How often a guest is asked to suspend itself before a save is given up. libxl waits for it a minute or
/// two.
inline constexpr unsigned save_attempts = 3;
/// A guest that has ended is removed, its core dumped before and it started anew if that is to be.
inline constexpr auto after_stop_deadline = seconds(1200);
/// Of that: how long it may take to be reset softly. Then it is removed and started anew, which has the rest.
inline constexpr auto soft_reset = seconds(300);
/// A cancelled operation that has not ended by then is answered all the same.
inline constexpr auto cancel_grace = seconds(30);
/// The hypervisor is looked at this often even when nothing calls for it.
inline constexpr auto look_interval = seconds(1);
/// A look that takes longer is reported.
inline constexpr auto look_patience = seconds(10);
/// Domains of other tools that are being described at once.
inline constexpr std::size_t adoptions_at_once = 16;
/// How long the start of the daemon waits for them.
inline constexpr auto adoption_wait = seconds(10);
/// How long describing one is tried before it is shown by what Xen says.
inline constexpr auto adoption_patience = seconds(5);
/// How long instead, if it is paused and may still be being built.
inline constexpr auto foreign_build = std::chrono::minutes(10);
/// One that is shown so is described again after a pause, which doubles each time up to the longest.
inline constexpr auto describe_pause = seconds(5);
inline constexpr auto longest_describe_pause = seconds(120);
/// Domains that are started at once when the daemon starts.
inline constexpr unsigned autostarts_at_once = 2;
/// A guest that ends sooner is restarted after a pause.
inline constexpr auto quick_life = seconds(30);
/// The first such pause; it doubles each time.
inline constexpr auto restart_pause = seconds(1);
/// The longest such pause.
inline constexpr auto longest_restart_pause = seconds(60);
/// How long the daemon's end waits for cancelled operations.
inline constexpr auto shut_down_wait = seconds(30);

/// Bytes of the file of a domain's timeline before it makes way for a new one.
inline constexpr std::uint64_t timeline_bytes = 512 * 1024;
/// Old files of a timeline that are kept.
inline constexpr unsigned timeline_old_files = 1;
/// Bytes of one text in a timeline.
inline constexpr std::size_t timeline_text = 2 * 1024;
/// Lines of all timelines that wait for the disk.
inline constexpr std::size_t timeline_waiting = 4096;

// console
/// History of a console unless configured otherwise: the first bytes of the boot that runs.
inline constexpr std::size_t console_first_bytes = 64 * 1024;
/// The last bytes of the boot that runs.
inline constexpr std::size_t console_last_bytes = 192 * 1024;
/// Bytes of the boots before it, of which as many are kept as fit.
inline constexpr std::size_t console_older_bytes = 256 * 1024;
/// The least history of a console, altogether, that may be configured instead.
inline constexpr std::size_t console_history_min = 32 * 1024;
/// The most of it, and of what a client of libvirt sees first.
inline constexpr std::size_t console_history_max = 64 * 1024 * 1024;
/// The least bytes of a console's log, before it is rotated, that may be configured.
inline constexpr std::size_t console_log_min = 64 * 1024;
/// The most of them.
inline constexpr std::size_t console_log_max = 1024 * 1024 * 1024;
/// The most rotated logs that may be configured.
inline constexpr std::size_t console_log_files_max = 100;
/// What a console may take on top of its history: times, marks, input, the log's chunk.
inline constexpr std::size_t console_overhead = 16 * 1024;
/// Boots that are remembered of a console.
inline constexpr std::size_t console_boots = 16;
/// Marks that are remembered of a console.
inline constexpr std::size_t console_marks = 32;
/// Times that are remembered of a console.
inline constexpr std::size_t console_times = 128;
/// Output that comes closer together than this is remembered under one time.
inline constexpr auto console_time_step = milliseconds(10);
/// Viewers of one console.
inline constexpr std::size_t console_viewers = 64;
/// How long one of them may leave what there is to read before its place is another's who takes the console
/// over and finds none free.
inline constexpr auto console_stuck = seconds(30);
/// Input that waits for a guest.
inline constexpr std::size_t console_input_bytes = 2 * 1024;
/// Bytes moved from or to a tty before the loop serves others.
inline constexpr std::size_t console_step_bytes = 64 * 1024;
/// Bytes read at once from the tty of a guest that has ended: what a pty holds and what xenconsoled, which
/// has more, writes into it meanwhile.
inline constexpr std::size_t console_rest_bytes = 256 * 1024;
/// Text handed to a console's log file in one piece, and how long a refused piece waits.
inline constexpr std::size_t console_log_chunk = 4 * 1024;
inline constexpr auto console_log_retry = seconds(5);
/// What a guest wrote into a channel and its user has not read; more ends the stream.
inline constexpr std::size_t channel_output = 1024 * 1024;
/// How often a console that is there and could not be opened (another program has its lock) is tried again.
inline constexpr auto console_retry = seconds(1);
/// How long who wants a console back waits for the name of the program that has it.
inline constexpr auto console_holder_wait = seconds(2);
/// How soon what came to a console is written down for the next start of the daemon.
inline constexpr auto console_save_delay = seconds(5);
/// How long a console whose domain has gone, and the daemon's end, wait for a disk that takes none of what is
/// left of logs and histories.
inline constexpr auto console_farewell = seconds(30);
/// Histories that are read back when the daemon starts; further files are left alone.
inline constexpr std::size_t console_histories = 65536;
/// How long histories are kept of a domain that is not known then: another tool may run it, or build it
/// still. Far longer than it takes until such a one is shown at the latest.
inline constexpr auto console_unclaimed = 2 * foreign_build;
/// How much of the history a client of libvirt sees first, so that it finds the prompt.
inline constexpr std::size_t console_recent_bytes = 16 * 1024;

// libvirt
/// Bytes of one message after its length word; as the next two, libvirt's own limit.
inline constexpr std::size_t wire_message = 32 * 1024 * 1024;
/// Bytes of one string in a message.
inline constexpr std::size_t wire_string = 4 * 1024 * 1024;
/// Items of one list in a message.
inline constexpr std::size_t wire_list = 16384;
/// Descriptors that may travel with one message. They are closed unread.
inline constexpr std::size_t wire_descriptors = 32;
/// Descriptors that one read from a socket may bring: as many as the kernel takes at once (SCM_MAX_FD).
inline constexpr std::size_t descriptors_at_once = 253;
/// Threads that close what clients send and leave unread, which may take as long as a client likes; and
/// descriptors that they have not closed yet, from which on no client is taken and one that sends more is
/// dropped.
inline constexpr unsigned closing_threads = 16;
inline constexpr std::size_t unclosed_descriptors = 1024;
/// Connections at a time, and those of one process, which leave room for others; one more is closed at once.
inline constexpr std::size_t clients = 1000;
inline constexpr std::size_t clients_of_process = 900;
/// Calls of one client that are under way; one more is refused, so that keepalive is answered whatever hangs.
inline constexpr std::size_t calls_in_flight = 128;
/// Questions of one client to one of libvirt's own daemons that wait at a time, their bytes that it has not
/// taken yet, and how long one may take: to overwrite a large volume takes a while.
inline constexpr std::size_t modular_calls = 128;
inline constexpr std::size_t modular_unsent = 4 * 1024 * 1024;
inline constexpr auto modular_answer = std::chrono::hours(1);
/// How long who registers for events waits until such a daemon has agreed: it is registered as soon as that
/// does.
inline constexpr auto modular_agreement = seconds(5);
/// How long one that is to tell of events and is not there is left alone before it is looked for again; and
/// after so many times.
inline constexpr auto modular_retry = seconds(5);
inline constexpr int modular_retries = 24;
inline constexpr auto modular_late_retry = std::chrono::minutes(1);
/// Streams that are passed on to one of libvirt's own daemons at a time, each over a connection of its own:
/// those of several clients, each of which may have `streams`.
inline constexpr std::size_t modular_streams = 256;
/// Bytes of one that wait for that daemon, with which its client is read from no further, and of what it has
/// sent, with which it is read from no further; and of those that it gets in one message.
inline constexpr std::size_t modular_stream_waiting = 512 * 1024;
inline constexpr std::size_t modular_stream_chunk = 128 * 1024;
/// How long nothing may move between such a daemon and the client of a stream.
inline constexpr auto modular_stream_idle = std::chrono::minutes(10);
/// Bytes taken from a client's socket at a time.
inline constexpr std::size_t read_bytes = 64 * 1024;
/// Calls of one client that are served before others have their turn, and how long that may take unless one
/// call takes longer.
inline constexpr int calls_per_turn = 16;
inline constexpr auto turn = milliseconds(10);
/// Domains whose statistics are written, and disks or domains that are gone through for them, before others
/// have their turn.
inline constexpr std::size_t stats_per_step = 256;
/// Bytes that a client has not read yet, from which on no further call of it is begun.
inline constexpr std::size_t output_pause = 1024 * 1024;
/// Bytes, besides answers, that a client may leave unread; with more the connection is closed.
inline constexpr std::size_t output_bytes = 16 * 1024 * 1024;
/// Bytes of answers that it may leave unread: it asked for them, and calls under way may have long ones.
inline constexpr std::size_t answer_bytes = 64 * 1024 * 1024;
/// How long a client may take to open the connection.
inline constexpr auto open_wait = seconds(60);
/// How long a client may take to send the rest of a message.
inline constexpr auto rest_wait = seconds(60);
/// How long a client that is behind may take to read something.
inline constexpr auto read_wait = seconds(60);
/// A client that asked for keepalive is asked for a sign of life after each interval of silence; with the
/// last question unanswered, the connection is closed.
inline constexpr auto keepalive_interval = seconds(5);
inline constexpr int keepalive_count = 5;
/// Streams of one client; and those besides whose end it knows and that it has not finished. One that is
/// forgotten for another one gets no answer any more.
inline constexpr std::size_t streams = 64;
inline constexpr std::size_t ended_streams = 256;
/// Bytes of a stream in one message, and bytes that a client has not read yet and that streams do not go
/// beyond.
inline constexpr std::size_t stream_chunk = 32 * 1024;
inline constexpr std::size_t stream_output = 128 * 1024;
/// Bytes that a client sent into a stream and that wait for a guest to take them; one more ends the stream.
inline constexpr std::size_t stream_input = 1024 * 1024;
/// Bytes of the reason why a job has failed that statistics and events of it tell.
inline constexpr std::size_t job_problem = 64 * 1024;
/// Event registrations of one client.
inline constexpr std::size_t subscriptions = 1024;
/// From the first sign that the host's devices have changed until they are looked at: one that comes has
/// others with it.
inline constexpr auto device_change_pause = seconds(1);
/// And until they are looked at again where that has failed.
inline constexpr auto device_look_retry = seconds(10);
/// Bytes of the name of one of them that a client may ask for events of.
inline constexpr std::size_t node_device_name = 255;
/// Processors whose common features are sought, by their descriptions of limits::xml_bytes together.
inline constexpr std::size_t baseline_cpus = 256;
/// How long the listening sockets rest when the process has no descriptor left for a connection.
inline constexpr auto accept_rest = seconds(1);
/// How long our own client waits for the answer to a call.
inline constexpr auto answer_wait = std::chrono::minutes(10);

// daemon
/// Bytes of the configuration file.
inline constexpr std::size_t configuration_bytes = 64 * 1024;
/// Connections that the kernel holds until they are accepted.
inline constexpr int clients_waiting = 128;
/// Bytes of a block of memory that is the kernel's again as soon as it is freed, and bytes that each of the
/// allocator's heaps may keep at its end.
inline constexpr int heap_block_bytes = 1024 * 1024;
inline constexpr int heap_rest_bytes = 2 * 1024 * 1024;

// cli
/// How long a guest may take what is left of its input when the one who typed it has ended.
inline constexpr auto last_input = seconds(30);
/// How often a daemon that does not answer is tried again.
inline constexpr auto ready_again = milliseconds(50);
/// How often a domain that is waited for is looked at.
inline constexpr auto off_again = milliseconds(200);
/// How much longer a daemon may take to answer whether it is off.
inline constexpr auto off_answer = seconds(5);
/// Bytes of a guest's line that are told in one JSON object; a longer line has several.
inline constexpr std::size_t json_line = 64 * 1024;

}  // namespace virtlight::limits
