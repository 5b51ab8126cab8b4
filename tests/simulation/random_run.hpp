// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "simulation/chance.hpp"
#include "simulation/host.hpp"

namespace virtlight::simulation {

/// Clients, guests, xl, the disk and the hypervisor, all at random: one seed, one run.
class RandomRun : public Host {
 public:
    explicit RandomRun(std::uint64_t seed, Spoil spoil = {});

    /// Something happens, and a while passes.
    void act();

 private:
    struct Act {
        unsigned weight;
        void (RandomRun::*does)();
        bool asks_daemon;  ///< one that is there
    };
    static const std::vector<Act>& acts();

    // What clients ask for
    void define();
    void undefine();
    void set_autostart();
    void start_guest();
    void create();
    void shutdown();
    void reboot();
    void destroy();
    void suspend();
    void resume();
    void save();
    void managed_save();
    void remove_managed_image();
    void restore();
    void reset();
    void dump_core();
    void sleep();
    void wake();
    void abort();

    // What they have changed
    void rename();
    void set_memory();
    void set_vcpus();
    void attach();
    void detach();
    void update();

    // What others do
    void guest_stops();
    void xl_creates();
    void xl_destroys();
    void xl_pauses();
    void xl_unpauses();
    void xl_renames();

    // What goes wrong
    void hypervisor_fails();
    void disk_fails();
    void disk_crashes();
    void daemon_is_killed();
    void daemon_is_stopped();

    domain::Definition some_guest();
    const domain::Definition& known_guest();
    simulated::DomId some_domid() { return 1 + chance_.below(9); }
    std::string some_name() { return std::string(1, static_cast<char>('a' + chance_.below(7))); }
    std::filesystem::path some_image();
    manager::Affects some_affects();
    domain::Disk some_disk();
    domain::Disk some_cd();
    domain::Nic some_nic();
    domain::Device some_device();
    std::string some_file();

    Chance chance_;
    std::array<domain::Definition, 5> names_;  ///< with their uuids
};

/// A run of so many steps, to its rest.
struct Outcome {
    std::string broken;  ///< empty: nothing
    std::vector<std::string> trace;
};
Outcome run_seed(std::uint64_t seed, unsigned steps, const Spoil& spoil = {});

}  // namespace virtlight::simulation
