// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/xen_hypervisor.hpp"

#include <cstdlib>
#include <filesystem>
#include <future>
#include <memory>
#include <system_error>

#include "base/limits.hpp"
#include "base/log.hpp"
#include "xenlight/create.hpp"
#include "xenlight/describe.hpp"
#include "xenlight/domain_lock.hpp"
#include "xenlight/host.hpp"
#include "xenlight/lifeline.hpp"
#include "xenlight/words.hpp"

namespace virtlight::xenlight {

using hypervisor::Created;
using hypervisor::DomId;
using hypervisor::LifeId;
using hypervisor::Operation;

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
      device_news_(core),
      model_threads_(limits::model_threads),
      model_counters_(core),
      late_suspends_(core, asking_, [this](DomId domid) { follow_anew(domid); }) {}

XenHypervisor::~XenHypervisor() {
    late_suspends_.drop();
    link_->cut();
    late_.drop();
    attention_->on_raised(nullptr);
}

Result<std::unique_ptr<XenHypervisor>> XenHypervisor::open(async::FdScheduler& core,
                                                           Autoballoon autoballoon) {
    name_xenstored_socket();
    std::unique_ptr<XenHypervisor> xen(new XenHypervisor(core));
    if (auto read = xen->read_facts(autoballoon); !read) return std::unexpected(std::move(read.error()));
    return xen;
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
    if (workers.free() == 0) operation.tell_stage(hypervisor::Stage::waiting_for_turn);
    auto worker = co_await workers.borrow(operation.cancel);
    if (!worker) co_return std::unexpected(in_context(what, std::move(worker.error())));
    co_return worker;
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
                                         Operation operation, ContextThread::Ao ao, Whom whom) {
    ao.what = fmt::format("{} domain {}", verb, domid);
    ao.domid = domid;
    log::debug("operation {}: {}", operation.id.value, ao.what);
    if (domid == 0 && whom == Whom::guests)
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
