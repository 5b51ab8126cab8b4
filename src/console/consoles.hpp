// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "async/blocking.hpp"
#include "async/scheduler.hpp"
#include "async/scope.hpp"
#include "async/task.hpp"
#include "base/result.hpp"
#include "console/channel.hpp"
#include "console/channels.hpp"
#include "console/console.hpp"
#include "console/console_lock.hpp"
#include "console/history_keeper.hpp"
#include "console/settings.hpp"
#include "hypervisor/port.hpp"
#include "manager/manager.hpp"

namespace virtlight::console {

/// Where consoles keep their files.
struct Places {
    std::filesystem::path histories;  ///< FOLDER/UUID.CONSOLE
    std::filesystem::path logs;       ///< FOLDER/DOMAIN/CONSOLE.log
    std::filesystem::path locks;      ///< FOLDER/xenconsole.DOMID, where xenconsole looks for them
};

/// "console0" (Xen's own), "serial0" or "channel0", as libvirt calls them.
std::string name_of(const domain::Console& console);

/// The consoles of all domains: one reader for each tty, from before the guest first runs until it is gone.
/// A console goes on from life to life of its domain, and its history over a restart of the daemon as well.
/// Lives on the core thread.
class Consoles final : public manager::LifeWatcher {
 public:
    /// `disk` is where files are written; it should be nobody else's, as a full disk may hold it up. All four
    /// must outlive this.
    Consoles(async::FdScheduler& loop, async::Blocking& disk, hypervisor::Hypervisor& hypervisor,
             manager::Manager& manager, Places places, const Settings& settings = {});
    ~Consoles() override;

    /// Reads the histories that the daemon before has kept, and begins to watch. Before the manager's
    /// start_up().
    async::Task<> start_up();
    /// Gives the histories that were kept to the domains that do not run. Those of domains that are not known
    /// stay for a while, as another tool's may become so; then they are forgotten. After the manager's
    /// start_up().
    void take_up_histories();
    /// Writes what is not written yet, and lets go of all ttys. What a disk that does not answer any more
    /// does not take is given up. After the manager's shut_down(), and with no viewer left.
    async::Task<> shut_down();

    /// A console of a domain that runs; without a name the one that the guest talks to first: the first
    /// serial port, or else Xen's. no_domain, invalid_state (it is not running), invalid_argument (it has no
    /// such console). To be kept only as long as somebody uses it.
    Result<std::shared_ptr<Console>> find(Uuid uuid, const std::optional<std::string>& name) const;
    /// The same, also of a domain that does not run, for what its console has seen.
    Result<std::shared_ptr<Console>> find_history(Uuid uuid, const std::optional<std::string>& name) const;

    /// A channel of a domain that runs, as Channels::open(). And no_domain, invalid_state: it is not running.
    Result<std::shared_ptr<Channel>> open_channel(Uuid uuid, const std::optional<std::string>& name,
                                                  bool force);

    /// Lets go of the consoles of a domain that runs, so that xl console can have them, until take_back() or
    /// the domain's next life. Its viewers stay, are told so, and miss what is said meanwhile. no_domain;
    /// invalid_state: it does not run, or they are released already.
    Result<> release(Uuid uuid);
    /// Reads them again, at once. invalid_state: they are not released; operation_failed: another program has
    /// them, which is told when the kernel has told its name.
    async::Task<Result<>> take_back(Uuid uuid);

    struct Listed {
        Uuid uuid{};
        std::string domain;
        std::optional<hypervisor::DomId> domid;  ///< empty: it does not run
        std::string name;
        bool released = false;  ///< as release() has it
        std::shared_ptr<Console> console;
    };
    /// All that have a history, in the order of their domains' names.
    std::vector<Listed> list() const;

    const Settings& settings() const { return settings_; }

    void life_began(const manager::LifeBegun& begun) override;
    void life_ended(Uuid uuid, hypervisor::LifeId life) override;
    void domain_gone(Uuid uuid) override;

 private:
    struct Guest {
        std::string name;
        hypervisor::LifeId life{};  ///< zero: it does not run
        hypervisor::DomId domid = 0;
        std::map<std::string, std::shared_ptr<Console>> consoles{};
        std::set<std::string> present{};                ///< which of them this life has
        std::set<std::string> elsewhere{};              ///< serial ports of this life that are no ptys
        std::map<std::string, std::string> ttys{};      ///< of this life, as far as they are there
        std::map<std::string, std::string> refusals{};  ///< of the last try: why consoles are not read
        Channels channels{};                            ///< of this life
        std::optional<ConsoleLock> lock{};
        async::TimerId retry{};
        bool released = false;   ///< for another reader, as long as this life lasts
        bool refused = false;    ///< the last try of this life has failed, which was reported
        bool rebooting = false;  ///< the next life is the same boot's successor
    };

    Result<Guest*> running(Uuid uuid);
    Result<std::shared_ptr<Console>> find_among(Uuid uuid, const std::optional<std::string>& name,
                                                bool of_its_life) const;
    std::shared_ptr<Console> make(Uuid uuid, const Guest& guest, const std::string& name);
    std::filesystem::path log_path(const Guest& guest, const std::string& name) const;
    static void sort_consoles(Guest& guest, const std::vector<domain::Console>& consoles);
    void begin_console(Guest& guest, const domain::Console& console, const manager::LifeBegun& begun,
                       bool reboots);
    void take_up(Uuid uuid, Guest& guest);
    void take_up_known();
    void ttys_told(Uuid uuid, hypervisor::LifeId life, const std::vector<domain::Console>& consoles);
    void lost(const HistoryKey& key);
    void attach(Uuid uuid, Guest& guest);
    Result<> try_attach(Guest& guest) const;
    static void tell_unread(const Guest& guest, const Result<>& attached);
    std::filesystem::path lock_path(const Guest& guest) const;
    void warn_of(const Guest& guest, const Error& why) const;
    void detach(Guest& guest);
    static void silence(const Guest& guest, const std::string& why);
    void retry_later(Uuid uuid);
    void told(const domain::Event& event);
    void rename(Guest& guest, const std::string& name);
    void told(Guest& guest, const domain::EventKind& kind, domain::State state);
    void part_with_others(Uuid uuid, Guest& guest, bool found);
    void drop(const HistoryKey& key, std::shared_ptr<Console> console);
    async::Task<> retire(std::shared_ptr<Console> console);

    const Ring* history_of(const HistoryKey& key) const;
    async::Task<> write_the_rest();
    unsigned answers() const { return histories_.answers() + logs_closed_; }

    async::FdScheduler& loop_;
    async::Blocking& disk_;
    hypervisor::Hypervisor& hypervisor_;
    manager::Manager& manager_;
    const Places places_;
    const Settings settings_;
    manager::Manager::Subscription events_;
    std::map<Uuid, Guest> guests_;
    HistoryKeeper histories_;
    async::TimerId unclaimed_timer_;
    bool ending_ = false;
    unsigned logs_closed_ = 0;
    async::Scope scope_;               ///< consoles that have gone, whose logs are not closed yet
    async::Scope rest_;                ///< what shut_down() has written
    async::Scope waiters_;             ///< those who wait for that
    std::shared_ptr<Consoles*> self_;  ///< weakly held by callbacks, which may come when this is gone
};

}  // namespace virtlight::console
