// SPDX-License-Identifier: LGPL-2.1-or-later
// What has to hold between libxl and whoever serves its events.

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>
#include <tuple>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>

#include "libxl/bench.hpp"
#include "libxl/clock.hpp"
#include "libxl/referee.hpp"
#include "libxl/reuse.hpp"
#include "libxl/save_helper.hpp"
#include "libxl/save_process.hpp"

namespace virtlight::fake {
namespace {

using std::chrono::hours;

/// Longer than libxl waits for a guest to acknowledge a request, and nearly as long.
constexpr auto long_enough = seconds(61);
constexpr auto nearly = seconds(58);

void a_guest_acknowledges(Bench& bench) {
    const auto domid = bench.machine.add("guest");
    auto& shutdown = bench.shut_down(domid);
    bench.expect_waiting(shutdown);
    bench.machine.guests.acknowledge(domid);
    bench.expect_end(shutdown, 0);
}

void a_guest_never_acknowledges(Bench& bench) {
    auto& shutdown = bench.shut_down(bench.machine.add("guest"));
    let_pass(nearly);
    bench.expect_waiting(shutdown);
    let_pass(long_enough - nearly);
    bench.expect_end(shutdown, ERROR_TIMEDOUT);
}

// libxl takes the timeout back twice. It must be delivered once: the place of its registration in libxl's
// memory goes to the next operation.
void an_abort_modifies_a_timeout_twice(Bench& bench) {
    const auto domid = bench.machine.add("guest");
    auto& aborted = bench.shut_down(domid);
    bench.abort(aborted);
    bench.expect_end(aborted, ERROR_ABORTED);
    let_pass(long_enough - nearly);
    auto& next = bench.shut_down(domid);
    bench.expect_waiting(next);
    // By now the first one would have been due.
    let_pass(nearly);
    bench.expect_waiting(next);
    bench.machine.guests.acknowledge(domid);
    bench.expect_end(next, 0);
    bench.expect(Referee::get().hurries() >= 3, "libxl does not take back timeouts as it did");
}

bool is_readable(int fd) {
    pollfd one{fd, POLLIN, 0};
    return ::poll(&one, 1, 0) == 1;
}

// The operation ends just when its timeout has come due and is not delivered yet.
void a_timeout_is_due_when_it_is_modified(Bench& bench) {
    const auto domid = bench.machine.add("guest");
    auto& shutdown = bench.shut_down(domid);
    bench.settle();
    const int watches = Referee::get().youngest_descriptor();
    {
        const auto busy = bench.occupy();
        bench.machine.guests.acknowledge(domid);
        bench.expect(Bench::wait([&] { return is_readable(watches); }), "xenstored does not tell");
        let_pass(long_enough);
    }
    Bench::wait([&] { return shutdown.ends > 0; });
    bench.expect(shutdown.ends == 1, "the shutdown does not end once");
    // Whichever came first, the next operation is not disturbed.
    auto& next = bench.shut_down(domid);
    bench.expect_waiting(next);
    bench.machine.guests.acknowledge(domid);
    bench.expect_end(next, 0);
}

void the_wall_clock_is_set_forward(Bench& bench) {
    const auto domid = bench.machine.add("guest");
    auto& shutdown = bench.shut_down(domid);
    step_wall_clock(hours(1));
    bench.expect_waiting(shutdown);
    bench.machine.guests.acknowledge(domid);
    bench.expect_end(shutdown, 0);
}

void the_wall_clock_is_set_back(Bench& bench) {
    auto& shutdown = bench.shut_down(bench.machine.add("guest"));
    step_wall_clock(-hours(1));
    let_pass(long_enough);
    bench.expect_end(shutdown, ERROR_TIMEDOUT);
}

// Following a death, as a shutdown that cannot be started crashes inside libxl.
void a_register_fails(Bench& bench) {
    const auto domid = bench.machine.add("guest");
    libxl_evgen_domain_death* death = nullptr;
    const auto follow = [&] {
        int rc = 0;
        bench.call([&](libxl_ctx* ctx) { rc = libxl_evenable_domain_death(ctx, domid, 1, &death); });
        return rc;
    };
    const auto before = Referee::get().descriptors();
    Referee::get().refuse_descriptors(true);
    bench.expect(follow() == ERROR_OSEVENT_REG_FAIL, "a death is followed without a descriptor");
    bench.expect(Referee::get().descriptors() == before, "what was refused is registered");
    Referee::get().refuse_descriptors(false);
    bench.expect(follow() == 0, "a death is not followed though there is a descriptor");
    bench.call([&](libxl_ctx* ctx) { libxl_evdisable_domain_death(ctx, death); });
}

void operations_share_a_descriptor(Bench& bench) {
    const auto one = bench.machine.add("one");
    const auto other = bench.machine.add("other");
    auto& first = bench.shut_down(one);
    auto& second = bench.shut_down(other);
    bench.machine.guests.acknowledge(other);
    bench.expect_end(second, 0);
    bench.expect_waiting(first);
    bench.abort(first);
    bench.expect_end(first, ERROR_ABORTED);
}

struct Save {
    Fd reader;
    Fd writer;
    Bench::Ao* ao;
};

Save start_save(Bench& bench, unsigned domid) {
    auto [reader, writer] = std::move(*make_pipe());
    auto& ao = bench.start("save", [&, fd = writer.get()](libxl_ctx* ctx, const libxl_asyncop_how* how) {
        return libxl_domain_suspend(ctx, domid, fd, 0, how);
    });
    return {std::move(reader), std::move(writer), &ao};
}

/// Where libxl hears of its children by SIGCHLD, some thread has to have run its handler.
bool end_of_child_is_reported() {
    struct sigaction action{};
    ::sigaction(SIGCHLD, nullptr, &action);
    return SaveHelper::is_zombie() &&
           (action.sa_handler == SIG_DFL || Referee::get().has_readable_descriptor());
}

// The helper ends, and then a process that it left behind writes to libxl's pipe. Both are fetched by the
// loop at once. At the first libxl closes the pipe, the number is used again, and the second is stale.
void a_fetched_descriptor_is_closed_and_its_number_used_again(Bench& bench) {
    const SaveHelper helper("( await late; echo late ) & await exit; exit 1");
    const auto save = start_save(bench, bench.machine.add("guest"));
    bench.expect(Bench::wait([] { return SaveHelper::pid() != 0; }), "libxl starts no helper");
    bench.settle();
    const int messages = Referee::get().youngest_descriptor();
    {
        const auto busy = bench.occupy();
        SaveHelper::go("exit");
        bench.expect(Bench::wait(end_of_child_is_reported), "the helper does not end");
        SaveHelper::go("late");
        bench.expect(Bench::wait([&] { return is_readable(messages); }), "nothing is written late");
        reuse_when_closed(messages);
    }
    bench.expect_end(*save.ao, ERROR_FAIL);
    bench.settle();
    bench.expect(was_reused(), "the number is not used again");
    ::close(messages);
}

// epoll does not take regular files, and to libxl they are descriptors like any other.
void a_regular_file_is_saved_to(Bench& bench) {
    const SaveHelper helper("await exit; exit 1");
    const Fd file(::open("/run/image", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR));
    const auto domid = bench.machine.add("guest");
    auto& save = bench.start("save", [&](libxl_ctx* ctx, const libxl_asyncop_how* how) {
        return libxl_domain_suspend(ctx, domid, file.get(), 0, how);
    });
    bench.expect(Bench::wait([] { return SaveHelper::pid() != 0; }),
                 "libxl does not write the head of the image");
    SaveHelper::go("exit");
    bench.expect_end(save, ERROR_FAIL);
}

// A child of libxl's holds a copy of every descriptor. What libxl closes stays open there, and the kernel
// goes on to report it to whoever has not taken it back.
void a_descriptor_lives_on_in_a_child(Bench& bench) {
    const SaveHelper helper("await exit; exit 1");
    const auto save = start_save(bench, bench.machine.add("guest"));
    bench.expect(Bench::wait([] { return SaveHelper::pid() != 0; }), "libxl starts no helper");
    const auto destroying = bench.machine.xen.calls().hold("xc_domain_destroy");
    const auto victim = bench.machine.add("victim");
    auto& destroy = bench.start("destroy", [&](libxl_ctx* ctx, const libxl_asyncop_how* how) {
        return libxl_domain_destroy(ctx, victim, how);
    });
    bench.expect(Bench::wait([&] { return destroying.has_caller(); }), "libxl destroys without a child");
    SaveHelper::go("exit");
    bench.expect_end(*save.ao, ERROR_FAIL);
    const auto before = Referee::get().deliveries();
    bench.settle();
    std::this_thread::sleep_for(milliseconds(20));
    bench.expect(Referee::get().deliveries() < before + 10, "the loop spins");
    destroying.release();
    bench.expect_end(destroy, 0);
}

/// Reads what comes, to its end.
void drain(int fd) {
    std::array<char, 4096> place;
    while (::read(fd, place.data(), place.size()) > 0) {
    }
}

// The guest does not acknowledge in time, and the process that would have saved it has not ended yet when the
// save is not wanted any more: what an abort ends must not hold what is over.
void an_abort_comes_after_a_timeout(Bench& bench) {
    const SaveProcesses processes;
    SaveProcesses::stop_at("complete");
    const auto domid = bench.machine.add("guest");
    const auto save = start_save(bench, domid);
    bench.expect(Bench::wait([&] { return bench.machine.guests.request(domid) == "suspend"; }),
                 "the guest is not asked");
    bench.settle();
    let_pass(long_enough);
    bench.expect(Bench::wait([] { return SaveProcesses::is_at("complete"); }), "no timeout passes");
    bench.abort(*save.ao);
    Bench::wait_for_end(*save.ao);
    bench.expect(save.ao->ends == 1, "the save does not end once");
}

// Save after save, while a second client's calls are cut short and events come that concern nobody; and what
// has been taken back comes due.
void the_loop_of_2012(Bench& bench) {
    const SaveProcesses processes;
    bench.machine.guests.teach("saved", Habit::obeys);
    const auto saved = bench.machine.add("saved");
    const auto other = bench.machine.add("other");
    for (int round = 0; round < 2; ++round) {
        auto [reader, writer] = std::move(*make_pipe());
        const std::jthread disk(drain, reader.get());
        auto& given_up = bench.shut_down(other);
        auto& save = bench.start("save", [&, fd = writer.get()](auto* ctx, const auto* how) {
            return libxl_domain_suspend(ctx, saved, fd, 0, how);
        });
        bench.abort(given_up);
        bench.machine.xenstore.fire("@releaseDomain");
        bench.expect_end(given_up, ERROR_ABORTED);
        bench.expect_end(save, 0);
        writer.reset();
        auto& resume = bench.start("resume", [&](auto* ctx, const auto* how) {
            constexpr int it_knows_that_it_was_not_saved = 1;
            return libxl_domain_resume(ctx, saved, it_knows_that_it_was_not_saved, how);
        });
        bench.expect_end(resume, 0);
        let_pass(long_enough);
        bench.settle();
    }
}

/// A guest that libxl starts with this bootloader.
void describe_with_bootloader(libxl_domain_config& config, const char* bootloader, const char* disk) {
    config.c_info.type = LIBXL_DOMAIN_TYPE_PV;
    config.c_info.name = ::strdup("booted");
    std::ranges::copy(Uuid::random().bytes, config.c_info.uuid.uuid);
    libxl_domain_build_info_init_type(&config.b_info, LIBXL_DOMAIN_TYPE_PV);
    config.b_info.max_memkb = config.b_info.target_memkb = 64 * 1024;
    config.b_info.bootloader = ::strdup(bootloader);
    config.disks = static_cast<libxl_device_disk*>(std::calloc(1, sizeof(libxl_device_disk)));
    config.num_disks = 1;
    libxl_device_disk_init(config.disks);
    config.disks->pdev_path = ::strdup(disk);
    config.disks->vdev = ::strdup("xvda");
    config.disks->format = LIBXL_DISK_FORMAT_RAW;
    config.disks->backend = LIBXL_DISK_BACKEND_PHY;
}

/// Where the console of the guest with this name is; empty while there is none.
std::string tty_of(Machine& machine, std::string_view name) {
    for (const auto& domain : machine.xen.list()) {
        const auto node = fmt::format("/local/domain/{}/", domain.domid);
        if (machine.xenstore.read(node + "name") == name)
            return machine.xenstore.read(node + "console/tty").value_or("");
    }
    return {};
}

// libxl copies between a bootloader's pty and the one for its user, in both directions at once.
void one_descriptor_is_registered_twice(Bench& bench) {
    constexpr const char* bootloader = "/run/bootloader";
    constexpr const char* disk = "/run/disk";
    // Without an end, as what is written before its reader has opened the tty may be dropped.
    std::ofstream(bootloader)
        << "#!/bin/sh\nyes menu & menu=$!\nread line\nkill $menu\necho chosen: $line\nread more\n";
    std::filesystem::permissions(bootloader, std::filesystem::perms::owner_all);
    std::ofstream(disk) << "nothing boots this";
    xenlight::DomainConfig config;
    describe_with_bootloader(*config.get(), bootloader, disk);
    std::uint32_t domid = 0;
    auto& create = bench.start("create", [&](auto* ctx, const auto* how) {
        return libxl_domain_create_new(ctx, config.get(), &domid, how, nullptr);
    });
    std::string path;
    bench.expect(Bench::wait([&] { return !(path = tty_of(bench.machine, "booted")).empty(); }),
                 "the bootloader has no tty");
    const Fd tty(::open(path.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
    bench.expect(Bench::wait([] { return Referee::get().has_shared_descriptor(); }),
                 "no descriptor is registered twice");
    constexpr std::string_view typed = "seven\n";
    std::ignore = ::write(tty.get(), typed.data(), typed.size());
    std::string seen;
    bench.expect(Bench::wait([&] {
                     std::array<char, 4096> place;
                     const auto n = ::read(tty.get(), place.data(), place.size());
                     if (n > 0) seen.append(place.data(), static_cast<std::size_t>(n));
                     return seen.contains("chosen: seven");
                 }),
                 "what is typed does not arrive");
    bench.abort(create);
    Bench::wait_for_end(create);
    bench.expect(create.ends == 1, "the create does not end once");
}

}  // namespace

const std::vector<Scenario>& scenarios() {
    static const std::vector<Scenario> all = {
        {"AGuestAcknowledges", a_guest_acknowledges},
        {"AGuestNeverAcknowledges", a_guest_never_acknowledges},
        {"AnAbortModifiesATimeoutTwice", an_abort_modifies_a_timeout_twice},
        {"ATimeoutIsDueWhenItIsModified", a_timeout_is_due_when_it_is_modified},
        {"AnAbortComesAfterATimeout", an_abort_comes_after_a_timeout},
        {"TheWallClockIsSetForward", the_wall_clock_is_set_forward},
        {"TheWallClockIsSetBack", the_wall_clock_is_set_back},
        {"ARegisterFails", a_register_fails},
        {"OperationsShareADescriptor", operations_share_a_descriptor},
        {"AFetchedDescriptorIsClosedAndItsNumberUsedAgain",
         a_fetched_descriptor_is_closed_and_its_number_used_again},
        {"ARegularFileIsSavedTo", a_regular_file_is_saved_to},
        {"ADescriptorLivesOnInAChild", a_descriptor_lives_on_in_a_child},
        {"OneDescriptorIsRegisteredTwice", one_descriptor_is_registered_twice},
        {"TheLoopOf2012", the_loop_of_2012},
    };
    return all;
}

}  // namespace virtlight::fake
