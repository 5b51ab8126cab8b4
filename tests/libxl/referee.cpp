// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libxl/referee.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <poll.h>

#include "xenlight/timeout_ledger.hpp"

namespace virtlight::fake {
namespace {

/// The moment in a registration of a timeout is rounded down to a microsecond, and both clocks are read one
/// after the other.
constexpr auto tolerance = milliseconds(1);

/// Broken rules that are remembered: a loop that spins breaks one a million times.
constexpr std::size_t most_faults = 100;

/// Whether some epoll instance of this process has the descriptor.
bool kernel_watches(int fd) {
    const auto wanted = fmt::format("tfd: {:8} ", fd);
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fdinfo")) {
        std::ifstream lines(entry.path());
        for (std::string line; std::getline(lines, line);)
            if (line.starts_with(wanted)) return true;
    }
    return false;
}

}  // namespace

Referee& Referee::get() {
    static Referee referee;
    return referee;
}

void Referee::begin() {
    const std::scoped_lock lock(mutex_);
    faults_.clear();
    deliveries_ = hurries_ = 0;
    refuse_ = false;
    gone_ = nullptr;
}

std::vector<std::string> Referee::faults() const {
    const std::scoped_lock lock(mutex_);
    return faults_;
}

void Referee::refuse_descriptors(bool refuse) {
    const std::scoped_lock lock(mutex_);
    refuse_ = refuse;
}

bool Referee::refuses_descriptors() const {
    const std::scoped_lock lock(mutex_);
    return refuse_;
}

void Referee::on_descriptor_gone(std::function<void(int)> step) {
    const std::scoped_lock lock(mutex_);
    gone_ = std::move(step);
}

std::size_t Referee::descriptors() const {
    const std::scoped_lock lock(mutex_);
    return descriptors_.size();
}

int Referee::youngest_descriptor() const {
    const std::scoped_lock lock(mutex_);
    return descriptors_.empty() ? -1 : descriptors_.back().fd;
}

bool Referee::has_shared_descriptor() const {
    const std::scoped_lock lock(mutex_);
    return std::ranges::any_of(descriptors_, [this](const Descriptor& each) {
        return std::ranges::count(descriptors_, each.fd, &Descriptor::fd) > 1;
    });
}

bool Referee::has_readable_descriptor() const {
    const std::scoped_lock lock(mutex_);
    return std::ranges::any_of(descriptors_, [](const Descriptor& each) {
        pollfd one{each.fd, POLLIN, 0};
        return ::poll(&one, 1, 0) == 1 && (one.revents & POLLIN) != 0;
    });
}

std::size_t Referee::timeouts() const {
    const std::scoped_lock lock(mutex_);
    return timeouts_.size();
}

std::size_t Referee::deliveries() const {
    const std::scoped_lock lock(mutex_);
    return deliveries_;
}

std::size_t Referee::hurries() const {
    const std::scoped_lock lock(mutex_);
    return hurries_;
}

void Referee::fault(std::string what) {
    if (faults_.size() < most_faults) faults_.push_back(std::move(what));
}

void Referee::fd_registered(const void* hub, int fd, const void* registration, const void* for_libxl) {
    const std::scoped_lock lock(mutex_);
    descriptors_.push_back({hub, fd, registration, for_libxl});
}

void Referee::fd_modified(const void* hub, int fd, const void* before, const void* now) {
    const std::scoped_lock lock(mutex_);
    for (auto& each : descriptors_)
        if (each.hub == hub && each.fd == fd && each.registration == before) each.registration = now;
}

void Referee::fd_deregistered(const void* hub, int fd, const void* registration) {
    std::function<void(int)> gone;
    {
        const std::scoped_lock lock(mutex_);
        const auto found = std::ranges::find_if(descriptors_, [&](const Descriptor& each) {
            return each.hub == hub && each.fd == fd && each.registration == registration;
        });
        if (found == descriptors_.end()) return fault("a descriptor is deregistered that is not registered");
        descriptors_.erase(found);
        const bool still_wanted = std::ranges::count(descriptors_, fd, &Descriptor::fd) > 0;
        if (!still_wanted && kernel_watches(fd))
            fault("the kernel still watches a descriptor that libxl has taken back");
        gone = gone_;
    }
    if (gone) gone(fd);
}

void Referee::timeout_registered(const void* hub, timeval at, const void* registration,
                                 const void* for_libxl) {
    const auto now =
        Clock::now();  // before the other one: a thread that is held up between them is not blamed
    timeval wall_now{};
    ::gettimeofday(&wall_now, nullptr);
    const auto due = xenlight::monotonic_due(at, wall_now, now);
    const std::scoped_lock lock(mutex_);
    timeouts_.push_back({hub, registration, for_libxl, at, due});
}

void Referee::timeout_hurried(const void* hub, const void* before, const void* now) {
    const std::scoped_lock lock(mutex_);
    ++hurries_;
    for (auto& each : timeouts_) {
        if (each.hub != hub || each.registration != before) continue;
        each.registration = now;
        each.hurried = true;
    }
}

void Referee::fd_occurred(int fd, const void* for_libxl, bool inside_hook) {
    const std::scoped_lock lock(mutex_);
    ++deliveries_;
    if (inside_hook) fault("libxl is told of a descriptor from inside a hook");
    const bool known = std::ranges::any_of(
        descriptors_, [&](const Descriptor& each) { return each.fd == fd && each.for_libxl == for_libxl; });
    if (!known) fault("libxl is told of a descriptor that it has taken back");
}

void Referee::timeout_occurred(const void* for_libxl, bool inside_hook) {
    const std::scoped_lock lock(mutex_);
    ++deliveries_;
    if (inside_hook) fault("libxl is told of a timeout from inside a hook");
    const auto found = std::ranges::find(timeouts_, for_libxl, &Timeout::for_libxl);
    if (found == timeouts_.end()) return fault("a timeout is delivered that is not owed");
    expect_due(*found);
    timeouts_.erase(found);
}

// What it delivers so it takes back, and is told of later.
void Referee::moment_told(const void* hub, timeval now, bool inside_hook) {
    const std::scoped_lock lock(mutex_);
    if (inside_hook) fault("libxl is told of a moment from inside a hook");
    for (const auto& each : timeouts_)
        if (each.hub == hub && !timercmp(&each.at, &now, >)) expect_due(each);
}

void Referee::expect_due(const Timeout& timeout) {
    const auto early = timeout.due - Clock::now();
    if (!timeout.hurried && early > tolerance)
        fault(fmt::format("a timeout is delivered {} ms early",
                          std::chrono::duration_cast<milliseconds>(early).count()));
}

}  // namespace virtlight::fake
