// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/temporary_folder.hpp"

namespace virtlight::simulation {

/// A folder whose changes are counted, can fail, and can stop for good: while a disk is there, the calls of
/// this process that change files in it come here first. There is one disk at a time.
class Disk {
 public:
    Disk();
    Disk(const Disk&) = delete;
    Disk& operator=(const Disk&) = delete;
    ~Disk();

    std::filesystem::path path() const { return folder_.path(); }
    /// Changes so far, those that failed among them.
    std::size_t changes() const { return changes_; }

    /// The nth change from now (1: the next) fails and has not happened.
    void fail_at(std::size_t nth) { fails_at_ = changes_ + nth; }
    /// The nth change from now, and whatever comes after it, does not reach the disk any more.
    void crash_at(std::size_t nth) { crashes_at_ = changes_ + nth; }
    bool crashed() const { return crashed_; }
    /// What failed, crashed or was to do so has passed.
    void repair();

    /// Are called when a file has got another name, or lost it.
    std::function<void(const std::filesystem::path& from, const std::filesystem::path& to)> renamed =
        [](const auto&, const auto&) {};
    std::function<void(const std::filesystem::path&)> removed = [](const auto&) {};

    /// For the calls: whose they are; and what to fail with (errno).
    static Disk* of(std::string_view path);
    static Disk* any();
    std::optional<int> refuses();

 private:
    test::TemporaryFolder folder_;
    std::string prefix_;
    std::size_t changes_ = 0;
    std::size_t fails_at_ = 0;
    std::size_t crashes_at_ = 0;
    bool crashed_ = false;
};

}  // namespace virtlight::simulation
