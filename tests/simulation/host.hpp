// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "async/virtual_loop.hpp"
#include "manager/story.hpp"
#include "simulated/machine.hpp"
#include "simulation/daemon.hpp"
#include "simulation/disk.hpp"
#include "simulation/guest_rules.hpp"
#include "simulation/stored_rules.hpp"
#include "simulation/wish.hpp"

namespace virtlight::simulation {

/// A rule that does not hold.
struct Broken : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// A host in virtual time, with its disk, its guests and a daemon that can be killed at any moment.
/// Everything that happens is written down, and checked against what must hold: what is wrong is thrown as
/// Broken.
class Host {
 public:
    explicit Host(std::function<Duration(Duration)> vary = {}, Spoil spoil = {});
    virtual ~Host() = default;

    /// Asks the daemon for an operation, in the words of the trace.
    template <class T>
    unsigned ask(std::string words, Wish wish, async::Task<Result<T>> task) {
        const auto id = asked(std::move(words), std::move(wish));
        daemon_->clients().spawn(follow(id, std::move(task)));
        return id;
    }
    /// Operations that have not ended.
    std::size_t open() const { return open_.size(); }
    bool is_open(unsigned id) const { return open_.contains(id); }
    /// What the last operation of a client has ended with.
    const Result<>& last_result() const { return last_result_; }

    /// One step of the loop.
    void step();
    void run_for(Duration duration);
    /// Until every operation has ended, which they have to within `bound`.
    void finish_operations(Duration bound = std::chrono::hours(3));

    void kill(std::string_view why);
    /// Ends the daemon as an admin does, whatever it is at: within the time that it has for that.
    void stop();
    /// Starts a daemon, and another one as long as they are killed by the disk.
    void start();
    bool up() const { return daemon_ && daemon_->alive() && started_; }
    Daemon& daemon() { return *daemon_; }
    manager::Manager& manager() { return daemon_->manager(); }

    /// Nothing more goes wrong from here on: everything ends, and what is shown becomes what is so; also to a
    /// daemon that is started anew, and its orderly end leaves the guests as they are and nothing behind.
    void come_to_rest();

    /// Another tool makes a guest.
    void xl_creates(const domain::Definition& guest, bool paused);
    /// Another tool unpauses a guest.
    void xl_lets_run(simulated::DomId domid);
    /// Another tool gives a guest another name.
    void xl_renames(simulated::DomId domid, const std::string& name);

    void note(const std::string& text);
    const std::vector<std::string>& trace() const { return trace_; }

    async::VirtualLoop loop;
    Disk disk;
    simulated::Machine machine;
    std::filesystem::path images() const { return disk.path() / "images"; }

 private:
    struct Open {
        std::string words;
        Wish wish;
    };

    unsigned asked(std::string words, Wish wish);
    void ended(unsigned id, const Result<>& result);
    template <class T>
    async::Task<> follow(unsigned id, async::Task<Result<T>> task) {
        auto result = co_await std::move(task);
        if (result)
            ended(id, {});
        else
            ended(id, std::unexpected(result.error()));
    }
    bool wants(Uuid uuid, std::initializer_list<Wish::Kind> kinds) const;

    manager::Story story_of(manager::DomainInfo info);
    async::Task<> bring_up();
    async::Task<> shut_down();
    void shut_down_within(Duration bound);
    void drop_daemon();
    void heard(const domain::Event& event);
    void check_step();
    void settle();
    bool looks_half_made();
    std::string untruth();
    std::string untruth_of_guests();
    bool is_held_back(const manager::DomainInfo& info);
    std::string untruth_of_stories();
    std::string untruth_of_files();
    std::string untruth_of_devices();
    void end_in_order();
    std::string without_folder(std::string text) const;

    Spoil spoil_;
    GuestRules guests_;
    StoredRules stored_;
    std::unique_ptr<Daemon> daemon_;
    manager::Manager::Subscription events_;
    std::map<Uuid, manager::Story> stories_;
    std::string nonsense_;  ///< what events said that cannot be
    bool started_ = false;
    std::set<Uuid> rebooting_;  ///< as was told while the daemon was starting
    std::set<Uuid> halted_;     ///< the same
    std::map<unsigned, Open> open_;
    unsigned last_id_ = 0;
    Result<> last_result_;
    std::vector<std::string> trace_;
};

}  // namespace virtlight::simulation
