// SPDX-License-Identifier: LGPL-2.1-or-later
#include "manager/manager.hpp"

#include <deque>
#include <functional>
#include <utility>

#include "base/limits.hpp"
#include "base/log.hpp"
#include "manager/control_domain.hpp"
#include "manager/drained.hpp"
#include "manager/manager_impl.hpp"
#include "manager/recovery.hpp"

namespace virtlight::manager {

using async::Task;
using hypervisor::Operation;

Result<DomainRef> Manager::Impl::existing(Uuid uuid) const {
    auto domain = core.registry.find(uuid);
    if (!domain || !domain->exists())
        return fail(Reason::no_domain, "no domain with matching uuid '{}'", to_string(uuid));
    return domain;
}

namespace {

/// What is said of Domain-0's processors and memory as of a guest's.
bool suits_the_host(JobKind kind) {
    return kind == JobKind::pin_vcpu || kind == JobKind::set_cpu_share || kind == JobKind::set_memory ||
           kind == JobKind::set_vcpus;
}

}  // namespace

Result<DomainRef> Manager::Impl::changeable(JobKind kind, Uuid uuid) const {
    auto domain = existing(uuid);
    if (!domain || !(*domain)->control || suits_the_host(kind)) return domain;
    Error why{Reason::invalid_state, "Domain-0 does not support requested operation"};
    return std::unexpected(refusal(kind, (*domain)->name, std::move(why)));
}

Result<DomainRef> Manager::Impl::claim(JobKind kind, const domain::Definition& definition) {
    auto domain = core.registry.claim(definition.uuid, definition.name);
    if (!domain) return std::unexpected(refusal(kind, definition.name, std::move(domain.error())));
    if ((*domain)->control) return changeable(kind, definition.uuid);
    return domain;
}

Task<Result<>> Manager::Impl::start(Uuid uuid, StartOptions options) {
    return change(JobKind::start, uuid, [this, options](DomainRef domain, Operation operation) {
        return guests.start(std::move(domain), options, std::move(operation));
    });
}

namespace {

/// What the last daemon had half made of it is about to go; a start has its turn after that.
bool is_being_undone(const Domain& domain) {
    return domain.status == domain::Status(domain::PausedReason::starting_up);
}

}  // namespace

Task<> Manager::Impl::autostart(std::string boot) {
    if (boot.empty() || autostarted_in == boot) co_return;
    std::deque<Uuid> waiting;
    for (const auto& domain : core.registry.all()) {
        const bool is_off = !domain->life || is_being_undone(*domain);
        if (is_off && (domain->autostart || domain->autostart_once))
            waiting.push_back(domain->uuid);
        else if (domain->autostart_once)
            starting.spawn(spend_autostart(domain->uuid));
    }
    for (unsigned i = 0; i < limits::autostarts_at_once; ++i)
        starting.spawn(start_each(waiting));
    co_await starting.drained();
    // Otherwise the next daemon goes on with those that are left.
    if (core.stopping) co_return;
    const auto noted = co_await core.store.note_autostart(std::move(boot));
    if (!noted) log::warning("that the autostart is done cannot be noted: {}", noted.error().message);
}

Task<> Manager::Impl::start_each(std::deque<Uuid>& uuids) {
    while (!uuids.empty() && !core.stopping) {
        const auto uuid = uuids.front();
        uuids.pop_front();
        const StartOptions options;
        const auto started = co_await start(uuid, options);
        if (!started) log::error("autostart: {}", started.error().message);
        co_await spend_autostart(uuid);
    }
}

Task<> Manager::Impl::spend_autostart(Uuid uuid) {
    const auto domain = core.registry.find(uuid);
    if (!domain || !domain->autostart_once || core.stopping) co_return;
    const auto spent = co_await set_autostart(uuid, Autostart::next_boot, false);
    if (!spent) log::warning("autostart: {}", spent.error().message);
}

Task<Result<>> Manager::Impl::set_autostart(Uuid uuid, Autostart at, bool autostart) {
    return change(JobKind::set_autostart, uuid, [this, at, autostart](DomainRef domain, Operation) {
        return definitions.set_autostart(std::move(domain), at, autostart);
    });
}

Manager::Manager(async::Scheduler& scheduler, hypervisor::Hypervisor& hypervisor, Store& store)
    : impl_(std::make_unique<Impl>(scheduler, hypervisor, store)) {
    impl_->core.attend = [impl = impl_.get()] { impl->reconciler.attend(); };
}

Manager::~Manager() {
    impl_->core.hypervisor.on_attention([] {});
    // Operations that do not end even when cancelled use what is in here. Better left than pulled away under
    // them: the process is about to end.
    if (impl_->gave_up) {
        static_cast<void>(impl_.release());
        return;
    }
    for (auto* scope :
         {&impl_->starting, &impl_->scope, &impl_->reconciler.adoptions(), &impl_->core.timeline.writes(),
          &impl_->looks, &impl_->disk_sizes.looks(), &impl_->waiters})
        scope->drop();
}

Task<Result<>> Manager::start_up() {
    auto& core = impl_->core;
    auto content = co_await core.store.load();
    if (!content) co_return std::unexpected(std::move(content.error()));
    for (const auto& problem : content->problems)
        log::error("{}", problem);

    core.hypervisor.on_attention([impl = impl_.get()] { impl->reconciler.attend(); });
    const auto asked = core.moments.next();
    const auto snapshot = co_await core.hypervisor.look();
    if (!snapshot) co_return std::unexpected(snapshot.error());
    show_control_domain(core, *snapshot);
    co_await restore_definitions(core, std::move(content->domains), std::move(content->images));
    const Parts parts{core, impl_->jobs, impl_->guests, impl_->devices, impl_->renaming};
    auto later =
        co_await restore_lives(parts, std::move(content->lives), std::move(content->images_aside), *snapshot);
    impl_->reconciler.apply(*snapshot, asked);
    impl_->scope.spawn(impl_->reconciler.run());
    co_await drained_within(core.scheduler, impl_->reconciler.adoptions(), impl_->scope,
                            limits::adoption_wait);
    co_await do_later(core, std::move(later));
    impl_->autostarted_in = std::move(content->autostarted_in);
    co_return Result<>{};
}

Task<> Manager::shut_down() {
    auto& core = impl_->core;
    impl_->jobs.stop();
    impl_->reconciler.stop();
    const bool drained =
        co_await drained_within(core.scheduler, impl_->scope, impl_->waiters, limits::shut_down_wait);
    impl_->gave_up = !drained;
    if (!drained)
        log::error("{} operations do not end although they were cancelled", impl_->scope.in_flight());
    for (const auto& domain : core.registry.running())
        if (!domain->control) core.hypervisor.unfollow(domain->life->id);
    const bool written = co_await drained_within(core.scheduler, core.timeline.writes(), impl_->waiters,
                                                 limits::shut_down_wait);
    impl_->gave_up = impl_->gave_up || !written;
}

void Manager::keep_timelines(async::Blocking& blocking, std::filesystem::path folder) {
    impl_->core.timeline.keep({blocking, std::move(folder)});
}

void Manager::autostart(std::string boot) {
    impl_->scope.spawn(impl_->autostart(std::move(boot)));
}

Manager::Asking::Asking(Manager& manager, std::string client) : manager_(manager) {
    manager_.impl_->core.client = std::move(client);
}

Manager::Asking::~Asking() {
    manager_.impl_->core.client.clear();
}

void Manager::watch_lives(LifeWatcher& watcher) {
    impl_->core.watcher = &watcher;
}

void Manager::use_networks(Networks& networks) {
    impl_->core.networks = &networks;
}

const hypervisor::HostFacts& Manager::host() const {
    return impl_->core.hypervisor.host();
}

std::uint64_t Manager::memory_free_kib() const {
    return impl_->core.memory_free_kib;
}

std::vector<DomainInfo> Manager::list() const {
    const auto& registry = impl_->core.registry;
    std::vector<DomainInfo> infos;
    infos.reserve(registry.size());
    for (const auto& domain : registry.running())
        infos.push_back(info(*domain));
    for (const auto& domain : registry.all())
        if (!domain->life && domain->exists()) infos.push_back(info(*domain));
    return infos;
}

Result<DomainInfo> Manager::find(Uuid uuid) const {
    const auto domain = impl_->existing(uuid);
    if (!domain) return std::unexpected(domain.error());
    return info(**domain);
}

Result<DomainInfo> Manager::find_by_name(std::string_view name) const {
    const auto domain = impl_->core.registry.find_by_name(name);
    if (!domain || !domain->exists())
        return fail(Reason::no_domain, "no domain with matching name '{}'", name);
    return info(*domain);
}

Result<DomainInfo> Manager::find_by_domid(int domid) const {
    const auto domain =
        domid < 0 ? nullptr : impl_->core.registry.find_by_domid(static_cast<hypervisor::DomId>(domid));
    if (!domain) return fail(Reason::no_domain, "no domain with matching id {}", domid);
    return info(*domain);
}

Result<domain::Definition> Manager::definition(Uuid uuid, Which which) const {
    const auto domain = impl_->existing(uuid);
    if (!domain) return std::unexpected(domain.error());
    return shown(**domain, which);
}

Result<bool> Manager::is_updated(Uuid uuid) const {
    const auto domain = impl_->existing(uuid);
    if (!domain) return std::unexpected(domain.error());
    return manager::is_updated(**domain);
}

Task<Result<DomainInfo>> Manager::define(domain::Definition definition) {
    auto& impl = *impl_;
    const auto uuid = definition.uuid;
    const auto domain = impl.claim(JobKind::define, definition);
    if (!domain) co_return std::unexpected(domain.error());
    Jobs::Work work = [&impl, domain = *domain, definition = std::move(definition)](Operation) mutable {
        return impl.definitions.define(std::move(domain), std::move(definition));
    };
    const auto defined = co_await impl.jobs.run(*domain, JobKind::define, std::move(work));
    if (!defined) co_return std::unexpected(defined.error());
    impl.looks.spawn(impl.look_at_files(*domain));
    co_return find(uuid);
}

Task<Result<>> Manager::undefine(Uuid uuid, bool with_image) {
    return impl_->change(JobKind::undefine, uuid,
                         [impl = impl_.get(), with_image](DomainRef domain, Operation) {
                             return impl->definitions.undefine(std::move(domain), with_image);
                         });
}

Task<Result<>> Manager::set_autostart(Uuid uuid, bool autostart) {
    return impl_->set_autostart(uuid, Autostart::each_boot, autostart);
}

Task<Result<>> Manager::set_autostart_once(Uuid uuid, bool autostart) {
    return impl_->set_autostart(uuid, Autostart::next_boot, autostart);
}

Task<Result<DomainInfo>> Manager::start(Uuid uuid, StartOptions options) {
    const auto started = co_await impl_->start(uuid, options);
    if (!started) co_return std::unexpected(started.error());
    co_return find(uuid);
}

Task<Result<DomainInfo>> Manager::create(domain::Definition definition, StartOptions options) {
    auto& impl = *impl_;
    const auto uuid = definition.uuid;
    const auto domain = impl.claim(JobKind::create, definition);
    if (!domain) co_return std::unexpected(domain.error());
    Jobs::Work work = [&impl, domain = *domain, definition = std::move(definition),
                       options](Operation operation) mutable {
        return impl.guests.create(std::move(domain), std::move(definition), options, std::move(operation));
    };
    const auto created = co_await impl.jobs.run(*domain, JobKind::create, std::move(work));
    if (!created) co_return std::unexpected(created.error());
    co_return find(uuid);
}

Task<Result<>> Manager::suspend(Uuid uuid) {
    return impl_->change(JobKind::suspend, uuid, std::bind_front(&Guests::suspend, &impl_->guests));
}

Task<Result<>> Manager::resume(Uuid uuid) {
    return impl_->change(JobKind::resume, uuid, std::bind_front(&Guests::resume, &impl_->guests));
}

Task<Result<>> Manager::shutdown(Uuid uuid, std::optional<hypervisor::ShutdownMethod> method) {
    return impl_->change(JobKind::shutdown, uuid,
                         [impl = impl_.get(), method](DomainRef domain, Operation operation) {
                             return impl->guests.shutdown(std::move(domain), method, std::move(operation));
                         });
}

Task<Result<>> Manager::destroy(Uuid uuid) {
    const auto domain = impl_->existing(uuid);
    if (domain && !(*domain)->life && !(*domain)->making) {
        Error why{Reason::invalid_state, "domain is not running"};
        co_return std::unexpected(refusal(JobKind::destroy, (*domain)->name, std::move(why)));
    }
    co_return co_await impl_->change(
        JobKind::destroy, uuid, [impl = impl_.get()](DomainRef doomed, Operation operation) {
            return impl->guests.destroy(std::move(doomed), domain::ShutoffReason::destroyed,
                                        std::move(operation));
        });
}

Result<JobReport> Manager::job(Uuid uuid) const {
    const auto domain = impl_->existing(uuid);
    if (!domain) return std::unexpected(domain.error());
    const auto* const job = current_job(**domain);
    if (!job) return JobReport();
    auto running = report(*job, impl_->core.scheduler.now());
    running.waiting = (*domain)->queue.waiting();
    return running;
}

Result<JobReport> Manager::last_job(Uuid uuid) const {
    const auto domain = impl_->existing(uuid);
    if (!domain) return std::unexpected(domain.error());
    return (*domain)->last_job.value_or(JobReport());
}

Result<> Manager::abort_job(Uuid uuid) {
    const auto domain = impl_->existing(uuid);
    if (!domain) return std::unexpected(domain.error());
    return impl_->jobs.abort(**domain);
}

Manager::Subscription Manager::subscribe(Listener listener) {
    auto& events = impl_->core.events;
    return Subscription([&events, id = events.subscribe(std::move(listener))] { events.unsubscribe(id); });
}

}  // namespace virtlight::manager
