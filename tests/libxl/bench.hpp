// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <ostream>
#include <string>
#include <vector>

#include "base/file.hpp"
#include "libxl/bridge.hpp"
#include "libxl/machine.hpp"

namespace virtlight::fake {

/// Where a scenario is played on one bridge: a machine, operations of libxl's, and what was not as it should
/// be.
class Bench {
 public:
    explicit Bench(const BridgeKind& kind);
    Bench(const Bench&) = delete;
    Bench& operator=(const Bench&) = delete;
    /// Ends the guests and waits for the operations, as a context with one in progress cannot be freed.
    ~Bench();

    Machine machine;

    /// An operation of libxl's, as its caller sees it.
    struct Ao {
        std::string name;
        Bench* bench;
        std::atomic<int> ends = 0;
        std::atomic<int> rc = 0;
        bool refused = false;  ///< by the call that was to start it
    };
    using Start = std::function<int(libxl_ctx*, const libxl_asyncop_how*)>;
    Ao& start(std::string name, const Start& start);
    void abort(Ao& ao);
    Ao& shut_down(unsigned domid);

    void call(const std::function<void(libxl_ctx*)>& call) { bridge_->call(call); }
    /// Keeps the thread that waits for events from doing so until the result is destroyed.
    [[nodiscard]] std::shared_ptr<void> occupy();
    /// Returns when that thread has served what it knew of.
    void settle();

    void expect(bool good, const std::string& what);
    void expect_end(Ao& ao, int rc);
    /// It has not ended, and does not end by itself.
    void expect_waiting(Ao& ao);
    static bool wait(const std::function<bool()>& happened, Duration bound = seconds(5));

    static void wait_for_end(const Ao& ao) {
        wait([&] { return ao.ends > 0 || ao.refused; });
    }

    /// The ends of the operations, in their order: "NAME ends with RC".
    std::vector<std::string> trace() const;

    /// What was not as it should be: for the scenario, and for the referee.
    std::vector<std::string> complaints() const;

 private:
    static void ended(libxl_ctx* ctx, int rc, void* ao);
    static libxl_asyncop_how how(Ao& ao);

    std::list<Ao> aos_;
    std::vector<std::string> complaints_;
    mutable std::mutex trace_mutex_;
    std::vector<std::string> trace_;
    std::unique_ptr<Bridge> bridge_;
};

/// A scenario for one context: it says what has to hold on any bridge.
struct Scenario {
    const char* name;
    void (*play)(Bench& bench);

    friend void PrintTo(const Scenario& scenario, std::ostream* out) { *out << scenario.name; }
};
const std::vector<Scenario>& scenarios();
/// Those that no bridge survives, as the fault is libxl's.
const std::vector<Scenario>& faults();

}  // namespace virtlight::fake
