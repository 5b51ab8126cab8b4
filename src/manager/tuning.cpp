// SPDX-License-Identifier: LGPL-2.1-or-later
#include "manager/tuning.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "base/limits.hpp"
#include "domain/memory.hpp"
#include "domain/numa.hpp"
#include "manager/affects.hpp"
#include "manager/operations.hpp"

namespace virtlight::manager {

using async::Task;
using domain::Definition;
using hypervisor::DomId;
using hypervisor::Operation;

namespace {

/// As a definition counts, which can be written down in bytes.
Result<std::uint64_t> counted(std::uint64_t kib) {
    constexpr auto most = std::numeric_limits<std::uint64_t>::max() / 1024 - 1024;
    if (kib == 0) return fail(Reason::invalid_argument, "memory must not be zero");
    if (kib > most) return fail(Reason::invalid_argument, "{} KiB of memory are more than {}", kib, most);
    return domain::whole_mib(kib);
}

Result<> check_memory(const Definition& definition, std::uint64_t memory_kib) {
    if (memory_kib <= definition.memory_max_kib) return {};
    return fail(Reason::invalid_argument, "cannot set memory higher than max memory ({} KiB > {} KiB)",
                memory_kib, definition.memory_max_kib);
}

Result<> check_vcpus(const Definition& definition, unsigned vcpus, std::string_view which) {
    if (vcpus <= definition.vcpus_max) return {};
    return fail(Reason::invalid_argument,
                "requested vcpus is greater than max allowable vcpus for the {} domain: {} > {}", which,
                vcpus, definition.vcpus_max);
}

Result<> check_count(unsigned vcpus, domain::GuestType type) {
    if (vcpus >= 1 && vcpus <= most_vcpus(type)) return {};
    return fail(Reason::invalid_argument, "a domain of this type has 1 to {} vCPUs, not {}", most_vcpus(type),
                vcpus);
}

/// NUMA cells have all that their guest has, neither less nor more.
Result<> check_numa_after(const Domain& domain, Affects affects, const auto& change) {
    const auto check = [&](Definition after) {
        change(after);
        return domain::check_numa(after);
    };
    if (affects.guest)
        if (auto good = check(domain.life->definition); !good) return good;
    return affects.definition ? check(*domain.stored) : Result<>();
}

}  // namespace

Task<Result<>> Tuning::set_memory(DomainRef domain, std::uint64_t memory_kib, Affects asked,
                                  Operation operation) {
    const auto memory = counted(memory_kib);
    if (!memory) co_return std::unexpected(memory.error());
    const auto affects = settle(*domain, asked);
    if (!affects) co_return std::unexpected(affects.error());
    if (affects->guest)
        if (auto good = check_memory(domain->life->definition, *memory); !good) co_return good;
    if (affects->definition)
        if (auto good = check_memory(*domain->stored, *memory); !good) co_return good;
    const auto change = [kib = *memory](Definition& definition) { definition.memory_kib = kib; };
    if (auto good = check_numa_after(*domain, *affects, change); !good) co_return good;

    Act act = [this, kib = *memory, operation](DomId domid) {
        return core_.hypervisor.set_memory(domid, kib, operation);
    };
    co_return co_await carry_out(domain, *affects, change, std::move(act));
}

Task<Result<>> Tuning::set_memory_max(DomainRef domain, std::uint64_t memory_kib, Affects asked,
                                      Operation operation) {
    const auto memory = counted(memory_kib);
    if (!memory) co_return std::unexpected(memory.error());
    const auto affects = settle(*domain, asked);
    if (!affects) co_return std::unexpected(affects.error());
    if (affects->guest && *memory < domain->life->definition.memory_kib)
        co_return fail(Reason::invalid_argument, "the guest is to have {} KiB: the maximum cannot be {}",
                       domain->life->definition.memory_kib, *memory);
    const auto change = [kib = *memory](Definition& definition) {
        definition.memory_max_kib = kib;
        definition.memory_kib = std::min(definition.memory_kib, kib);
    };
    if (auto good = check_numa_after(*domain, *affects, change); !good) co_return good;

    Act act = [this, kib = *memory, operation](DomId domid) {
        return core_.hypervisor.set_memory_max(domid, kib, operation);
    };
    co_return co_await carry_out(domain, *affects, change, std::move(act));
}

Task<Result<>> Tuning::set_vcpus(DomainRef domain, unsigned vcpus, Affects asked, Operation operation) {
    const auto affects = settle(*domain, asked);
    if (!affects) co_return std::unexpected(affects.error());
    const auto type = (affects->guest ? domain->life->definition : *domain->stored).type;
    if (auto good = check_count(vcpus, type); !good) co_return good;
    if (affects->guest)
        if (auto good = check_vcpus(domain->life->definition, vcpus, "live"); !good) co_return good;
    if (affects->definition)
        if (auto good = check_vcpus(*domain->stored, vcpus, "persistent"); !good) co_return good;

    const auto change = [vcpus](Definition& definition) { definition.vcpus = vcpus; };
    Act act = [this, vcpus, operation](DomId domid) {
        return core_.hypervisor.set_vcpus(domid, vcpus, operation);
    };
    co_return co_await carry_out(domain, *affects, change, std::move(act));
}

Task<Result<>> Tuning::set_vcpus_max(DomainRef domain, unsigned vcpus, Affects asked) {
    const auto affects = settle(*domain, asked);
    if (!affects) co_return std::unexpected(affects.error());
    const auto type = (affects->guest ? domain->life->definition : *domain->stored).type;
    if (auto good = check_count(vcpus, type); !good) co_return good;
    if (affects->guest)
        co_return fail(Reason::invalid_state, "maximum vcpu count of a live domain can't be modified");
    const auto change = [vcpus](Definition& definition) {
        definition.vcpus_max = vcpus;
        definition.vcpus = std::min(definition.vcpus, vcpus);
        std::erase_if(definition.cpu_tuning.pins, [=](const auto& pin) { return pin.first >= vcpus; });
    };
    if (auto good = check_numa_after(*domain, *affects, change); !good) co_return good;
    co_return co_await carry_out(domain, *affects, change, {});
}

Task<Result<>> Tuning::carry_out(DomainRef domain, Affects affects, Change change, Act act) {
    std::optional<Definition> wanted;
    if (affects.definition) {
        wanted = *domain->stored;
        change(*wanted);
    }
    std::function<Task<Result<>>()> in_guest;
    if (affects.guest)
        in_guest = [this, domain, life = domain->life->id, change, act = std::move(act)] {
            return change_guest(domain, life, change, act);
        };
    co_return co_await change_both(core_, domain, std::move(wanted), std::move(in_guest));
}

/// It may have ended while the store was written. What cannot be noted of it is lost when the daemon ends:
/// Xen has been told.
Task<Result<>> Tuning::change_guest(DomainRef domain, hypervisor::LifeId life, Change change, Act act) {
    if (auto guest = require_guest(*domain); !guest) co_return guest;
    if (domain->life->id != life) co_return fail(Reason::invalid_state, "the guest has stopped meanwhile");
    auto done = co_await act(domain->life->domid);
    if (done && domain->life && domain->life->id == life) {
        change(domain->life->definition);
        co_await note_change(core_, domain, "what has changed");
    }
    co_return without_guest(std::move(done));
}

}  // namespace virtlight::manager
