// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/statistics_params.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "domain/text.hpp"

namespace virtlight::libvirt {
namespace {

using domain::DiskName;
using hypervisor::DiskFigures;
using hypervisor::DomainFigures;
using manager::DomainInfo;

/// Parameters whose names begin alike: "vcpu.0."
class Params {
 public:
    Params(std::vector<TypedParam>& to, std::string prefix) : to_(to), prefix_(std::move(prefix)) {}

    template <class T>
    void add(std::string_view name, T value) {
        auto& param = to_.emplace_back();
        param.field.reserve(prefix_.size() + name.size());
        param.field.append(prefix_).append(name);
        if constexpr (std::is_same_v<T, std::string>)
            param.value = domain::as_utf8(value);  // what another tool calls a file may be anything
        else
            param.value = value;
    }
    Params at(std::size_t index) const { return of(std::to_string(index)); }
    Params of(std::string_view part) const { return {to_, std::string(prefix_).append(part).append(".")}; }

 private:
    std::vector<TypedParam>& to_;
    std::string prefix_;
};

std::uint64_t nanoseconds_of(nanoseconds time) {
    return static_cast<std::uint64_t>(time.count());
}

void add_state(Params params, const DomainInfo& info) {
    params.add("state", static_cast<std::int32_t>(info.status.state));
    params.add("reason", static_cast<std::int32_t>(info.status.reason));
}

void add_balloon(Params params, const DomainInfo& info, const DomainFigures* figures) {
    params.add("current", figures ? figures->seen.memory_kib : info.memory_kib);
    params.add("maximum", info.memory_max_kib);
}

void add_vcpus(Params params, const DomainInfo& info, const DomainFigures* figures) {
    params.add("current", std::uint32_t{info.vcpus});
    params.add("maximum", std::uint32_t{info.vcpus_max});
    if (!figures) return;
    for (std::size_t i = 0; i < figures->vcpus.size(); ++i) {
        const auto& vcpu = figures->vcpus[i];
        auto numbered = params.at(i);
        numbered.add("state", vcpu_state(vcpu));
        numbered.add("time", nanoseconds_of(vcpu.time));
        if (vcpu.online) numbered.add("halted", vcpu.blocked);
    }
}

void add_traffic(Params params, const hypervisor::Traffic& traffic) {
    params.add("bytes", traffic.bytes);
    params.add("pkts", traffic.packets);
    params.add("errs", traffic.errors);
    params.add("drop", traffic.dropped);
}

void add_nics(Params params, const DomainFigures& figures) {
    params.add("count", static_cast<std::uint32_t>(figures.nics.size()));
    for (std::size_t i = 0; i < figures.nics.size(); ++i) {
        auto numbered = params.at(i);
        numbered.add("name", figures.nics[i].name);
        add_traffic(numbered.of("rx"), figures.nics[i].received);
        add_traffic(numbered.of("tx"), figures.nics[i].sent);
    }
}

using Disks = std::span<const manager::DiskOfDomain>;

void add_counts(Params params, const DiskFigures& disk) {
    const auto add_time = [&](std::string_view name, std::optional<nanoseconds> time) {
        if (time) params.add(name, nanoseconds_of(*time));
    };
    params.add("rd.reqs", disk.read.requests);
    params.add("rd.bytes", disk.read.bytes);
    add_time("rd.times", disk.read.time);
    params.add("wr.reqs", disk.written.requests);
    params.add("wr.bytes", disk.written.bytes);
    add_time("wr.times", disk.written.time);
    params.add("fl.reqs", disk.flushes);
    add_time("fl.times", disk.flush_time);
}

/// The place among the domain's disks of the one that this was counted of; behind them all: it is none of
/// them. A device model knows an emulated drive by its place alone, and tells of xvda as hda.
std::size_t place_of(const DiskFigures& counted, Disks disks) {
    const auto place = [&](DiskName target) {
        const auto found = std::ranges::find(disks, target, &manager::DiskOfDomain::target);
        return static_cast<std::size_t>(found - disks.begin());
    };
    const auto exact = place(counted.target);
    const bool drive = counted.target.bus == domain::DiskBus::ide && counted.target.partition == 0;
    return exact == disks.size() && drive ? place({.index = counted.target.index}) : exact;
}

void add_disk(Params params, const manager::DiskOfDomain& disk, const DiskFigures* counted) {
    params.add("name", domain::to_string(disk.target));
    if (!disk.path.empty()) params.add("path", disk.path);
    if (counted) add_counts(params, *counted);
    if (!disk.size) return;
    params.add("allocation", disk.size->allocation);
    params.add("capacity", disk.size->capacity);
    params.add("physical", disk.size->physical);
}

/// Those of the definition in its order, counted or not: who serves one may not have answered. Behind them
/// what only Xen knows of, as another tool has attached it.
void add_disks(Params params, const DomainFigures* figures, Disks disks) {
    std::vector<const DiskFigures*> counts(disks.size());
    std::vector<const DiskFigures*> others;
    for (const auto& counted : figures ? std::span(figures->disks) : std::span<const DiskFigures>()) {
        const auto place = place_of(counted, disks);
        if (place < counts.size() && !counts[place])
            counts[place] = &counted;
        else
            others.push_back(&counted);
    }
    params.add("count", static_cast<std::uint32_t>(disks.size() + others.size()));
    for (std::size_t i = 0; i < disks.size(); ++i)
        add_disk(params.at(i), disks[i], counts[i]);
    for (std::size_t i = 0; i < others.size(); ++i)
        add_disk(params.at(disks.size() + i), {.target = others[i]->target}, others[i]);
}

}  // namespace

std::optional<hypervisor::FiguresWanted> figures_for(std::uint32_t groups) {
    if ((groups & ~stats::state) == 0) return std::nullopt;
    return hypervisor::FiguresWanted{.vcpus = (groups & stats::vcpu) != 0,
                                     .nics = (groups & stats::nic) != 0,
                                     .disks = (groups & stats::block) != 0};
}

std::vector<TypedParam> statistics_params(const DomainInfo& info, const DomainFigures* figures, Disks disks,
                                          std::uint32_t groups) {
    std::vector<TypedParam> all;
    constexpr std::size_t usual = 32;
    all.reserve(usual);
    const auto wants = [&](std::uint32_t group) { return (groups & group) != 0; };
    if (wants(stats::state)) add_state({all, "state."}, info);
    if (wants(stats::cpu) && figures) Params(all, "cpu.").add("time", nanoseconds_of(figures->seen.cpu_time));
    if (wants(stats::balloon)) add_balloon({all, "balloon."}, info, figures);
    if (wants(stats::vcpu)) add_vcpus({all, "vcpu."}, info, figures);
    if (wants(stats::nic) && figures) add_nics({all, "net."}, *figures);
    if (wants(stats::block)) add_disks({all, "block."}, figures, disks);
    return all;
}

std::int32_t vcpu_state(const hypervisor::VcpuFigures& vcpu) {
    constexpr std::int32_t offline = 0;
    constexpr std::int32_t running = 1;
    constexpr std::int32_t blocked = 2;
    if (!vcpu.online) return offline;
    return vcpu.blocked ? blocked : running;
}

}  // namespace virtlight::libvirt
