// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>
#include <memory>
#include <set>

#include "async/blocking.hpp"
#include "async/scope.hpp"
#include "async/virtual_loop.hpp"
#include "manager/file_store.hpp"
#include "manager/manager.hpp"
#include "simulated/simulated.hpp"
#include "simulation/disk.hpp"
#include "simulation/guest_rules.hpp"

namespace virtlight::simulation {

/// Runs what was given to it on a loop, until it dies.
class Mortal final : public async::Scheduler {
 public:
    explicit Mortal(async::VirtualLoop& loop) : loop_(loop) {}
    void die() { *alive_ = false; }
    bool alive() const { return *alive_; }

    Time now() const override { return loop_.now(); }
    void post(async::Work work) override { loop_.post(while_alive(std::move(work))); }
    async::TimerId call_at(Time due, async::Work work) override {
        return loop_.call_at(due, while_alive(std::move(work)));
    }
    void cancel(async::TimerId id) override { loop_.cancel(id); }

 private:
    async::Work while_alive(async::Work work) {
        return [alive = alive_, work = std::move(work)]() mutable {
            if (*alive) work();
        };
    }

    async::VirtualLoop& loop_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

/// The hypervisor of one daemon, which tells the rules what it is asked to do.
class Watched : public simulated::Simulated {
 public:
    using Asked = std::function<bool(Uuid)>;
    Watched(simulated::Machine& machine, async::Scheduler& scheduler, async::Blocking& blocking,
            GuestRules& rules, Asked destroy_asked);

    async::Task<Result<hypervisor::Created>> restore(domain::Definition definition,
                                                     hypervisor::KnownImage image,
                                                     hypervisor::Operation operation) override;
    async::Task<Result<>> save(simulated::DomId domid, hypervisor::ImageHead head, std::filesystem::path path,
                               hypervisor::Operation operation) override;
    async::Task<Result<>> unpause(simulated::DomId domid, hypervisor::Operation operation) override;
    async::Task<Result<>> resume(simulated::DomId domid, hypervisor::Operation operation) override;
    async::Task<> take_back_save(simulated::DomId domid) override;
    async::Task<Result<>> destroy(simulated::DomId domid, hypervisor::Operation operation) override;

 private:
    simulated::Machine& machine_;
    GuestRules& rules_;
    Asked destroy_asked_;
};

/// Lives that have begun and not ended, each once.
class Lives final : public manager::LifeWatcher {
 public:
    void life_began(const manager::LifeBegun& begun) override {
        if (!lives_.emplace(begun.uuid, begun.life).second) broken_ = "a life has begun twice\n";
    }
    void life_ended(Uuid uuid, hypervisor::LifeId life) override {
        if (lives_.erase({uuid, life}) == 0) broken_ = "a life has ended that had not begun\n";
    }
    void domain_gone(Uuid uuid) override {
        const auto life = lives_.lower_bound({uuid, {}});
        if (life != lives_.end() && life->first == uuid) broken_ = "a domain has gone that runs\n";
    }
    std::size_t size() const { return lives_.size(); }
    const std::string& broken() const { return broken_; }

 private:
    std::set<std::pair<Uuid, hypervisor::LifeId>> lives_;
    std::string broken_;
};

/// Puts something broken between a manager and its store; for the proof that it is noticed.
using Spoil = std::function<std::unique_ptr<manager::Store>(manager::Store&)>;

/// A daemon from its start to the moment in which it is killed: dies by itself when the disk has crashed.
class Daemon {
 public:
    Daemon(async::VirtualLoop& loop, simulated::Machine& machine, Disk& disk, GuestRules& rules,
           Watched::Asked destroy_asked, const Spoil& spoil);
    /// Everything that is under way is dropped where it stands.
    ~Daemon();

    bool alive() const { return scheduler_.alive(); }
    simulated::Simulated& hypervisor() { return hypervisor_; }
    manager::Manager& manager() { return *manager_; }
    const Lives& lives() const { return lives_; }
    /// What its clients wait for.
    async::Scope& clients() { return clients_; }

 private:
    class Writer final : public async::Blocking {
     public:
        Writer(Mortal& scheduler, Disk& disk) : scheduler_(scheduler), disk_(disk) {}
        void submit(async::Work work) override;

     private:
        Mortal& scheduler_;
        Disk& disk_;
    };

    Mortal scheduler_;
    Writer writer_;
    manager::FileStore store_;
    std::unique_ptr<manager::Store> spoilt_;
    Watched hypervisor_;
    Lives lives_;
    async::Scope clients_;
    std::unique_ptr<manager::Manager> manager_;
};

}  // namespace virtlight::simulation
