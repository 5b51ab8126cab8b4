// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/xen_hypervisor.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <iterator>
#include <memory>
#include <system_error>

#include "base/limits.hpp"
#include "base/log.hpp"
#include "hypervisor/disk_files.hpp"
#include "hypervisor/disk_peek.hpp"
#include "xenlight/create.hpp"
#include "xenlight/describe.hpp"
#include "xenlight/domain_config.hpp"
#include "xenlight/domain_lock.hpp"
#include "xenlight/guest_files.hpp"
#include "xenlight/host.hpp"
#include "xenlight/lifeline.hpp"
#include "xenlight/measure.hpp"
#include "xenlight/screenshot.hpp"
#include "xenlight/soft_reset.hpp"
#include "xenlight/topology.hpp"
#include "xenlight/words.hpp"

namespace virtlight::xenlight {

using hypervisor::Created;
using hypervisor::DomId;
using hypervisor::LifeId;
using hypervisor::Operation;
using hypervisor::Snapshot;

namespace {

bool runs(const hypervisor::HostFacts& host, domain::GuestType type) {
    switch (type) {
        case domain::GuestType::pv: return host.has_pv;
        case domain::GuestType::pvh: return host.has_pvh;
        case domain::GuestType::hvm: return host.has_hvm;
    }
    return false;
}

/// libxenstore makes up the name in a static buffer whenever libxl connects, for a save, too, and on whatever
/// thread; connecting on another fails now and then. A name in the environment it takes as it is.
void name_xenstored_socket() {
    const auto socket = xenstored_socket();
    std::error_code none;
    constexpr int unless_it_has_one = 0;
    if (std::filesystem::exists(socket, none)) ::setenv("XENSTORED_PATH", socket.c_str(), unless_it_has_one);
}

/// Who takes a guest apart pauses it first, and then ends its device model: so that is looked at first, too.
Result<Snapshot> look_with_models(Context& context, const DeviceModels::Lives& lives, DeviceModels& models) {
    const auto ended = models.ended(lives, [&context](DomId domid) {
        return context.xenstore().read_number(fmt::format("/local/domain/{}/image/device-model-pid", domid));
    });
    auto snapshot = xenlight::look(context);
    if (!snapshot) {
        models = {};  // xenstored may not have answered
        return snapshot;
    }
    for (auto& seen : snapshot->domains)
        seen.model_ended = ended.contains(seen.domid);
    return snapshot;
}

/// Counts as long as it lives.
class Counted {
 public:
    explicit Counted(std::size_t& count) : count_(count) { ++count_; }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;
    ~Counted() { --count_; }

 private:
    std::size_t& count_;
};

}  // namespace

struct XenHypervisor::Attention : std::enable_shared_from_this<Attention> {
    explicit Attention(std::shared_ptr<CoreLink> core) : link(std::move(core)) {}

    void raise() {
        if (raised.exchange(true)) return;
        link->post([self = shared_from_this()] {
            self->raised = false;
            if (self->again) self->again();
        });
    }

    std::shared_ptr<CoreLink> link;
    std::atomic<bool> raised = false;
    std::function<void()> again;  ///< the core's
};

XenHypervisor::XenHypervisor(async::FdScheduler& core)
    : core_(core),
      link_(std::make_shared<CoreLink>(core)),
      attention_(std::make_shared<Attention>(link_)),
      lives_(std::make_shared<Lives>()),
      ttys_(std::make_shared<ConsoleTtys>()),
      models_(std::make_shared<DeviceModels>()),
      ttys_told_(std::make_shared<std::map<LifeId, hypervisor::TtysTold>>()),
      watching_(
          "xen-watch", core, link_,
          [attention = attention_, lives = lives_, ttys = ttys_](Context& watching) {
              return listen(watching, attention, *lives, *ttys);
          },
          [attention = attention_] { attention->raise(); }),
      asking_("xen-ask", core, link_),
      destroying_("xen-destroy", core, link_),
      measuring_("xen-measure", core, link_),
      workers_("xen-work", limits::working_contexts, core, link_),
      imagers_("xen-image", limits::imaging_contexts, core, link_),
      memory_(core, builds_, asking_),
      storage_(limits::storage_threads),
      looks_(core, link_, storage_),
      model_threads_(limits::model_threads),
      model_counters_(core),
      late_suspends_(core, asking_, [this](DomId domid) { follow_anew(domid); }) {}

XenHypervisor::~XenHypervisor() {
    late_suspends_.drop();
    link_->cut();
    late_.drop();
    attention_->again = nullptr;
}

Result<std::unique_ptr<XenHypervisor>> XenHypervisor::open(async::FdScheduler& core,
                                                           Autoballoon autoballoon) {
    name_xenstored_socket();
    std::unique_ptr<XenHypervisor> xen(new XenHypervisor(core));
    if (auto read = xen->read_facts(autoballoon); !read) return std::unexpected(std::move(read.error()));
    return xen;
}

/// On the watching thread, whenever a context has been opened there.
Result<> XenHypervisor::listen(Context& watching, const std::shared_ptr<Attention>& attention,
                               const Lives& lives, ConsoleTtys& ttys) {
    watching.on_domain_event([attention](LifeId) { attention->raise(); });
    for (const auto* const happening : {"@introduceDomain", "@releaseDomain"}) {
        auto watched = watching.xenstore().watch(happening, [attention] { attention->raise(); });
        if (!watched) return watched;
    }
    ttys.resume(watching.xenstore());
    for (const auto& [life, domid] : lives)
        watching.deaths().follow(life, domid);
    return {};
}

/// The core has no loop yet: this waits.
Result<> XenHypervisor::read_facts(Autoballoon autoballoon) {
    std::promise<Result<std::pair<hypervisor::HostFacts, bool>>> promise;
    auto answer = promise.get_future();
    watching_.post([promise = std::move(promise), autoballoon](Result<Context*> watching) mutable {
        if (!watching) return promise.set_value(std::unexpected(std::move(watching.error())));
        auto facts = read_host_facts(**watching);
        if (!facts) return promise.set_value(std::unexpected(std::move(facts.error())));
        const auto* const version = (*watching)->enter(libxl_get_version_info);
        promise.set_value(
            std::pair(std::move(*facts), dom0_gives_memory(autoballoon, text_of(version->commandline))));
    });
    if (answer.wait_for(limits::libxl_answer) != std::future_status::ready)
        return fail(Reason::timed_out, "libxl has not opened in time");
    auto facts = answer.get();
    if (!facts) return std::unexpected(std::move(facts.error()));
    host_ = std::move(facts->first);
    memory_.let_dom0_give(facts->second);
    log::debug("dom0 {} asked for memory that guests need", facts->second ? "is" : "is not");
    return {};
}

/// What libxl makes after it was given up is about to go, and nobody's guest: it is not seen. A guest that
/// has suspended itself for nothing is about to go on: nobody needs to see it so. Both go by what is known
/// before the look and after it, as it may be of any moment between.
async::Task<Result<Snapshot>> XenHypervisor::look() {
    auto unseen = builds_.given_up();
    auto late = late_suspends_.followed();
    auto snapshot = co_await watching_.call([lives = lives_, models = models_](Context& watching) {
        return look_with_models(watching, *lives, *models);
    });
    std::ranges::copy(builds_.given_up(), std::back_inserter(unseen));
    late.merge(late_suspends_.followed());
    if (!snapshot) co_return snapshot;
    std::erase_if(snapshot->domains, [&](const hypervisor::DomainSeen& seen) {
        return std::ranges::find(unseen, seen.uuid) != unseen.end();
    });
    for (auto& seen : snapshot->domains) {
        const auto found = late.find(seen.domid);
        if (found == late.end() || found->second != seen.uuid) continue;
        if (seen.stopped == hypervisor::StopReason::suspend) seen.stopped.reset();
    }
    co_return snapshot;
}

bool XenHypervisor::may_still_come(const Uuid& uuid) const {
    const auto given_up = builds_.given_up();
    return std::ranges::find(given_up, uuid) != given_up.end();
}

async::Task<Result<std::vector<hypervisor::DomainFigures>>> XenHypervisor::measure(
    hypervisor::FiguresWanted wanted) {
    auto all =
        co_await measuring_.call([wanted](Context& context) { return xenlight::measure(context, wanted); });
    if (all && wanted.disks) co_await add_models_counts(*all, wanted.patience);
    co_return all;
}

/// Of the disks that dom0's kernel does not serve.
async::Task<> XenHypervisor::add_models_counts(std::vector<hypervisor::DomainFigures>& all,
                                               Duration patience) {
    const auto modelled =
        co_await measuring_.call([](Context&) -> Result<std::vector<DomId>> { return guests_with_models(); });
    if (!modelled) co_return;
    model_counters_.keep(*modelled);
    std::vector<ModelCounters::Guest> guests;
    for (const auto& domain : all)
        if (std::ranges::binary_search(*modelled, domain.seen.domid))
            guests.push_back({domain.seen.domid, domain.seen.uuid});
    co_await model_counters_.refresh(std::move(guests), patience);
    for (auto& domain : all)
        add_model_disks(model_counters_.of({domain.seen.domid, domain.seen.uuid}), domain.disks);
}

async::Task<Result<hypervisor::HostFigures>> XenHypervisor::measure_host() {
    return measuring_.call(xenlight::measure_host);
}

async::Task<Result<hypervisor::DiskSize>> XenHypervisor::disk_size(domain::Disk disk) {
    auto place = place_of_data(disk.path);
    return looks_.look(std::move(place), [disk = std::move(disk)] { return hypervisor::disk_size(disk); });
}

async::Task<Result<std::string>> XenHypervisor::peek_disk(domain::Disk disk, std::uint64_t offset,
                                                          std::size_t bytes) {
    auto place = place_of_data(disk.path);
    return looks_.look(std::move(place), [disk = std::move(disk), offset, bytes] {
        return hypervisor::peek_disk(disk, offset, bytes);
    });
}

async::Task<std::vector<Result<std::optional<hypervisor::FileIdentity>>>> XenHypervisor::identify_files(
    std::vector<std::string> paths, async::CancelToken cancel) {
    return looks_.identify(std::move(paths), std::move(cancel));
}

async::Task<Result<std::vector<std::string>>> XenHypervisor::missing_files(domain::Definition definition) {
    co_return co_await look_for_missing_files(looks_, std::move(definition));
}

async::Task<Result<hypervisor::Picture>> XenHypervisor::screenshot(DomId domid) {
    return async::run_blocking(model_threads_, core_, [domid] { return take_picture(domid); });
}

async::Task<Result<std::vector<hypervisor::Neighbour>>> XenHypervisor::neighbours() {
    return looks_.look("/proc/net", [] { return hypervisor::read_neighbours(); });
}

void XenHypervisor::on_attention(std::function<void()> again) {
    attention_->again = std::move(again);
}

void XenHypervisor::follow(LifeId life, DomId domid) {
    watching_.post([life, domid, attention = attention_, lives = lives_](Result<Context*> context) {
        lives->insert_or_assign(life, domid);
        if (context && !(*context)->deaths().follow(life, domid))
            log::warning("libxl does not watch domain {}", domid);
        // What happened before is not told; and if libxl does not watch, the xenstore watch still does.
        attention->raise();
    });
}

void XenHypervisor::unfollow(LifeId life) {
    ttys_told_->erase(life);
    watching_.post([life, lives = lives_, ttys = ttys_](Result<Context*> context) {
        lives->erase(life);
        ttys->unfollow(context ? &(*context)->xenstore() : nullptr, life);
        if (context) (*context)->deaths().unfollow(life);
    });
}

void XenHypervisor::follow_ttys(LifeId life, DomId domid, std::vector<domain::Console> consoles,
                                hypervisor::TtysTold told) {
    ttys_told_->insert_or_assign(life, std::move(told));
    auto tell = [life, link = link_, lives = ttys_told_](const std::vector<domain::Console>& seen) {
        link->post([life, lives, seen] {
            const auto found = lives->find(life);
            if (found == lives->end()) return;
            const auto told_to = found->second;
            told_to(seen);
        });
    };
    watching_.post([life, domid, ttys = ttys_, consoles = std::move(consoles),
                    tell = std::move(tell)](Result<Context*> context) mutable {
        ttys->follow(context ? &(*context)->xenstore() : nullptr, life, domid, std::move(consoles),
                     std::move(tell));
    });
}

async::Task<Result<Created>> XenHypervisor::create(domain::Definition definition, Operation operation) {
    log::debug("operation {}: start domain '{}'", operation.id.value, definition.name);
    if (!runs(host_, definition.type)) {
        co_return fail(Reason::unsupported_config, "cannot start domain '{}': this host runs no such guests",
                       definition.name);
    }
    co_return co_await create_domain(making_with(workers_), std::move(definition), std::move(operation));
}

async::Task<Result<Workers::Loan>> XenHypervisor::borrow(Workers& workers, std::string what,
                                                         Operation operation) {
    if (workers.free() == 0) operation.at(hypervisor::Stage::waiting_for_turn);
    auto worker = co_await workers.borrow(operation.cancel);
    if (!worker) co_return std::unexpected(in_context(what, std::move(worker.error())));
    co_return worker;
}

async::Task<Result<>> XenHypervisor::suspend(DomId domid, Operation operation) {
    co_await late_suspends_.end(domid);
    const auto nobody_else =
        co_await asking_.call([domid](Context& context) { return check_not_suspended(context, domid); });
    if (!nobody_else)
        co_return std::unexpected(in_context(fmt::format("suspend domain {}", domid), nobody_else.error()));
    auto suspended = co_await act(asking_, "suspend", domid, std::move(operation),
                                  {.start = [domid](libxl_ctx* ctx, const libxl_asyncop_how* how) {
                                      return libxl_domain_suspend_only(ctx, domid, how);
                                  }});
    if (!suspended && domid != 0) co_await take_back_save(domid);  // the guest is asked for the same
    co_return suspended;
}

async::Task<Result<>> XenHypervisor::resume(DomId domid, Operation operation) {
    const auto guest =
        co_await asking_.call([domid](Context& context) { return look_at_suspending(context, domid); });
    if (!guest) co_return std::unexpected(guest.error());
    if (!guest->suspended)
        co_return fail(Reason::invalid_state, "cannot resume domain {}: it is not suspended", domid);
    auto resumed =
        co_await act(asking_, "resume", domid, std::move(operation),
                     {.start = [domid](libxl_ctx* ctx, const libxl_asyncop_how* how) {
                         constexpr int it_knows_that_it_was_not_saved = 1;
                         return libxl_domain_resume(ctx, domid, it_knows_that_it_was_not_saved, how);
                     }});
    follow_anew(domid);
    co_return resumed;
}

async::Task<Result<>> XenHypervisor::soft_reset(DomId domid, Operation operation) {
    const auto what = fmt::format("soft reset domain {}", domid);
    log::debug("operation {}: {}", operation.id.value, what);
    const auto worker = co_await borrow(workers_, what, operation);
    if (!worker) co_return std::unexpected(worker.error());
    auto reset = co_await soft_reset_domain(*worker, domid);
    if (reset) follow_anew(domid);
    co_return co_await explained(**worker, what, domid, std::move(reset));
}

/// libxl tells of one stop in a life: of that for the save, and of no other.
void XenHypervisor::follow_anew(DomId domid) {
    watching_.post([domid, attention = attention_, lives = lives_](Result<Context*> context) {
        if (!context) return;
        for (const auto& [life, of] : *lives) {
            if (of != domid) continue;
            (*context)->deaths().unfollow(life);
            (*context)->deaths().follow(life, domid);
        }
        attention->raise();
    });
}

async::Task<Result<bool>> XenHypervisor::is_paused(DomId domid, std::string_view verb) {
    return asking_.call(
        [domid, what = fmt::format("{} domain {}", verb, domid)](Context& context) -> Result<bool> {
            DomainInfo info;
            auto read = context.attempt(
                what, domid, [&](libxl_ctx* ctx) { return libxl_domain_info(ctx, info.get(), domid); });
            if (!read) return std::unexpected(std::move(read.error()));
            return info->paused;
        });
}

/// Xen counts pauses, those of other tools among them: one unpause is to be enough.
async::Task<Result<>> XenHypervisor::unpause(DomId domid, Operation operation) {
    for (unsigned i = 0; i < limits::pauses_of_a_domain; ++i) {
        const auto paused = co_await is_paused(domid, "unpause");
        if (!paused) co_return std::unexpected(paused.error());
        if (!*paused) co_return Result<>{};
        auto unpaused = co_await act(asking_, "unpause", domid, operation,
                                     {.start = [domid](libxl_ctx* ctx, const libxl_asyncop_how* how) {
                                         return libxl_domain_unpause(ctx, domid, how);
                                     }});
        if (!unpaused) {
            // libxl refuses when another tool was quicker.
            const auto still = co_await is_paused(domid, "unpause");
            if (!still || *still) co_return unpaused;
        }
    }
    co_return fail(Reason::operation_failed, "cannot unpause domain {}: it is paused more than {} times",
                   domid, limits::pauses_of_a_domain);
}

async::Task<Result<>> XenHypervisor::pause(DomId domid, Operation operation) {
    const auto paused = co_await is_paused(domid, "pause");
    if (!paused) co_return std::unexpected(paused.error());
    if (*paused) co_return Result<>{};
    co_return co_await act(asking_, "pause", domid, std::move(operation),
                           {.start = [domid](libxl_ctx* ctx, const libxl_asyncop_how* how) {
                               return libxl_domain_pause(ctx, domid, how);
                           }});
}

async::Task<Result<>> XenHypervisor::request_shutdown(DomId domid, hypervisor::ShutdownMethod method,
                                                      Operation operation) {
    if (method == hypervisor::ShutdownMethod::acpi) return press_power_button(domid, std::move(operation));
    return ask_to_stop(domid, {"shut down", "poweroff", libxl_domain_shutdown}, std::move(operation));
}

/// Xen takes the button of a PVH guest for pressed and does nothing.
async::Task<Result<>> XenHypervisor::press_power_button(DomId domid, Operation operation) {
    const auto type = co_await asking_.call([domid](Context& context) { return guest_type(context, domid); });
    if (!type) co_return std::unexpected(type.error());
    if (*type != domain::GuestType::hvm) {
        co_return fail(Reason::unsupported_operation,
                       "cannot shut down domain {} by ACPI: it is no HVM guest and has no power button",
                       domid);
    }
    co_return co_await act(asking_, "press the power button of", domid, std::move(operation),
                           {.start = [domid](libxl_ctx* ctx, const libxl_asyncop_how* how) {
                               return libxl_send_trigger(ctx, domid, LIBXL_TRIGGER_POWER, 0, how);
                           }});
}

async::Task<Result<>> XenHypervisor::request_reboot(DomId domid, Operation operation) {
    return ask_to_stop(domid, {"reboot", "reboot", libxl_domain_reboot}, std::move(operation));
}

/// One that nobody wants any more is taken back where it was asked, as libxl leaves it standing. A destroy of
/// the guest may wait for that: it is a moment, as the context has only just answered, and bounded as any
/// call.
async::Task<Result<>> XenHypervisor::ask_to_stop(DomId domid, StopRequest request, Operation operation) {
    const auto asked = std::make_shared<bool>(false);  // the context's thread's
    auto acknowledged =
        co_await act(asking_, request.verb, domid, std::move(operation),
                     {.start = [asked, domid, request](libxl_ctx* ctx, const libxl_asyncop_how* how) {
                         const int rc = request.ask(ctx, domid, how);
                         *asked = rc == 0;
                         return rc;
                     }});
    if (acknowledged || acknowledged.error().reason != Reason::cancelled) co_return acknowledged;
    const auto taken_back = co_await asking_.call([asked, domid, request](Context& context) -> Result<bool> {
        if (!*asked) return true;
        return take_back(context, domid, request.word);
    });
    if (!taken_back)
        log::warning("domain {} may still {}: {}", domid, request.verb, taken_back.error().message);
    if (taken_back && !*taken_back) co_return Result<>{};
    co_return acknowledged;
}

/// Never cut short: a domain that is half destroyed is of no use to anybody.
async::Task<Result<>> XenHypervisor::destroy(DomId domid, Operation operation) {
    if (auto free = co_await await_lock("destroy", domid, operation.cancel); !free) co_return free;
    co_return co_await act(
        destroying_, "destroy", domid, std::move(operation),
        {.start = [domid](libxl_ctx* ctx,
                          const libxl_asyncop_how* how) { return libxl_domain_destroy(ctx, domid, how); },
         .abortable = false});
}

async::Task<Result<domain::Definition>> XenHypervisor::describe(DomId domid, async::CancelToken cancel) {
    const auto free = co_await await_lock("describe", domid, cancel);
    if (!free) co_return std::unexpected(free.error());
    co_return co_await xenlight::describe(asking_, domid, std::move(cancel));
}

async::Task<Result<>> XenHypervisor::check_whole(DomId domid, async::CancelToken cancel) {
    if (auto free = co_await await_lock("describe", domid, cancel); !free) co_return free;
    co_return co_await xenlight::check_whole(asking_, domid, std::move(cancel));
}

/// Before a call that needs the lock on what libxl keeps of the domain: a thread that is everybody's must not
/// wait for it.
async::Task<Result<>> XenHypervisor::await_lock(std::string_view verb, DomId domid,
                                                async::CancelToken cancel) {
    const auto what = fmt::format("{} domain {}", verb, domid);
    const auto end = core_.now() + limits::domain_lock;
    for (;;) {
        const auto locked =
            co_await watching_.call([domid](Context& context) { return is_domain_locked(context, domid); });
        if (!locked || !*locked) co_return Result<>{};
        if (core_.now() >= end)
            co_return fail(Reason::operation_failed,
                           "cannot {}: something else is being done to it and does not come to its end, as a "
                           "change of a disk whose storage does not answer",
                           what);
        if (!co_await async::sleep_for(core_, limits::domain_lock_look, cancel))
            co_return std::unexpected(error_of({.rc = ERROR_ABORTED}, what));
    }
}

/// Everything that is done to one domain and brings nothing back.
async::Task<Result<>> XenHypervisor::act(ContextThread& thread, std::string verb, DomId domid,
                                         Operation operation, ContextThread::Ao ao) {
    ao.what = fmt::format("{} domain {}", verb, domid);
    ao.domid = domid;
    log::debug("operation {}: {}", operation.id.value, ao.what);
    if (domid == 0)
        co_return fail(Reason::unsupported_operation, "cannot {}: it is the host itself", ao.what);
    if (in_flight_ >= limits::asked_operations)
        co_return fail(Reason::too_many, "cannot {}: {} operations are in progress", ao.what, in_flight_);
    const Counted counted(in_flight_);
    const auto what = ao.what;
    auto acted = co_await thread.perform(std::move(ao), operation.cancel);
    co_return co_await explained(thread, what, domid, std::move(acted));
}

/// libxl mostly just fails when a domain is gone.
async::Task<Result<>> XenHypervisor::explained(ContextThread& thread, std::string what, DomId domid,
                                               Result<> acted) {
    if (acted || acted.error().reason != Reason::operation_failed) co_return acted;

    const auto there = co_await thread.call([domid](Context& context) -> Result<bool> {
        return context.enter([&](libxl_ctx* ctx) { return libxl_domain_info(ctx, nullptr, domid); }) !=
               ERROR_DOMAIN_NOTFOUND;
    });
    if (there && !*there) {
        acted.error().reason = Reason::no_domain;
        acted.error().message = fmt::format("cannot {}: Xen has no such domain", what);
    }
    co_return acted;
}

}  // namespace virtlight::xenlight
