// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/create.hpp"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <span>
#include <vector>

#include "base/limits.hpp"
#include "base/log.hpp"
#include "xenlight/console_ttys.hpp"
#include "xenlight/device_model_log.hpp"
#include "xenlight/domain_config.hpp"
#include "xenlight/guest_files.hpp"
#include "xenlight/image_feed.hpp"
#include "xenlight/labels.hpp"
#include "xenlight/links.hpp"
#include "xenlight/platform.hpp"
#include "xenlight/screens.hpp"
#include "xenlight/spice_port.hpp"

namespace virtlight::xenlight {
namespace {

using domain::Definition;
using hypervisor::Created;
using hypervisor::DomId;
using hypervisor::Stage;

/// What libxl works with, for as long as it does.
struct Job {
    Job(Definition asked, Builds& builds, std::shared_ptr<hypervisor::Progress> told)
        : definition(std::move(asked)),
          build(builds.begin(definition.uuid, definition.pci_devices)),
          progress(std::move(told)) {}

    std::string what() const {
        return fmt::format("{} domain '{}'", stream ? "restore" : "start", definition.name);
    }
    void tell_stage(Stage stage) const {
        if (progress) progress->stage = stage;
    }

    Definition definition;
    std::filesystem::file_time_type began = std::filesystem::file_time_type::clock::now();
    std::shared_ptr<const Fd> stream{};  ///< what it is restored from; null: it is started
    std::shared_ptr<Build> build;
    std::shared_ptr<hypervisor::Progress> progress;  ///< null: nobody wants to know
    DomainConfig config;
    RestoreParameters parameters;
    std::optional<SpicePort> spice_port{};  ///< that libxl is told of
    std::uint64_t memory_kib = 0;           ///< what it needs of the host's, also beside its own
    DomId domid =
        static_cast<DomId>(INVALID_DOMID);  ///< set by libxl at the end, also for a half-made domain
};

/// On the core, for as long as somebody waits for the domain: it takes no more memory afterwards.
class Awaited {
 public:
    explicit Awaited(std::shared_ptr<Build> build) : build_(std::move(build)) {}
    Awaited(const Awaited&) = delete;
    Awaited& operator=(const Awaited&) = delete;
    ~Awaited() {
        if (!build_->given_up) build_->memory_kib = 0;
    }

 private:
    std::shared_ptr<Build> build_;
};

/// libxl refuses a name that is taken, but not a uuid: the second domain would take over the first one's
/// place in xenstore.
Result<> check_uuid_is_free(Context& context, const Job& job) {
    bool taken = false;
    auto listed = context.attempt(job.what(), std::nullopt, [&](libxl_ctx* ctx) {
        return list_domains(ctx, [&](std::span<const libxl_dominfo> domains) {
            taken = std::ranges::any_of(domains, [&](const libxl_dominfo& info) {
                return !info.dying && uuid_of(info.uuid) == job.definition.uuid;
            });
        });
    });
    if (listed && taken)
        return fail(Reason::domain_exists, "cannot {}: a domain with uuid {} runs already", job.what(),
                    to_string(job.definition.uuid));
    return listed;
}

/// Xen counts what a guest needs beside its own memory, too. Counting fills in what is left open as a start
/// has it, of which a restore has some otherwise: so on a copy.
Result<> count_memory(Context& context, Job& job) {
    return context.attempt(job.what(), std::nullopt, [&](libxl_ctx* ctx) {
        DomainConfig counted;
        libxl_domain_config_copy(ctx, counted.get(), job.config.get());
        return libxl_domain_need_memory(ctx, counted.get(), job.domid, &job.memory_kib);
    });
}

Result<> take_spice_port(Job& job) {
    auto& spice = job.definition.graphics.spice;
    if (!spice || !spice->autoport) return {};
    auto taken = SpicePort::take(spice->listen.empty() ? "127.0.0.1" : spice->listen);
    if (!taken) return std::unexpected(std::move(taken.error()));
    spice->port = taken->number();
    job.spice_port = *std::move(taken);
    return {};
}

Result<> prepare(Context& context, Job& job) {
    if (auto good = check_cpu_features(job.definition.platform.cpu_features); !good)
        return std::unexpected(in_context(job.what(), std::move(good.error())));
    if (auto good = check_labels(context, job.definition); !good)
        return std::unexpected(in_context(job.what(), std::move(good.error())));
    if (auto good = check_uuid_is_free(context, job); !good) return good;
    if (auto taken = take_spice_port(job); !taken)
        return std::unexpected(in_context(job.what(), std::move(taken.error())));
    write_config(job.definition, *job.config);
    return count_memory(context, job);
}

/// Whether something is left of a domain that could not be made.
Result<bool> is_left(Context& context, const Job& job) {
    if (job.domid == static_cast<DomId>(INVALID_DOMID)) return false;
    return context.has(fmt::format("look for what is left of domain {}", job.domid), job.domid,
                       job.definition.uuid);
}

Operations::Start start_creating(Workers::Loan worker, std::shared_ptr<Job> job) {
    return [worker = std::move(worker), job = std::move(job)](libxl_ctx* ctx, const libxl_asyncop_how* how) {
        if (!job->stream) return libxl_domain_create_new(ctx, job->config.get(), &job->domid, how, nullptr);
        constexpr int no_way_back = -1;
        return libxl_domain_create_restore(ctx, job->config.get(), &job->domid, job->stream->get(),
                                           no_way_back, job->parameters.get(), how, nullptr);
    };
}

Operations::Start start_removing_domain(Workers::Loan worker, DomId domid) {
    return [worker = std::move(worker), domid](libxl_ctx* ctx, const libxl_asyncop_how* how) {
        return libxl_domain_destroy(ctx, domid, how);
    };
}

/// libxl keeps what an aborted creation has made so far. Not to be cut short.
async::Task<Result<>> remove_remains(Workers::Loan worker, std::shared_ptr<Job> job) {
    const auto left = co_await call(worker, [job](Context& context) { return is_left(context, *job); });
    if (!left) co_return std::unexpected(left.error());
    if (!*left) co_return Result<>{};
    co_return co_await worker->perform({.what = fmt::format("remove the half-made domain {}", job->domid),
                                        .start = start_removing_domain(worker, job->domid),
                                        .abortable = false,
                                        .bound = limits::libxl_removal},
                                       {});
}

Created created(Context& context, const Job& job) {
    Created made{.domid = job.domid, .consoles = job.definition.consoles};
    find_ttys(context.xenstore(), job.domid, made.consoles);
    if (job.definition.graphics.vnc) made.vnc_port = vnc_port(context, job.domid);
    if (job.spice_port) made.spice_port = job.spice_port->number();
    return made;
}

/// Of one that libxl has ended after it was given up.
async::Task<> clear_away(Workers::Loan worker, std::shared_ptr<Job> job) {
    const auto removed = co_await remove_remains(worker, job);
    if (removed)
        log::notice("libxl has ended what was given up, to {}; nothing is left of it", job->what());
    else
        log::error("libxl has ended what was given up, to {}: {}", job->what(), removed.error().message);
}

ContextThread::Ao making_of(Workers::Loan worker, std::shared_ptr<Job> job, async::Scope& late,
                            std::move_only_function<void()> cut_short) {
    return {.what = job->what(),
            .start = start_creating(worker, job),
            .given_up = [build = job->build] { build->given_up = true; },
            .ended_late = [worker, job, &late](const auto&) { late.spawn(clear_away(worker, job)); },
            .progress = job->progress,
            .silence = job->stream ? limits::restore_silence : Duration::zero(),
            .cut_short = std::move(cut_short)};
}

/// Adds to the error what there is to say, and removes what was made.
async::Task<Error> undo(Workers::Loan worker, std::shared_ptr<Job> job, Error why) {
    const auto said = co_await call(worker, [job](Context&) -> Result<std::vector<std::string>> {
        return device_model_lines(job->definition.name, job->began);
    });
    if (said) std::ranges::copy(*said, std::back_inserter(why.details));
    auto removed = co_await remove_remains(worker, job);
    if (!removed) why.details.push_back(removed.error().message);
    co_return why;
}

/// Its consoles are found later if they cannot be now.
async::Task<Created> look_at_made(Workers::Loan worker, std::shared_ptr<Job> job) {
    auto made =
        co_await call(worker, [job](Context& context) -> Result<Created> { return created(context, *job); });
    if (made) co_return std::move(*made);
    log::warning("what domain '{}' was made with is not known yet: {}", job->definition.name,
                 made.error().message);
    Created bare{.domid = job->domid, .consoles = job->definition.consoles};
    if (job->spice_port) bare.spice_port = job->spice_port->number();
    for (auto& console : bare.consoles)
        console.tty.clear();
    co_return bare;
}

/// What libxl cannot be told of it. Its guest has not run yet.
async::Task<Result<>> settle_links(Workers::Loan worker, std::shared_ptr<Job> job) {
    const bool all_up = std::ranges::none_of(job->definition.nics, &domain::Nic::link_down);
    if (all_up) co_return Result<>{};
    auto set = co_await call(worker, [job](Context&) {
        return set_links(job->domid, job->definition.type, job->definition.nics);
    });
    if (!set) co_return std::unexpected(in_context(job->what(), std::move(set.error())));
    co_return set;
}

/// Has libxl make the domain, and undoes it if that fails or is cancelled. `abort` cuts libxl short: that of
/// a restore, where it must be held back; null: `cancel` does.
async::Task<Result<Created>> make(Making making, Workers::Loan worker, std::shared_ptr<Job> job,
                                  std::shared_ptr<HeldAbort> abort, async::CancelToken cancel) {
    std::move_only_function<void()> cut_short;
    if (abort) cut_short = [abort] { abort->wish(); };
    job->tell_stage(job->stream ? Stage::restoring : Stage::building);
    auto made = co_await worker->perform(making_of(worker, job, making.late, std::move(cut_short)),
                                         abort ? abort->token() : cancel);
    if (job->build->given_up) co_return std::unexpected(std::move(made.error()));
    if (made) made = co_await settle_links(worker, job);
    // libxl may have come to its end before it could be cut short; and of an abort of a restore it says that
    // it failed.
    if (cancel.cancelled()) made = std::unexpected(error_of({.rc = ERROR_ABORTED}, job->what()));
    if (!made) co_return std::unexpected(co_await undo(worker, job, std::move(made.error())));
    co_return co_await look_at_made(worker, job);
}

async::Task<Result<Workers::Loan>> borrow(Making making, std::shared_ptr<const Job> job,
                                          async::CancelToken cancel) {
    if (making.workers.free() == 0) job->tell_stage(Stage::waiting_for_turn);
    auto worker = co_await making.workers.borrow(std::move(cancel));
    if (!worker) co_return std::unexpected(in_context(job->what(), std::move(worker.error())));
    co_return worker;
}

Result<> check_none_was_given_up(const Making& making, const Definition& definition) {
    const auto given_up = making.builds.given_up();
    if (std::ranges::find(given_up, definition.uuid) == given_up.end()) return {};
    return fail(
        Reason::operation_failed,
        "cannot start domain '{}': an earlier start of it was given up, and libxl has not ended it yet",
        definition.name);
}

void replace_firmware(Definition& definition) {
    log::warning("domain '{}': its loader '{}' is not there; it gets this host's own", definition.name,
                 definition.boot.loader);
    definition.boot.loader.clear();
}

void replace_emulator(Definition& definition) {
    log::warning("domain '{}': its emulator '{}' is not there; it gets this host's own", definition.name,
                 definition.emulator);
    definition.emulator.clear();
}

/// Before a context is borrowed: storage that does not answer would hold it, and all others after it. A
/// restored guest has in its memory what it was booted from, and its firmware and its device model are only
/// replaced if the storage of those says so.
async::Task<Result<>> look_at_files(Making making, std::shared_ptr<Job> job, async::CancelToken cancel) {
    const bool boots = !job->stream;
    auto stale = co_await look_for_stale_firmware(making.looks, job->definition, cancel);
    if (!stale && boots) co_return std::unexpected(in_context(job->what(), std::move(stale.error())));
    if (stale && *stale) replace_firmware(job->definition);
    stale = co_await look_for_stale_emulator(making.looks, job->definition, cancel);
    if (!stale && boots) co_return std::unexpected(in_context(job->what(), std::move(stale.error())));
    if (stale && *stale) replace_emulator(job->definition);
    auto good = co_await check_guest_files(making.looks, job->definition, boots, cancel);
    if (!good) co_return std::unexpected(in_context(job->what(), std::move(good.error())));
    co_return good;
}

/// Ends with a context on which the domain can be made. It is not kept while memory is waited for; another
/// tool may start a domain of this uuid in that time.
async::Task<Result<Workers::Loan>> make_ready(Making making, std::shared_ptr<Job> job,
                                              async::CancelToken cancel) {
    job->tell_stage(Stage::looking_at_files);
    if (auto good = co_await look_at_files(making, job, cancel); !good)
        co_return std::unexpected(std::move(good.error()));
    {
        const auto worker = co_await borrow(making, job, cancel);
        if (!worker) co_return worker;
        auto ready = co_await call(*worker, [job](Context& context) { return prepare(context, *job); });
        if (!ready) co_return std::unexpected(std::move(ready.error()));
    }
    job->tell_stage(Stage::waiting_for_memory);
    auto promised = co_await making.memory.promise(job->build, job->memory_kib, job->what(), cancel);
    if (!promised) co_return std::unexpected(std::move(promised.error()));
    auto worker = co_await borrow(making, job, cancel);
    if (!worker) co_return worker;
    auto free = co_await call(*worker, [job](Context& context) { return check_uuid_is_free(context, *job); });
    if (!free) co_return std::unexpected(std::move(free.error()));
    co_return worker;
}

struct OpenStream {
    hypervisor::OpenImage image;
    StreamStart start;
};

Result<std::shared_ptr<OpenStream>> open_stream(const hypervisor::KnownImage& known, bool bypass_cache) {
    auto image = hypervisor::open_image_stream(known);
    if (!image) return std::unexpected(std::move(image.error()));
    image->bypasses_cache = bypass_cache;
    const auto start = check_stream(*image);
    if (!start) return std::unexpected(start.error());
    fetch_beginning(*image);
    return std::make_shared<OpenStream>(std::move(*image), *start);
}

/// An image that nobody moves yet. Unless somebody takes it, it is closed on a thread that may be held by
/// that, also if it is opened only when the restore has been dropped.
class Unmoved {
 public:
    using Opening = async::Completion<Result<std::shared_ptr<OpenStream>>>;

    Unmoved(Movers movers, Opening opening) : movers_(std::move(movers)), opening_(std::move(opening)) {}
    Unmoved(const Unmoved&) = delete;
    Unmoved& operator=(const Unmoved&) = delete;
    ~Unmoved() {
        opening_.set(fail(Reason::cancelled, "cancelled"));
        if (image) movers_.threads.submit([image = std::move(image)] {});
    }

    std::shared_ptr<OpenStream> image{};

 private:
    Movers movers_;
    Opening opening_;
};

/// What came of a restore, by what libxl says of the domain and the mover of the image.
async::Task<Result<Created>> weighed(Workers::Loan worker, std::shared_ptr<Job> job, Result<Created> made,
                                     Result<> moved, hypervisor::Operation operation) {
    // If the storage holds the mover, libxl has had all that it wanted, or has failed anyway.
    const bool move_failed = !moved && moved.error().reason != Reason::timed_out;
    // libxl takes what ends within its last record for whole.
    if (move_failed && made)
        co_return std::unexpected(co_await undo(worker, job, in_context(job->what(), moved.error())));
    if (operation.cancel.cancelled()) co_return made;
    if (move_failed) co_return std::unexpected(in_context(job->what(), std::move(moved.error())));
    if (!made && operation.progress)
        made.error().message +=
            fmt::format(" (libxl has taken {} of the {} bytes of the image's stream)",
                        operation.progress->bytes.load(), operation.progress->bytes_all.load());
    co_return made;
}

}  // namespace

async::Task<Result<Created>> create_domain(Making making, Definition definition,
                                           hypervisor::Operation operation) {
    if (auto none = check_none_was_given_up(making, definition); !none)
        co_return std::unexpected(std::move(none.error()));
    const auto job = std::make_shared<Job>(std::move(definition), making.builds, operation.progress);
    const Awaited awaited(job->build);
    auto worker = co_await make_ready(making, job, operation.cancel);
    if (!worker) co_return std::unexpected(std::move(worker.error()));
    co_return co_await make(making, *worker, job, nullptr, operation.cancel);
}

async::Task<Result<Created>> restore_domain(Making making, Movers movers, Definition definition,
                                            hypervisor::KnownImage known, hypervisor::Operation operation) {
    if (auto none = check_none_was_given_up(making, definition); !none)
        co_return std::unexpected(std::move(none.error()));
    const auto opened = Feed::open();
    if (!opened) co_return std::unexpected(opened.error());
    const auto feed = *opened;
    const Shut<Feed> shut(feed);
    const auto moving = Moving::begin(operation);
    const auto job = std::make_shared<Job>(std::move(definition), making.builds, operation.progress);
    const Awaited awaited(job->build);
    job->stream = feed->libxls();
    job->parameters->stream_version = 2;
    const auto what = job->what();
    const auto opening = movers.begin(
        [known = std::move(known), bypass = operation.bypass_cache] { return open_stream(known, bypass); });
    Unmoved unmoved(movers, opening);
    auto image = co_await movers.answer(opening, limits::file_look, operation.cancel);
    if (image) unmoved.image = std::move(*image);
    if (operation.cancel.cancelled()) co_return std::unexpected(error_of({.rc = ERROR_ABORTED}, what));
    if (!image) co_return std::unexpected(in_context(what, std::move(image.error())));
    const auto worker = co_await make_ready(making, job, operation.cancel);
    if (!worker) co_return std::unexpected(worker.error());
    if (operation.cancel.cancelled()) co_return std::unexpected(error_of({.rc = ERROR_ABORTED}, what));

    if (operation.progress) operation.progress->bytes_all = unmoved.image->image.stream_bytes;
    const auto sent = movers.begin(
        [image = std::move(unmoved.image), feed, journey = moving->journey(movers, operation)]() mutable {
            return feed->send(image->image, image->start, std::move(journey));
        });
    auto made = co_await make(making, *worker, job, moving->abort, operation.cancel);
    feed->shut();
    auto moved = co_await movers.answer(sent, limits::mover_goodbye);
    co_return co_await weighed(*worker, job, std::move(made), std::move(moved), operation);
}

}  // namespace virtlight::xenlight
