// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include "base/clock.hpp"
#include "domain/definition.hpp"
#include "hypervisor/port.hpp"

namespace virtlight::hypervisor::contract {

/// How a guest of the contract behaves.
enum class Habit {
    obeys,       ///< acknowledges requests and follows them
    frozen,      ///< never answers
    powers_off,  ///< by itself, soon after it runs
    reboots,
    crashes,
    slow_to_build,  ///< its create takes long enough that something can be done meanwhile
};

/// What a hypervisor under test comes with. The core may run on a thread of its own.
class Harness {
 public:
    virtual ~Harness() = default;

    /// To be used on the core.
    virtual Hypervisor& hypervisor() = 0;
    /// Runs a step on the core and returns after it.
    virtual void on_core(const std::function<void()>& step) = 0;
    /// Lets the core run until `happened` (asked on the core) says so; false if it does not within the bound.
    virtual bool wait(const std::function<bool()>& happened, Duration bound) = 0;

    /// A guest that can be created here, under a name that is nobody else's.
    virtual domain::Definition guest(domain::GuestType type, Habit habit) = 0;

    /// By then has happened whatever is going to happen.
    virtual Duration patience() const = 0;
    /// What has not happened by then is taken for not happening.
    virtual Duration a_while() const = 0;
};

/// One hypervisor to hold to the contract: the parameter of the suite.
struct Subject {
    std::string name;
    std::function<std::unique_ptr<Harness>()> make;
};

inline void PrintTo(const Subject& subject, std::ostream* out) {
    *out << subject.name;
}

}  // namespace virtlight::hypervisor::contract
